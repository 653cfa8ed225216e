"""Forecasts scored by the candle that they were made for."""

from datetime import UTC, datetime

import pytest

from powertraderd.model.candle import Candle, Timeframe
from powertraderd.model.prediction import Prediction
from powertraderd.workers.forecast_scores import ForecastScores

HOUR = Timeframe.HOUR_1
START = datetime(2024, 5, 1, tzinfo=UTC)


def candle(number: int, *, high: float = 102, low: float = 99) -> Candle:
    """The nth hour; all open and close at 100."""
    return Candle(START + number * HOUR.length, 100, high, low, 100, 1)


def forecast(number: int, high: float | None, low: float | None) -> Prediction:
    """Made when the nth hour had closed."""
    return Prediction(HOUR, START + (number + 1) * HOUR.length, high, low)


BEFORE = [candle(0), candle(1), candle(2)]


def test_a_perfect_forecast_has_no_error_where_the_guess_has_some() -> None:
    """The guess says plus 2 and minus 1 percent; it goes to plus 4 and minus 1."""
    scores = ForecastScores()
    assert scores.note(forecast(2, 104, 99), candle(3, high=104), BEFORE)
    assert scores.rows()["1hour"] == {"forecasts": 1, "error_pct": 0, "guess_error_pct": 1}


def test_errors_of_high_and_low_are_averaged_and_added_up() -> None:
    """In percent of the close before the candle."""
    scores = ForecastScores()
    for _ in range(2):
        assert scores.note(forecast(2, 103, 96), candle(3), BEFORE)
    row = scores.rows()["1hour"]
    assert (row["forecasts"], row["error_pct"], row["guess_error_pct"]) == (2, 4, 0)


@pytest.mark.parametrize(
    ("said", "actual", "before"),
    [
        (forecast(2, None, None), candle(3), BEFORE),
        (forecast(2, 104, 99), candle(4), BEFORE),
        (forecast(1, 104, 99), candle(3), BEFORE),
        (forecast(2, 104, 99), candle(3), BEFORE[:-1]),
        (forecast(2, 104, 99), candle(3), BEFORE[-1:]),
        (forecast(2, 104, 99), candle(3), []),
    ],
    ids=["inactive", "later candle", "older forecast", "gap", "no guess", "nothing before"],
)
def test_what_cannot_be_compared_is_not_scored(
    said: Prediction, actual: Candle, before: list[Candle]
) -> None:
    """A missing score is better than one of another candle."""
    scores = ForecastScores()
    assert not scores.note(said, actual, before)
    assert scores.rows()["1hour"]["forecasts"] == 0


def test_all_timeframes_are_counted_from_zero() -> None:
    """Each length of candle by itself."""
    assert set(ForecastScores().rows()) == {timeframe.value for timeframe in Timeframe}
