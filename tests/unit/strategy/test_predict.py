"""Prediction from a memory."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from powertraderd.model.candle import Candle, Timeframe
from powertraderd.model.memory import Memory
from powertraderd.strategy.predict import predict
from powertraderd.strategy.train import empty

OPENED = datetime(2024, 1, 1, tzinfo=UTC)
UP_ONE = Candle(OPENED, 100.0, 102.0, 99.0, 101.0, 1.0)


def memory(
    close: tuple[float, float] = (1.0, 1.0),
    high: tuple[float, float] = (1.0, 1.0),
    low: tuple[float, float] = (1.0, 1.0),
) -> Memory:
    """Two entries that match a rise of 1 % and one that does not; these are their weights."""
    return Memory(
        patterns=np.array([1.0, 1.1, -1.0]),
        close_moves=np.array([0.5, 0.5, 50.0]),
        high_moves=np.array([1.0, 3.0, 50.0]),
        low_moves=np.array([-1.0, -2.0, -50.0]),
        close_weights=np.array([*close, 1.0]),
        high_weights=np.array([*high, 1.0]),
        low_weights=np.array([*low, 1.0]),
        threshold=10.0,
        pending=None,
        candles=9,
    )


def test_the_prediction_is_the_mean_of_the_weighed_moves() -> None:
    """In percent of the close, from matching entries only."""
    prediction = predict(memory(high=(2.0, 1.0), low=(1.0, 0.5)), UP_ONE, Timeframe.DAY)
    assert prediction.high == pytest.approx(101.0 * 1.025)
    assert prediction.low == pytest.approx(101.0 * 0.99)
    assert prediction.active


def test_entries_without_weight_do_not_dilute_the_mean() -> None:
    """A weight of 0 leaves the list."""
    prediction = predict(memory(high=(0.0, 1.0)), UP_ONE, Timeframe.DAY)
    assert prediction.high == pytest.approx(101.0 * 1.03)


def test_the_prediction_names_the_closing_time_of_its_candle() -> None:
    """So that the reader can see how old it is."""
    assert predict(memory(), UP_ONE, Timeframe.DAY).closed_at == OPENED + timedelta(days=1)


@pytest.mark.parametrize(
    "mute",
    [
        memory(close=(0.0, 0.0)),
        memory(high=(0.0, 0.0)),
        memory(low=(0.0, 0.0)),
        empty(),
    ],
)
def test_without_any_weight_for_one_move_there_is_no_prediction(mute: Memory) -> None:
    """Close, high or low: one empty list makes the timeframe inactive."""
    prediction = predict(mute, UP_ONE, Timeframe.DAY)
    assert not prediction.active
    assert prediction.high is None
    assert prediction.low is None
