"""Promises of money."""

from decimal import Decimal

import numpy as np
import pytest

from powertraderd.model.money import ceil_to, floor_to, plain, price_from_float, ratio


@pytest.mark.parametrize(
    ("value", "increment", "floor", "ceil"),
    [
        ("1.239", "0.01", "1.23", "1.24"),
        ("1.23", "0.01", "1.23", "1.23"),
        ("0.004", "0.01", "0", "0.01"),
        ("0", "0.01", "0", "0"),
        ("7.4", "2.5", "5", "7.5"),
        ("0.1234567890123456", "0.00000001", "0.12345678", "0.12345679"),
    ],
)
def test_sizes_are_whole_multiples_of_the_increment(
    value: str, increment: str, floor: str, ceil: str
) -> None:
    """Down for sells and buys, up for minimums; what is whole stays."""
    assert floor_to(Decimal(value), Decimal(increment)) == Decimal(floor)
    assert ceil_to(Decimal(value), Decimal(increment)) == Decimal(ceil)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1e-5", "0.00001"),
        ("1E+3", "1000"),
        ("1.500", "1.5"),
        ("100", "100"),
        ("-0.00", "0"),
        ("0E-8", "0"),
    ],
)
def test_text_has_no_exponent_and_no_trailing_zeros(value: str, text: str) -> None:
    """An exchange refuses 1e-05, and nobody wants to read -0."""
    assert plain(Decimal(value)) == text


def test_a_float_becomes_the_shortest_decimal_that_means_it() -> None:
    """0.1 is 0.1 and not 0.1000000000000000055; numpy's scalars are floats too."""
    assert price_from_float(0.1) == Decimal("0.1")
    assert price_from_float(np.float64(0.1)) == Decimal("0.1")


def test_a_ratio_has_28_digits() -> None:
    """Whatever precision the caller works with."""
    assert ratio(Decimal(1), Decimal(3)) == Decimal("0.3333333333333333333333333333")
