"""The guess that a learner must beat, and how far off a forecast was."""

from datetime import UTC, datetime, timedelta

import pytest

from powertraderd.model.candle import Candle
from powertraderd.strategy.skill import GUESS_SPAN, error_pct, moves_after, volatility_guess

START = datetime(2024, 1, 1, tzinfo=UTC)


def candles(*ranges: float) -> list[Candle]:
    """Candles around 100 that go so many percent up and down from the close before."""
    return [
        Candle(START + number * timedelta(hours=1), 100.0, 100.0 + each, 100.0 - each, 100.0, 1.0)
        for number, each in enumerate(ranges)
    ]


def test_moves_are_percent_of_the_close_before() -> None:
    """Up and down."""
    assert moves_after(50.0, candles(4.0)[0]) == pytest.approx((108.0, 92.0))


def test_the_guess_is_the_mean_of_the_last_twenty() -> None:
    """Older candles are forgotten."""
    old, new = [50.0] * 10, [2.0, 4.0] * (GUESS_SPAN // 2)
    assert volatility_guess(candles(*old, *new)) == pytest.approx((3.0, -3.0))


def test_one_candle_makes_no_guess() -> None:
    """A move needs the close before it."""
    assert volatility_guess(candles(1.0)) is None
    assert volatility_guess([]) is None
    assert volatility_guess(candles(9.0, 1.0)) == pytest.approx((1.0, -1.0))


def test_the_error_counts_both_sides_alike() -> None:
    """Mean of the absolute errors."""
    assert error_pct((1.0, -1.0), (2.0, -4.0)) == 2.0
