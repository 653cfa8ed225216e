"""A track is what the daemon would have known, at the time at which it would have known it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from powertraderd.adapters.hours import Hours
from powertraderd.backtest.track import Track, walk
from powertraderd.model.candle import EPOCH, MONDAY, Coin, Timeframe
from powertraderd.model.rules import TrainingRules
from powertraderd.strategy.predict import predict
from powertraderd.strategy.train import empty, learn

MakeHours = Callable[..., Hours]
DAYS = 40
COIN = Coin("A")


@pytest.fixture
def hours(make_hours: MakeHours) -> Hours:
    """Forty days with two holes, one of which swallows the end of an eight-hour candle."""
    return make_hours(3, DAYS, skip=(100, 101, 367, 368, 369, 370))


def _walked(hours: Hours) -> Track:
    return walk(COIN, hours, TrainingRules(), week_offset=MONDAY)


@pytest.mark.parametrize("timeframe", list(Timeframe))
@pytest.mark.parametrize("index", [400, 555, 900])
def test_a_track_says_what_full_training_on_closed_candles_says(
    hours: Hours, timeframe: Timeframe, index: int
) -> None:
    """Bit for bit, for every timeframe, also across holes."""
    track = _walked(hours)
    now = datetime.fromtimestamp(int(track.opened[index]), UTC)
    closed = hours.closed(timeframe, start=EPOCH, end=now, now=now, week_offset=MONDAY)
    expected = predict(learn(empty(), closed, timeframe), closed[-1], timeframe)
    found = {each.timeframe: each for each in track.predictions(index) or ()}
    assert found[timeframe] == expected


def test_the_future_changes_nothing(hours: Hours) -> None:
    """Hours after a moment are poisoned: everything known up to it stays as it was."""
    track = _walked(hours)
    middle = len(hours) // 2
    for index in range(middle, len(hours)):
        hours.open[index] = hours.high[index] = 1e6
        hours.low[index] = hours.close[index] = 1e-6
    poisoned = _walked(hours)
    assert np.array_equal(
        track.predicted_low[: middle + 1], poisoned.predicted_low[: middle + 1], equal_nan=True
    )
    assert np.array_equal(track.closed_at[: middle + 1], poisoned.closed_at[: middle + 1])
    assert not np.array_equal(
        track.predicted_low[middle + 1 :], poisoned.predicted_low[middle + 1 :], equal_nan=True
    )


def test_nothing_is_predicted_before_every_timeframe_has_a_candle(hours: Hours) -> None:
    """The first week is over when the first weekly candle has closed."""
    track = _walked(hours)
    first = next(i for i in range(len(track)) if track.predictions(i) is not None)
    assert track.opened[first] == track.opened[0] + timedelta(weeks=1).total_seconds()


def test_learning_begins_where_the_history_does(hours: Hours) -> None:
    """As if the hours before it did not exist."""
    start = datetime.fromtimestamp(hours.opened[200] - 1800, UTC)
    track = walk(COIN, hours, TrainingRules(), week_offset=MONDAY, history_start=start)
    assert track.opened[0] == hours.opened[200]
    assert len(track) == len(hours) - 200


def test_progress_rises_to_the_end(hours: Hours) -> None:
    """For the bar that people watch."""
    seen: list[int] = []
    walk(COIN, hours, TrainingRules(), week_offset=MONDAY, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == len(hours)
