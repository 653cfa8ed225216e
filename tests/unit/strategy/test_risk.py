"""Promises of the risk limits."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from powertraderd.model.decision import Action, CoinView, Decision, ReasonCode, TradingState
from powertraderd.model.money import Base, Price, Usd
from powertraderd.model.position import Trail
from powertraderd.model.rules import RiskLimits, StrategyRules
from powertraderd.strategy.risk import admit
from powertraderd.testing.coin_views import (
    ETH,
    NOW,
    a_books,
    a_position,
    a_quote,
    coin_view,
)

BUYS = {
    Action.ENTRY: Action.SKIP,
    Action.DCA: Action.DCA_SKIP,
    Action.MANUAL_BUY: Action.MANUAL_SKIP,
}
SELLS = {Action.TRAIL_SELL: Action.HOLD, Action.MANUAL_SELL: Action.MANUAL_SKIP}
TIGHT = RiskLimits(
    max_position_usd=Decimal("0.01"),
    max_position_pct=Decimal("0.01"),
    max_exposure_pct=Decimal("0.01"),
    max_open_positions=1,
    max_orders_per_hour=1,
    max_spread_pct=Decimal("0.0001"),
    max_close_distance_pct=Decimal("0.0001"),
    exit_cooldown_minutes=100_000,
)


def buy(action: Action = Action.ENTRY, size: str = "50") -> Decision:
    """A buy that the strategy wants."""
    return Decision(
        ETH, NOW, action, ReasonCode.LONG_SIGNAL, {"a": "1"}, quote_size=Usd(Decimal(size))
    )


def sell(action: Action) -> Decision:
    """A sell that the strategy wants."""
    return Decision(
        ETH,
        NOW,
        action,
        ReasonCode.TRAIL_CROSSED,
        base_size=Base(Decimal(2)),
        trail=Trail(armed=True),
    )


def limits(**values: Any) -> StrategyRules:  # noqa: ANN401 - any field
    """Rules without any limit but ``values``."""
    free: dict[str, Any] = dict.fromkeys(
        (
            "max_position_pct",
            "max_exposure_pct",
            "max_orders_per_hour",
            "max_spread_pct",
            "max_close_distance_pct",
        )
    )
    return StrategyRules(risk=RiskLimits(**{**free, **values}))


def assert_limit(
    code: ReasonCode, within: CoinView, beyond: CoinView, rules: StrategyRules
) -> None:
    """The limit itself is within; anything beyond refuses with ``code`` and the two numbers."""
    assert admit(buy(), within, rules) == buy()
    refused = admit(buy(), beyond, rules)
    assert (refused.action, refused.reason_code) == (Action.SKIP, code)
    assert refused.quote_size is None
    assert Decimal(refused.numbers["value"]) > Decimal(refused.numbers["limit"])
    assert refused.numbers["a"] == "1"


@pytest.mark.parametrize("action", [*BUYS, *SELLS])
def test_what_is_within_all_limits_passes_unchanged(action: Action) -> None:
    """The very same decision comes back."""
    decision = buy(action) if action in BUYS else sell(action)
    assert admit(decision, coin_view(), StrategyRules()) is decision


@pytest.mark.parametrize("action", [Action.HOLD, Action.SKIP, Action.DCA_SKIP, Action.MANUAL_SKIP])
def test_what_is_no_order_passes_even_when_halted(action: Action) -> None:
    """There is nothing to refuse, and the first reason stays."""
    decision = Decision(ETH, NOW, action, ReasonCode.WAITING)
    view = coin_view(trading=TradingState(halted=True), quote=None)
    assert admit(decision, view, StrategyRules()) is decision


@pytest.mark.parametrize("action", [*BUYS, *SELLS])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"trading": TradingState(halted=True)}, ReasonCode.HALTED),
        ({"quote": None}, ReasonCode.QUOTE_UNKNOWN),
        ({"quote": a_quote(at=NOW - timedelta(seconds=16))}, ReasonCode.QUOTE_STALE),
        ({"quote": a_quote("100", "99")}, ReasonCode.QUOTE_INVALID),
    ],
)
def test_a_halt_and_an_unusable_quote_stop_every_order(
    action: Action, changes: dict[str, Any], code: ReasonCode
) -> None:
    """Buys become skips; a sell becomes a position that is held, with its trail."""
    decision = buy(action) if action in BUYS else sell(action)
    refused = admit(decision, coin_view(**changes), StrategyRules())
    assert refused.action is {**BUYS, **SELLS}[action]
    assert refused.reason_code is code
    assert refused.quote_size is None
    assert refused.base_size is None
    assert refused.trail == decision.trail


@pytest.mark.parametrize("action", SELLS)
def test_no_limit_stands_against_a_sell(action: Action) -> None:
    """Selling makes every risk smaller, even when nothing is known but the quote."""
    view = coin_view(
        a_position(),
        quote=a_quote("100", "150"),
        account_value=None,
        exposure=None,
        last_close=None,
        orders_last_hour=999,
        last_exit_at=NOW,
        books=a_books(cash="0"),
    )
    assert admit(sell(action), view, StrategyRules(risk=TIGHT)) == sell(action)


def test_the_spread_is_measured_over_the_bid() -> None:
    """1 percent of 100 is 101."""
    assert_limit(
        ReasonCode.SPREAD_LIMIT,
        coin_view(quote=a_quote("100", "101")),
        coin_view(quote=a_quote("100", "101.01")),
        limits(max_spread_pct=Decimal(1)),
    )


@pytest.mark.parametrize(("within", "beyond"), [("120", "120.01"), ("80", "79.99")])
def test_an_ask_far_from_the_last_close_is_not_believed(within: str, beyond: str) -> None:
    """20 percent up or down."""
    assert_limit(
        ReasonCode.CLOSE_DISTANCE_LIMIT,
        coin_view(quote=a_quote(within)),
        coin_view(quote=a_quote(beyond)),
        limits(max_close_distance_pct=Decimal(20)),
    )


@pytest.mark.parametrize("close", [None, Price(Decimal(0)), Price(Decimal("NaN"))])
def test_without_a_last_close_the_price_cannot_be_checked(close: Price | None) -> None:
    """Unknown is not near."""
    view = coin_view(last_close=close)
    refused = admit(buy(), view, limits(max_close_distance_pct=Decimal(20)))
    assert refused.reason_code is ReasonCode.CLOSE_UNKNOWN
    assert admit(buy(), view, limits()) == buy()


def test_a_coin_is_not_entered_again_soon_after_an_exit() -> None:
    """The cooldown is over exactly when its minutes are."""
    rules = limits(exit_cooldown_minutes=30)
    view = coin_view(last_exit_at=NOW - timedelta(minutes=29))
    assert admit(buy(), view, rules).reason_code is ReasonCode.EXIT_COOLDOWN
    assert admit(buy(), coin_view(last_exit_at=NOW - timedelta(minutes=30)), rules) == buy()
    assert admit(buy(), coin_view(last_exit_at=None), rules) == buy()
    assert admit(buy(), coin_view(last_exit_at=NOW), limits()) == buy()
    for action in (Action.DCA, Action.MANUAL_BUY):
        assert admit(buy(action), view, rules) == buy(action)


def test_no_more_positions_are_opened_than_allowed() -> None:
    """An open position may still be averaged down."""
    rules = limits(max_open_positions=1)
    one = a_books(a_position(coin=ETH))
    refused = admit(buy(Action.MANUAL_BUY), coin_view(books=one), rules)
    assert_limit(ReasonCode.OPEN_POSITIONS_LIMIT, coin_view(), coin_view(books=one), rules)
    assert refused.action is Action.MANUAL_SKIP
    assert admit(buy(Action.DCA), coin_view(a_position()), rules) == buy(Action.DCA)


def test_orders_per_hour_are_bounded() -> None:
    """The order itself is counted: two allowed, one done, one more passes."""
    assert_limit(
        ReasonCode.ORDERS_PER_HOUR_LIMIT,
        coin_view(orders_last_hour=1),
        coin_view(orders_last_hour=2),
        limits(max_orders_per_hour=2),
    )


def test_a_position_is_bounded_in_dollars() -> None:
    """Two coins at the bid of 100 and an order of 50 are 250."""
    view = coin_view(a_position())
    assert admit(buy(), view, limits(max_position_usd=Decimal(250))) == buy()
    refused = admit(buy(), view, limits(max_position_usd=Decimal("249.99")))
    assert refused.reason_code is ReasonCode.POSITION_USD_LIMIT
    assert admit(buy(), coin_view(), limits(max_position_usd=Decimal(50))) == buy()


def test_a_position_is_bounded_in_percent_of_the_account() -> None:
    """250 dollars are 2.5 percent of 10,000."""
    assert_limit(
        ReasonCode.POSITION_PCT_LIMIT,
        coin_view(a_position()),
        coin_view(a_position(), account_value=Usd(Decimal(9_999))),
        limits(max_position_pct=Decimal("2.5")),
    )


def test_all_positions_are_bounded_in_percent_of_the_account() -> None:
    """9,450 invested and an order of 50 are 95 percent of 10,000."""
    assert_limit(
        ReasonCode.EXPOSURE_LIMIT,
        coin_view(exposure=Usd(Decimal(9_450))),
        coin_view(exposure=Usd(Decimal("9450.01"))),
        limits(max_exposure_pct=Decimal(95)),
    )


@pytest.mark.parametrize(
    ("changes", "rules", "code"),
    [
        ({"account_value": None}, limits(max_position_pct=1), ReasonCode.ACCOUNT_UNKNOWN),
        ({"account_value": None}, limits(max_exposure_pct=1), ReasonCode.ACCOUNT_UNKNOWN),
        ({"exposure": None}, limits(max_exposure_pct=1), ReasonCode.EXPOSURE_UNKNOWN),
    ],
)
def test_a_share_of_the_unknown_is_unknown(
    changes: dict[str, Any], rules: StrategyRules, code: ReasonCode
) -> None:
    """A limit that cannot be checked refuses; without the limit the figure is not needed."""
    view = coin_view(**changes)
    assert admit(buy(), view, rules).reason_code is code
    assert admit(buy(), view, limits()) == buy()


def test_cash_must_cover_the_order() -> None:
    """Fees are inside the order's size, so the last dollar may be spent."""
    assert_limit(
        ReasonCode.CASH_SHORT,
        coin_view(books=a_books(cash="50")),
        coin_view(books=a_books(cash="49.99")),
        limits(),
    )


