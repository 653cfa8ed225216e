"""Promises of positions and orders as values."""

from decimal import Decimal

from powertraderd.model.money import Price, Usd
from powertraderd.model.order import OrderState
from powertraderd.testing.coin_views import a_position


def test_the_average_cost_is_without_fees() -> None:
    """200 dollars for 2 coins, whatever the fees were."""
    assert a_position().average_cost == 100


def test_the_gain_is_in_percent_of_the_cost() -> None:
    """Fees are left out; what cost nothing has no percentage."""
    assert a_position().pnl_pct(Price(Decimal("97.5"))) == Decimal("-2.5")
    assert a_position(cost=Usd(Decimal(0))).pnl_pct(Price(Decimal(1))) is None


def test_five_states_of_an_order_are_final() -> None:
    """Nothing more can happen to them."""
    assert [state.value for state in OrderState if state.final] == [
        "FILLED",
        "CANCELLED",
        "EXPIRED",
        "REJECTED",
        "NOT_PLACED",
    ]
