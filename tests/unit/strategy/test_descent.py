"""Promises of the look down the ladder."""

from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import Any

import pytest

from powertraderd.model.candle import Coin
from powertraderd.model.decision import Action, CoinView, ReasonCode
from powertraderd.model.money import Base, Price, Usd
from powertraderd.model.quote import Quote
from powertraderd.model.rules import DcaRules, EntryRules, RiskLimits, StrategyRules
from powertraderd.strategy import descent
from powertraderd.strategy import worst_case as settings_case
from powertraderd.strategy.decide import decide
from powertraderd.strategy.descent import descend, worst_case
from powertraderd.strategy.risk import admit
from powertraderd.strategy.trailing import break_even
from powertraderd.testing.coin_views import (
    BTC,
    ETH,
    NOW,
    a_books,
    a_position,
    a_product,
    a_quote,
    coin_view,
)

FREE = StrategyRules(
    risk=RiskLimits(max_position_pct=None, max_exposure_pct=None, max_drawdown_pct=None)
)
NO_FEE: dict[str, Any] = {"fee_rate": Decimal(0)}


def rules(**risk: object) -> StrategyRules:
    """No limit but these."""
    limits = {"max_position_pct": None, "max_exposure_pct": None, **risk}
    return StrategyRules(risk=RiskLimits.model_validate(limits))


def test_without_fees_each_rung_multiplies_what_was_spent() -> None:
    """50 dollars at 100; at 97.5 the position is worth 48.75, twice that is bought."""
    first, second, third, *_ = descend([coin_view(**NO_FEE)], FREE)
    assert [first.stage, first.price, first.size, first.spent] == [0, 100, 50, 50]
    assert (second.stage, second.price) == (1, Decimal("97.5"))
    assert (second.size, second.spent) == (Decimal("97.5"), Decimal("147.5"))
    assert second.cash == Decimal("9852.5")
    assert third.price == pytest.approx(Decimal("93.4166"), abs=Decimal("0.001"))


def test_the_ladder_ends_with_its_levels_or_with_the_cash() -> None:
    """Seven levels are seven buys after the entry; 10,000 dollars pay for five."""
    cheap = FREE.model_copy(
        update={"entry": EntryRules(min_long_level=3, allocation_pct=Decimal("0.01"))}
    )
    assert [rung.stage for rung in descend([coin_view()], cheap)] == list(range(8))
    *paid, last = descend([coin_view()], FREE)
    assert [rung.stopped_by for rung in paid] == [None] * 6
    assert (last.stage, last.stopped_by) == (6, ReasonCode.CASH_SHORT)
    assert last.cash == paid[-1].cash
    assert last.size > last.cash


def test_the_limit_that_stops_the_ladder_is_named_with_its_figure() -> None:
    """At the second averaging down the position would be worth 409.65."""
    *_, last = descend([coin_view()], rules(max_position_usd=Decimal(400)))
    assert (last.stage, last.stopped_by, last.limit) == (2, ReasonCode.POSITION_USD_LIMIT, "400")
    assert last.spent == Decimal("146.91")


def test_an_open_position_goes_on_from_where_it_stands() -> None:
    """Two coins for 200: stage 1 means that the next line is 5 percent below average cost."""
    position = a_position(stage=1)
    (first, *_) = descend([coin_view(position)], FREE)
    assert (first.stage, first.price) == (2, Decimal(95))
    assert first.size == Decimal(380)


def test_a_price_that_is_below_the_line_already_buys_there() -> None:
    """Nobody waits for a line that was crossed."""
    view = coin_view(a_position(), quote=a_quote("60"))
    (first, *_) = descend([view], FREE)
    assert first.price == Decimal(60)


def test_every_rung_is_what_the_trader_would_do_at_its_price() -> None:
    """The same decision and the same refusal, from the same functions."""
    limits = rules(max_position_pct=Decimal(20))
    view = coin_view()
    for rung in descend([view], limits)[1:]:
        spread = replace(view, position=_position_before(rung.stage, limits))
        at = _at(spread, rung.price)
        decision = admit(decide(at, limits), at, limits)
        if rung.stopped_by is None:
            assert decision.action is Action.DCA
            assert decision.quote_size == pytest.approx(rung.size, abs=Decimal("0.01"))
        else:
            assert (decision.action, decision.reason_code) == (Action.DCA_SKIP, rung.stopped_by)