def test_the_first_limit_names_the_reason() -> None:
    """Market, pace, position, exposure, cash: in the documented order."""
    stages: list[tuple[ReasonCode, dict[str, Any]]] = [
        (ReasonCode.HALTED, {}),
        (ReasonCode.QUOTE_UNKNOWN, {"trading": TradingState()}),
        (ReasonCode.SPREAD_LIMIT, {"quote": a_quote("90", "120")}),
        (ReasonCode.CLOSE_UNKNOWN, {"quote": a_quote("120")}),
        (ReasonCode.CLOSE_DISTANCE_LIMIT, {"last_close": Price(Decimal(100))}),
        (ReasonCode.EXIT_COOLDOWN, {"last_close": Price(Decimal(120))}),
        (ReasonCode.OPEN_POSITIONS_LIMIT, {"last_exit_at": None}),
        (ReasonCode.ORDERS_PER_HOUR_LIMIT, {"books": a_books(cash="0")}),
    ]
    view = coin_view(
        trading=TradingState(halted=True),
        quote=None,
        last_close=None,
        last_exit_at=NOW,
        books=a_books(a_position(coin=ETH), cash="0"),
        orders_last_hour=5,
    )
    for code, mended in stages:
        view = replace(view, **mended)
        assert admit(buy(), view, StrategyRules(risk=TIGHT)).reason_code is code
    view = replace(view, orders_last_hour=0)
    loosened = TIGHT
    for code, name in [
        (ReasonCode.POSITION_USD_LIMIT, "max_position_usd"),
        (ReasonCode.POSITION_PCT_LIMIT, "max_position_pct"),
        (ReasonCode.EXPOSURE_LIMIT, "max_exposure_pct"),
    ]:
        assert admit(buy(), view, StrategyRules(risk=loosened)).reason_code is code
        loosened = loosened.model_copy(update={name: None})
    assert admit(buy(), view, StrategyRules(risk=loosened)).reason_code is ReasonCode.CASH_SHORT
