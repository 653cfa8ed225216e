"""Bid and ask around a middle price."""

from decimal import Decimal

import pytest

from powertraderd.adapters.spread import price_step, quote_around
from powertraderd.testing.examples import BTC, NOW


@pytest.mark.parametrize(
    ("price", "step"),
    [
        ("60000", "0.01"),
        ("100", "0.01"),
        ("99.9", "0.001"),
        ("1", "0.0001"),
        ("0.6", "0.00001"),
        ("0.1", "0.00001"),
        ("0.0999", "0.000001"),
        ("0.00002", "0.000000001"),
    ],
)
def test_a_price_has_at_least_five_digits(price: str, step: str) -> None:
    """A cent at most."""
    assert price_step(Decimal(price)) == Decimal(step)


def test_half_of_the_spread_lies_on_each_side() -> None:
    """The bid is rounded down, the ask up, so the spread is never less than was set."""
    quote = quote_around(BTC, 60_000.005, Decimal("0.1"), NOW)
    assert (quote.bid, quote.ask) == (Decimal("59970.00"), Decimal("60030.01"))
    assert (quote.coin, quote.at) == (BTC, NOW)


def test_without_a_spread_a_price_on_its_step_has_equal_sides() -> None:
    """Off its step they are one step apart."""
    even, odd = (quote_around(BTC, price, Decimal(0), NOW) for price in (60_000.01, 60_000.015))
    assert even.bid == even.ask == Decimal("60000.01")
    assert (odd.bid, odd.ask) == (Decimal("60000.01"), Decimal("60000.02"))
