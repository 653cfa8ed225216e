"""What a learner would have said, hour by hour, having seen only candles that had closed.

Learning does not depend on trading, so it is done once per coin and shared by every run over the
same candles: a sweep over entry, averaging down and exit settings learns nothing again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from powertraderd.adapters.hours import Hours, epoch_second
from powertraderd.model.candle import EPOCH, HOUR_S, Candle, Coin, Timeframe, bucket_start
from powertraderd.model.prediction import Prediction
from powertraderd.model.rules import TrainingRules
from powertraderd.strategy.learner import Student, student

Floats = NDArray[np.float64]
Seconds = NDArray[np.int64]

TIMEFRAMES = tuple(Timeframe)
PROGRESS_EVERY = 500
NOT_YET = -1
"""In place of a closing time: no candle of this timeframe has closed yet."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One coin's hours and the predictions known when each of them opened.

    ``opened``: epoch seconds, ascending; ``open``, ``high``, ``low``, ``close``: one per hour.
    ``predicted_high`` and ``predicted_low``: one row per hour, one column per timeframe, NaN where
    the timeframe is inactive. ``closed_at``: the closing time in epoch seconds of the candle that
    each prediction was made from, NOT_YET before the first.
    """

    coin: Coin
    opened: Seconds
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    predicted_high: Floats
    predicted_low: Floats
    closed_at: Seconds

    def __len__(self) -> int:
        """Number of hours."""
        return len(self.opened)

    def candle(self, index: int) -> Candle:
        """The hour at ``index``; its volume is not kept."""
        return Candle(
            opened_at=datetime.fromtimestamp(int(self.opened[index]), UTC),
            open=float(self.open[index]),
            high=float(self.high[index]),
            low=float(self.low[index]),
            close=float(self.close[index]),
            volume=0.0,
        )

    def predictions(self, index: int) -> tuple[Prediction, ...] | None:
        """All seven as of the opening of hour ``index``; None until each has seen a candle."""
        closed_at = self.closed_at[index]
        if (closed_at == NOT_YET).any():
            return None
        return tuple(
            Prediction(
                timeframe,
                datetime.fromtimestamp(int(closed), UTC),
                None if np.isnan(high) else float(high),
                None if np.isnan(low) else float(low),
            )
            for timeframe, closed, high, low in zip(
                TIMEFRAMES,
                closed_at,
                self.predicted_high[index],
                self.predicted_low[index],
                strict=True,
            )
        )


def walk(
    coin: Coin,
    hours: Hours,
    learner: TrainingRules,
    *,
    week_offset: timedelta,
    history_start: datetime | None = None,
    progress: Callable[[int], None] | None = None,
) -> Track:
    """Learn ``hours`` from ``history_start`` on in one pass and note each prediction when it came.

    ``progress`` is called with the number of hours done, now and then and at the end.
    """
    first = 0 if history_start is None else _first_from(hours, history_start)
    count = len(hours) - first
    highs = np.full((count, len(TIMEFRAMES)), np.nan)
    lows = np.full((count, len(TIMEFRAMES)), np.nan)
    closed_at = np.full((count, len(TIMEFRAMES)), NOT_YET, np.int64)
    begins = EPOCH + timedelta(seconds=hours.opened[first]) if count else EPOCH
    classes = [_Class(timeframe, learner, week_offset, begins) for timeframe in TIMEFRAMES]
    for row in range(count):
        index = first + row
        opened_s, hour = hours.opened[index], hours.candle(index)
        for column, each in enumerate(classes):
            each.time_is(opened_s)
            if each.newest is not None:
                high, low, closed = each.newest
                highs[row, column], lows[row, column] = high, low
                closed_at[row, column] = closed
            each.hear(opened_s, hour)
        if progress and (row % PROGRESS_EVERY == 0 or row == count - 1):
            progress(row + 1)
    return Track(
        coin=coin,
        opened=np.array(hours.opened[first:], np.int64),
        open=np.array(hours.open[first:]),
        high=np.array(hours.high[first:]),
        low=np.array(hours.low[first:]),
        close=np.array(hours.close[first:]),
        predicted_high=highs,
        predicted_low=lows,
        closed_at=closed_at,
    )


class _Class:
    """One timeframe: makes its candles from hours and teaches them when they have closed."""

    def __init__(
        self, timeframe: Timeframe, learner: TrainingRules, week_offset: timedelta, begins: datetime
    ) -> None:
        self._length_s = int(timeframe.length.total_seconds())
        self._student: Student = student(learner, timeframe)
        opening = bucket_start(begins, timeframe, week_offset)
        if opening < begins:  # a candle whose beginning is missing would be half a candle
            opening += timeframe.length
        self._anchor_s = epoch_second(opening)
        self._number = -1
        self._hours: list[Candle] = []
        self.newest: tuple[float, float, int] | None = None
        """Predicted high and low (NaN: inactive) and the closing time they were made at."""

    def time_is(self, now_s: int) -> None:
        """Close the candle whose time is over by ``now_s``."""
        if not self._hours:
            return
        opened_s = self._anchor_s + self._number * self._length_s
        if opened_s + self._length_s > now_s:
            return
        prediction = self._student.learn(_merged(opened_s, self._hours))
        self._hours = []
        high, low = prediction.high, prediction.low
        self.newest = (
            np.nan if high is None else high,
            np.nan if low is None else low,
            opened_s + self._length_s,
        )

    def hear(self, opened_s: int, hour: Candle) -> None:
        """Take the next hour into the candle that is being made."""
        number = (opened_s - self._anchor_s) // self._length_s
        if number >= 0:
            self._number = number
            self._hours.append(hour)


def _merged(opened_s: int, hours: Sequence[Candle]) -> Candle:
    if len(hours) == 1 and epoch_second(hours[0].opened_at) == opened_s:
        return hours[0]
    return Candle(
        opened_at=datetime.fromtimestamp(opened_s, UTC),
        open=hours[0].open,
        high=max(hour.high for hour in hours),
        low=min(hour.low for hour in hours),
        close=hours[-1].close,
        volume=sum(hour.volume for hour in hours),
    )


def _first_from(hours: Hours, moment: datetime) -> int:
    first_s = -(-epoch_second(moment) // HOUR_S) * HOUR_S
    return int(np.searchsorted(np.frombuffer(hours.opened, np.int64), first_s))
