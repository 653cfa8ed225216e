"""The volatility-scaled learner (MODEL2.md): the nearest candles in units of the recent range.

A candle costs one search among at most 8,000 entries, well under a millisecond. The state after
candles 1..n and then n+1 equals the state after 1..n+1 bit for bit.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import log

import numpy as np

from powertraderd.model.candle import HOUR_S, Candle, Timeframe
from powertraderd.model.memory import Floats, Indices
from powertraderd.model.pattern import move_pct
from powertraderd.model.prediction import Prediction
from powertraderd.model.rules import NeighbourAverage
from powertraderd.model.volatility_memory import FEATURES, Newest, VolatilityMemory

SHORT, RULER, LONG, SEASON = 5, 20, 50, 100
"""Spans of the exponential means of the range."""
SPANS = (SHORT, RULER, LONG, SEASON)
SLOT_SPAN = 60
LEAST_RANGE_PCT = 1e-4
MOST_ENTRIES, NEIGHBOURS, LEAST_ENTRIES = 8_000, 200, 30
PROGRESS_EVERY = 1000
_DAY = timedelta(days=1)


def empty(
    neighbour_average: NeighbourAverage = "median", *, hour_of_day: bool = False
) -> VolatilityMemory:
    """A memory before its first candle, with the options that it keeps."""
    return VolatilityMemory(
        neighbour_average=neighbour_average,
        hour_of_day=hour_of_day,
        features=np.empty((0, FEATURES)),
        highs=np.empty(0),
        lows=np.empty(0),
        ranges=np.zeros((len(SPANS), 2)),
        slots=np.empty((0, 2)),
        pending=None,
        candles=0,
    )


def learn(
    memory: VolatilityMemory,
    candles: Sequence[Candle],
    timeframe: Timeframe,
    progress: Callable[[int], None] | None = None,
) -> VolatilityMemory:
    """The memory after ``candles`` (closed, ascending) were learned as well; see train.learn."""
    learner = Volatility(timeframe, memory)
    for done, candle in enumerate(candles, 1):
        learner.take(candle)
        if progress and (done % PROGRESS_EVERY == 0 or done == len(candles)):
            progress(done)
    return learner.memory()


def predict(memory: VolatilityMemory, candle: Candle, timeframe: Timeframe) -> Prediction:
    """What ``memory`` says after ``candle``, which is the newest that it has learned."""
    return Volatility(timeframe, memory).prediction(candle)


class Volatility:
    """A memory while it learns, candle by candle."""

    def __init__(self, timeframe: Timeframe, memory: VolatilityMemory) -> None:
        """Go on from ``memory``."""
        self._length = timeframe.length
        self._timeframe = timeframe
        self._average = memory.neighbour_average
        self._hour_of_day = memory.hour_of_day and timeframe.length < _DAY
        self._options = memory.neighbour_average, memory.hour_of_day
        self._count = len(memory.highs)
        self._features = _with_room(memory.features)
        self._highs, self._lows = _with_room(memory.highs), _with_room(memory.lows)
        self._ranges = [_Mean(span, *pair) for span, pair in zip(SPANS, memory.ranges, strict=True)]
        self._slots = self._seasons(memory.slots)
        self._newest = memory.pending
        self._candles = memory.candles

    def learn(self, candle: Candle) -> Prediction:
        """Learn ``candle``, which has closed, and predict the one after it."""
        self.take(candle)
        return self.prediction(candle)

    def take(self, candle: Candle) -> None:
        """Settle the newest candle by this one, which is the newest from then on.

        Raises ValueError for a candle that does not come after the newest one.
        """
        before = self._newest
        if before is not None and candle.opened_at <= before.opened_at:
            msg = f"the candle of {candle.opened_at} does not come after that of {before.opened_at}"
            raise ValueError(msg)
        follows = before is not None and candle.opened_at == before.opened_at + self._length
        factor = self._factor(candle.opened_at)
        if before is not None and follows:
            self._remember(before, candle, factor)
        last_close = before.close if before is not None and follows else candle.open
        span = _range_pct(candle, last_close)
        self._learn_season(candle.opened_at, span)
        span /= factor
        for mean in self._ranges[:-1]:
            mean.take(span)
        short, ruler, long = (mean.value for mean in self._ranges[:-1])
        body = move_pct(candle.open, candle.close) / factor / ruler
        features = (body, log(span / ruler), 2 * log(short / long))
        self._newest = Newest(candle.opened_at, features, candle.close, ruler)
        self._candles += 1

    def prediction(self, candle: Candle) -> Prediction:
        """From the nearest neighbours of the newest candle, which must be ``candle``."""
        newest = self._newest
        closed_at = candle.opened_at + self._length
        if newest is None or newest.opened_at != candle.opened_at or self._count < LEAST_ENTRIES:
            return Prediction(self._timeframe, closed_at, None, None)
        near = self._nearest(newest)
        scale = newest.ruler * self._factor(closed_at) / 100
        high = _middle(self._highs[: self._count][near], self._average)
        low = _middle(self._lows[: self._count][near], self._average)
        return Prediction(
            self._timeframe,
            closed_at,
            newest.close * (1 + scale * high),
            newest.close * (1 + scale * low),
        )

    def memory(self) -> VolatilityMemory:
        """All that was learned."""
        average, hour_of_day = self._options
        return VolatilityMemory(
            neighbour_average=average,
            hour_of_day=hour_of_day,
            features=self._features[: self._count].copy(),
            highs=self._highs[: self._count].copy(),
            lows=self._lows[: self._count].copy(),
            ranges=np.array([mean.pair for mean in self._ranges]),
            slots=np.array([mean.pair for mean in self._slots]).reshape(-1, 2),
            pending=self._newest,
            candles=self._candles,
        )

    def _nearest(self, newest: Newest) -> Indices:
        """Indices of the nearest entries; the order of equals does not matter to an average."""
        apart = self._features[: self._count] - np.array(newest.features)
        distances = np.einsum("ij,ij->i", apart, apart)
        if self._count <= NEIGHBOURS:
            return np.arange(self._count, dtype=np.int64)
        return np.sort(np.argpartition(distances, NEIGHBOURS - 1)[:NEIGHBOURS]).astype(np.int64)

    def _remember(self, before: Newest, candle: Candle, factor: float) -> None:
        """Append what followed; the oldest of 8,000 entries is forgotten."""
        if self._count == MOST_ENTRIES:
            for array in (self._features, self._highs, self._lows):
                array[:-1] = array[1:]
            self._count -= 1
        scale = before.ruler * factor
        self._features[self._count] = before.features
        self._highs[self._count] = move_pct(before.close, candle.high) / scale
        self._lows[self._count] = move_pct(before.close, candle.low) / scale
        self._count += 1

    # -- the hour of the day

    def _seasons(self, pairs: Floats) -> list["_Mean"]:
        if not self._hour_of_day:
            return []
        slots = int(_DAY / self._length)
        known = pairs if len(pairs) else np.zeros((slots, 2))
        return [_Mean(SLOT_SPAN, *pair) for pair in known]

    def _slot(self, moment: datetime) -> int:
        return moment.hour * HOUR_S // int(self._length.total_seconds())

    def _factor(self, moment: datetime) -> float:
        """How wide ranges of this hour of the day are; 1 until every hour has been seen."""
        if not self._slots or any(mean.weight == 0 for mean in self._slots):
            return 1.0
        everyday = sum(mean.value for mean in self._slots) / len(self._slots)
        return self._slots[self._slot(moment)].value / everyday

    def _learn_season(self, moment: datetime, span: float) -> None:
        if not self._slots:
            return
        season = self._ranges[-1]
        season.take(span)
        self._slots[self._slot(moment)].take(span / season.value)


class _Mean:
    """A bias-corrected exponential mean: a decaying sum over the decaying weight of its parts."""

    __slots__ = ("alpha", "total", "weight")

    def __init__(self, span: int, total: float, weight: float) -> None:
        self.alpha = 2 / (span + 1)
        self.total, self.weight = float(total), float(weight)

    def take(self, value: float) -> None:
        self.total += self.alpha * (value - self.total)
        self.weight += self.alpha * (1 - self.weight)

    @property
    def value(self) -> float:
        return self.total / self.weight

    @property
    def pair(self) -> tuple[float, float]:
        return self.total, self.weight


def _range_pct(candle: Candle, last_close: float) -> float:
    span = 100 * (max(candle.high, last_close) - min(candle.low, last_close)) / last_close
    return max(span, LEAST_RANGE_PCT)


def _middle(values: Floats, average: NeighbourAverage) -> float:
    return float(np.median(values) if average == "median" else np.mean(values))


def _with_room(array: Floats) -> Floats:
    room = np.empty((MOST_ENTRIES, *array.shape[1:]))
    room[: len(array)] = array
    return room