def _position_before(stage: int, limits: StrategyRules) -> Any:  # noqa: ANN401 - a Position
    """The position that the rungs before ``stage`` left, from their own figures."""
    quantity = cost = fees = Decimal(0)
    for rung in descend([coin_view()], limits)[:stage]:
        value = rung.size / Decimal("1.006")
        quantity += value / rung.price
        cost += value
        fees += rung.size - value
    return a_position(
        quantity=Base(quantity), cost=Usd(cost), fees=Usd(fees), stage=stage - 1, dca_bought_at=()
    )


def _at(view: CoinView, price: Price) -> CoinView:
    """The market a hair below the rung."""
    position = view.position
    assert position is not None
    bid = Price(price.quantize(Decimal("1e-9"), rounding=ROUND_DOWN))
    cash = Usd(Decimal(10_000) - position.cost - position.fees)
    worth = Usd(position.quantity * bid)
    return replace(
        view,
        quote=Quote(BTC, bid, bid, NOW),
        books=a_books(position, cash=str(cash)),
        last_close=bid,
        exposure=worth,
        account_value=Usd(cash + worth),
        signal=None,
    )


def test_break_even_is_that_of_the_position_after_the_rung() -> None:
    """With the fees of all buys and of the sale."""
    first, *_ = descend([coin_view()], FREE)
    value = Decimal(50) / Decimal("1.006")
    position = a_position(
        quantity=Base(value / 100), cost=Usd(value), fees=Usd(Decimal(50) - value)
    )
    assert first.break_even == pytest.approx(break_even(position, Decimal("0.006")))


def test_falling_together_the_coins_share_the_cash() -> None:
    """Stage by stage: nobody takes all of it before the others had their turn."""
    rungs = descend([coin_view(), coin_view(coin=ETH)], FREE)
    assert [(rung.coin, rung.stage) for rung in rungs[:4]] == [
        (BTC, 0),
        (ETH, 0),
        (BTC, 1),
        (ETH, 1),
    ]
    alone = descend([coin_view()], FREE)
    assert max(rung.stage for rung in rungs) <= max(rung.stage for rung in alone)
    placed = sum(rung.size for rung in rungs if rung.stopped_by is None)
    assert rungs[-1].cash == 10_000 - placed


def test_a_coin_without_a_quote_or_with_a_closed_product_has_no_ladder() -> None:
    """Unknown is left out; closed says so."""
    assert descend([coin_view(quote=None)], FREE) == ()
    assert descend([coin_view(fee_rate=None)], FREE) == ()
    closed = coin_view(product=a_product(closed_because="cancel_only"))
    (rung,) = descend([closed], FREE)
    assert [rung.stopped_by, rung.size] == [ReasonCode.PRODUCT_CLOSED, 0]


def test_the_worst_case_sets_what_is_asked_for_beside_what_is_let_through() -> None:
    """Without limits and cash the ladder goes to its end; the account's value sizes the entry."""
    found = worst_case([coin_view(**NO_FEE)], rules(max_position_usd=Decimal(400)))
    assert found.placed == Decimal("147.5")
    assert found.needed == sum(
        rung.size
        for rung in descend(
            [coin_view(books=a_books(cash="1000000"), **NO_FEE)],
            StrategyRules(
                entry=FREE.entry.model_copy(update={"allocation_pct": Decimal("0.005")}),
                risk=FREE.risk,
            ),
        )
    )


def test_a_coin_s_own_rules_shape_its_ladder() -> None:
    """Two levels only: two buys after the entry."""
    own = StrategyRules(
        dca=DcaRules(drawdown_levels_pct=(Decimal(-10), Decimal(-20))), risk=FREE.risk
    )
    mixed = FREE.model_copy(update={"coins": {BTC: own}})
    rungs = descend([coin_view(), coin_view(coin=ETH)], mixed)
    assert [rung.stage for rung in rungs if rung.coin == BTC] == [0, 1, 2]
    assert worst_case([coin_view()], mixed).needed < worst_case([coin_view()], FREE).needed


def test_the_worst_case_of_settings_is_a_share_of_any_account() -> None:
    """The default ladder asks for more than six accounts; the limits stop it at three fifths."""
    coins = (Coin("BTC"), Coin("ETH"))
    found = settings_case.of_settings(StrategyRules(), coins)
    assert settings_case.words(found.needed, found.placed) == (
        "if all coins fall to the end of their ladders, these ask for 641.3 % of the account; "
        "the limits let 61.3 % through"
    )
    same = (found.needed, found.placed)
    assert settings_case.raised(same, same) == ""
    assert settings_case.raised((Usd(Decimal(1)), found.placed), same).startswith("the ladders ask")


def test_a_ladder_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many rungs, whatever could still be paid."""
    monkeypatch.setattr(descent, "MOST_RUNGS", 2)
    assert len(descend([coin_view()], FREE)) == 2
