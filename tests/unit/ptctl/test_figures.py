"""Figures as people read them."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from powertraderd.ptctl import figures


@pytest.mark.parametrize(
    "show",
    [
        figures.money,
        figures.price,
        figures.quantity,
        figures.short_quantity,
        figures.percent,
        figures.count,
        figures.duration,
    ],
)
@pytest.mark.parametrize("unknown", [None, "", "soon", "NaN", "Infinity", True, {}, []])
def test_what_is_unknown_is_a_dash_and_never_zero(
    show: Callable[[object], str], unknown: object
) -> None:
    """None, words and not-a-number are all unknown."""
    assert show(unknown) == "-"


@pytest.mark.parametrize("show", [figures.moment, figures.day])
def test_an_unknown_time_is_a_dash(show: Callable[[object], str]) -> None:
    """And a time that cannot be read is shown as it came."""
    assert show(None) == "-"
    assert show("yesterday") == "yesterday"


def test_zero_is_zero() -> None:
    """A known zero is shown."""
    assert figures.money("0") == "0.00"
    assert figures.quantity("0") == "0"
    assert figures.price(0) == "0.00"
    assert figures.count(0) == "0"
    assert figures.text(0) == "0"


def test_money_has_two_decimals_and_thousands() -> None:
    """Signed only where a gain is meant."""
    assert figures.money("1234567.895") == "1,234,567.90"
    assert figures.money("12.5", signed=True) == "+12.50"
    assert figures.money(Decimal("-12.5")) == "-12.50"


def test_what_rounds_to_nothing_has_no_minus() -> None:
    """-0.00% looks like a loss."""
    assert figures.money("-0.004") == "0.00"
    assert figures.money("-0.004", signed=True) == "+0.00"
    assert figures.percent("-0.004") == "+0.00%"
    assert figures.percent("-0.005001") == "-0.01%"


@pytest.mark.parametrize(
    ("price", "shown"),
    [
        ("62011.234", "62,011.23"),
        ("999.12345", "999.12"),
        ("1.23456", "1.235"),
        ("0.51234", "0.5123"),
        ("0.000012344", "0.00001234"),
        ("0.0812", "0.08120"),
    ],
)
def test_a_price_has_the_decimals_that_its_size_deserves(price: str, shown: str) -> None:
    """Four significant digits for the small ones."""
    assert figures.price(price) == shown


def test_quantities_lose_only_trailing_zeros() -> None:
    """Up to the eight decimals of a satoshi."""
    assert figures.quantity("0.03210000") == "0.0321"
    assert figures.quantity("1200") == "1,200"
    assert figures.quantity("1234567.12345678") == "1,234,567.12345678"
    assert figures.short_quantity("1234567.6") == "1,234,568"
    assert figures.short_quantity("0.00012345678") == "0.00012346"
    assert figures.short_quantity("100") == "100"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (59, "59 s"),
        (200, "3 m 20 s"),
        (7500, "2 h 05 m"),
        (360_000, "4 d 4 h"),
        (-3, "-3.0 s"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, shown: str) -> None:
    """From tenths of a second to days."""
    assert figures.duration(seconds) == shown


def test_times_are_shown_in_utc() -> None:
    """Whatever zone they came in."""
    assert figures.moment("2024-03-01T14:00:05+02:00") == "2024-03-01 12:00:05"
    assert figures.moment("2024-03-01T14:00:05+02:00", year=False) == "03-01 12:00"
    assert figures.day("2024-03-01T23:30:00-02:00") == "2024-03-02"


def test_a_missing_step_on_the_way_to_a_value_is_unknown() -> None:
    """No KeyError for an answer that says less than usual."""
    assert figures.pick({"a": {"b": 1}}, "a", "b") == 1
    assert figures.pick({"a": None}, "a", "b") is None
    assert figures.pick(None, "a") is None


def test_words_are_one_line() -> None:
    """A line break inside a reason must not break a table."""
    assert figures.text("first\nsecond\tthird") == "first second third"
