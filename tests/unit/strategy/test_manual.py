"""Promises of the manual commands."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from powertraderd.model.decision import Action, ReasonCode, TradingState
from powertraderd.model.money import Base, Usd
from powertraderd.model.rules import DcaRules, StrategyRules
from powertraderd.strategy.decide import manual_buy, manual_sell
from powertraderd.testing.coin_views import (
    NOW,
    a_position,
    a_product,
    a_quote,
    coin_view,
)

RULES = StrategyRules()
FIVE = Usd(Decimal(5))
ONE = Base(Decimal(1))
INDIFFERENT: list[dict[str, Any]] = [
    {"trading": TradingState(paused=True)},
    {"trading": TradingState(safe_mode=True)},
    {"trading": TradingState(differences=("BTC",))},
    {"signal": None},
    {"fee_rate": None},
    {"account_value": None},
]
FORBIDDING: list[tuple[ReasonCode, dict[str, Any]]] = [
    (ReasonCode.HALTED, {"trading": TradingState(halted=True)}),
    (ReasonCode.ORDER_IN_FLIGHT, {"order_in_flight": True}),
    (ReasonCode.QUOTE_UNKNOWN, {"quote": None}),
    (ReasonCode.QUOTE_STALE, {"quote": a_quote(at=NOW - timedelta(seconds=16))}),
    (ReasonCode.QUOTE_INVALID, {"quote": a_quote("100", "99")}),
    (ReasonCode.PRODUCT_UNKNOWN, {"product": None}),
    (ReasonCode.PRODUCT_CLOSED, {"product": a_product(closed_because="cancel_only")}),
]


@pytest.mark.parametrize("changes", INDIFFERENT)
def test_the_strategy_does_not_stand_in_a_persons_way(changes: dict[str, Any]) -> None:
    """Pauses, signals and the figures of the strategy do not count."""
    rules = StrategyRules(dca=DcaRules(max_per_24h=0))
    bought = manual_buy(coin_view(a_position(), **changes), rules, FIVE)
    sold = manual_sell(coin_view(a_position(), **changes), rules, ONE)
    assert (bought.action, bought.quote_size) == (Action.MANUAL_BUY, FIVE)
    assert (sold.action, sold.base_size) == (Action.MANUAL_SELL, ONE)
    assert bought.reason_code is sold.reason_code is ReasonCode.MANUAL_COMMAND


@pytest.mark.parametrize(("code", "changes"), FORBIDDING)
def test_facts_stand_in_everyones_way(code: ReasonCode, changes: dict[str, Any]) -> None:
    """Halted, busy, an unusable quote, a closed product: refused with the reason."""
    view = coin_view(a_position(), **changes)
    for decision in (manual_buy(view, RULES, FIVE), manual_sell(view, RULES, ONE)):
        assert (decision.action, decision.reason_code) == (Action.MANUAL_SKIP, code)
        assert decision.quote_size is None
        assert decision.base_size is None


def test_a_buy_without_a_position_is_possible() -> None:
    """A person may open a position; there is no DCA line to show yet."""
    decision = manual_buy(coin_view(), RULES, FIVE)
    assert decision.action is Action.MANUAL_BUY
    assert decision.next_dca_price is None


def test_a_manual_decision_shows_the_next_dca_and_leaves_the_trail_alone() -> None:
    """It is no tick of the strategy."""
    decision = manual_buy(coin_view(a_position()), RULES, FIVE)
    assert (decision.next_dca_price, decision.trail) == (Decimal("97.5"), None)


def test_a_buy_is_rounded_down_to_the_quote_increment() -> None:
    """Never a cent more than was asked for."""
    assert manual_buy(coin_view(), RULES, Usd(Decimal("5.019"))).quote_size == Decimal("5.01")


@pytest.mark.parametrize("size", ["0", "-5", "NaN", "Infinity", "-Infinity"])
def test_a_size_that_is_no_positive_number_is_refused(size: str) -> None:
    """Whatever came over the socket, it is answered and nothing breaks."""
    view = coin_view(a_position())
    assert manual_buy(view, RULES, Usd(Decimal(size))).reason_code is ReasonCode.SIZE_INVALID
    assert manual_sell(view, RULES, Base(Decimal(size))).reason_code is ReasonCode.SIZE_INVALID


@pytest.mark.parametrize(("asked", "minimum"), [("0.99", "1"), ("0.009", "0")])
def test_a_buy_below_the_minimum_is_refused_and_not_raised(asked: str, minimum: str) -> None:
    """The person asked for a sum, not for more."""
    view = coin_view(product=a_product(quote_min_size=Decimal(minimum)))
    decision = manual_buy(view, RULES, Usd(Decimal(asked)))
    assert decision.reason_code is ReasonCode.BELOW_MINIMUM
    assert decision.numbers["limit"] == minimum


def test_sizes_above_the_products_maximum_are_refused() -> None:
    """Nothing is cut silently."""
    product = a_product(quote_max_size=Decimal(4), base_max_size=Decimal("0.5"))
    view = coin_view(a_position(), product=product)
    assert manual_buy(view, RULES, FIVE).reason_code is ReasonCode.ABOVE_MAXIMUM
    assert manual_sell(view, RULES, ONE).reason_code is ReasonCode.ABOVE_MAXIMUM
    assert manual_sell(view, RULES, Base(Decimal("0.5"))).action is Action.MANUAL_SELL


def test_only_what_was_bought_can_be_sold() -> None:
    """No position, or less than asked for: refused."""
    for size in (ONE, Base(Decimal(0))):  # nothing is all of nothing
        assert manual_sell(coin_view(), RULES, size).reason_code is ReasonCode.NO_POSITION
    more = manual_sell(coin_view(a_position()), RULES, Base(Decimal("2.00000001")))
    assert more.reason_code is ReasonCode.MORE_THAN_HELD
    assert more.numbers["quantity"] == "2"
    whole = manual_sell(coin_view(a_position()), RULES, Base(Decimal(2)))
    assert whole.base_size == Decimal(2)


@pytest.mark.parametrize("size", ["0.00009", "0.000000001"])
def test_a_sell_too_small_for_the_product_is_dust(size: str) -> None:
    """Below the minimum, or below one increment."""
    decision = manual_sell(coin_view(a_position()), RULES, Base(Decimal(size)))
    assert decision.reason_code is ReasonCode.DUST
