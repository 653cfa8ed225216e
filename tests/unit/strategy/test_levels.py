"""Levels: outside the predictions, apart from each other."""

import math

import pytest

from powertraderd.model.candle import EPOCH, Timeframe
from powertraderd.model.prediction import Prediction
from powertraderd.strategy.levels import levels

HOUR_1, HOUR_2, HOUR_4 = list(Timeframe)[:3]


def prediction(timeframe: Timeframe, low: float | None, high: float | None) -> Prediction:
    """A prediction; its age does not matter here."""
    return Prediction(timeframe, EPOCH, high=high, low=low)


def test_levels_stand_outside_the_predictions_by_the_bound_distance() -> None:
    """Half a percent below the low and above the high."""
    made = levels([prediction(HOUR_1, 100.0, 200.0)], 0.5)
    assert made.low == {HOUR_1: pytest.approx(99.5)}
    assert made.high == {HOUR_1: pytest.approx(201.0)}


def test_levels_that_are_apart_stay_where_they_are() -> None:
    """Nothing is moved without need."""
    made = levels([prediction(HOUR_1, 80.0, 110.0), prediction(HOUR_2, 90.0, 120.0)], 0.0)
    assert made.low == {HOUR_1: 80.0, HOUR_2: 90.0}
    assert made.high == {HOUR_1: 110.0, HOUR_2: 120.0}


def test_the_level_further_from_the_market_gives_way() -> None:
    """By steps of 0.05 % of itself, until a quarter of a percent is between them."""
    made = levels([prediction(HOUR_1, 99.88, 110.132), prediction(HOUR_2, 100.0, 110.0)], 0.0)
    assert made.low == {HOUR_1: pytest.approx(99.88 * 0.9995**3), HOUR_2: 100.0}
    assert made.high == {HOUR_1: pytest.approx(110.132 * 1.0005**3), HOUR_2: 110.0}


def test_the_second_pair_keeps_twice_the_distance() -> None:
    """And it is measured from where the middle one went, which may have passed the third."""
    given = [prediction(timeframe, 100.0, 110.0) for timeframe in (HOUR_1, HOUR_2, HOUR_4)]
    lows = levels(given, 0.0).low
    assert lows[HOUR_1] == 100.0
    assert lows[HOUR_2] == pytest.approx(100.0 * 0.9995**5)
    assert 200 * (lows[HOUR_2] - lows[HOUR_4]) / (lows[HOUR_2] + lows[HOUR_4]) >= 0.5


def test_inactive_timeframes_have_no_level_and_shift_no_other() -> None:
    """Each level keeps its timeframe (the original mixed them up)."""
    made = levels(
        [
            prediction(HOUR_1, None, None),
            prediction(HOUR_2, 90.0, 120.0),
            prediction(HOUR_4, 80.0, 130.0),
        ],
        0.0,
    )
    assert made.low == {HOUR_2: 90.0, HOUR_4: 80.0}
    assert made.high == {HOUR_2: 120.0, HOUR_4: 130.0}


@pytest.mark.parametrize("nonsense", [0.0, -5.0, math.nan, math.inf, 1e-320])
def test_a_prediction_that_is_no_price_makes_no_level(nonsense: float) -> None:
    """After a fall of more than half, low moves times weight can go below zero."""
    for low, high in ((nonsense, 100.0), (100.0, nonsense)):
        made = levels([prediction(HOUR_1, low, high), prediction(HOUR_2, 90.0, 120.0)], 0.5)
        assert set(made.low) == set(made.high) == {HOUR_2}
