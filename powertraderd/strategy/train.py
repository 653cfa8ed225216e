"""Learning: one chronological pass over the closed candles of one timeframe (MODEL.md, Learning).

The state after candles 1..n and then n+1 equals the state after 1..n+1 bit for bit, so a worker
learns each candle once. A candle costs one search among the entries (about 200) and three steps
for each hit (about 20), whatever was learned before; at these sizes plain floats beat arrays.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np

from powertraderd.model.candle import Candle, Timeframe
from powertraderd.model.memory import MAX_THRESHOLD, Memory, Pending
from powertraderd.model.pattern import matches, move_pct
from powertraderd.strategy.weights import MAX_WEIGHT, Weights

FIRST_THRESHOLD = 1.0
COARSE_STEP, FINE_STEP, FINE_BELOW = 0.01, 0.001, 0.1
WANTED_HITS = 20
PROGRESS_EVERY = 1000
"""Candles between two reports of progress."""
UNSURE = 1e-9
"""Share around the ends of the interval of matches within which the distance itself decides."""

_Waiting = tuple[datetime, float, float, list[int]]
"""The pending candle: when it opened, its pattern, its close, its hits."""


def empty() -> Memory:
    """A memory before its first candle."""
    nothing = np.empty(0)
    return Memory(
        patterns=nothing,
        close_moves=nothing,
        high_moves=nothing,
        low_moves=nothing,
        close_weights=nothing,
        high_weights=nothing,
        low_weights=nothing,
        threshold=FIRST_THRESHOLD,
        pending=None,
        candles=0,
    )


def learn(
    memory: Memory,
    candles: Sequence[Candle],
    timeframe: Timeframe,
    progress: Callable[[int], None] | None = None,
) -> Memory:
    """The memory after ``candles`` (closed, ascending, prices above zero) were learned as well.

    A candle that does not open where the one before it closed comes after a gap: the pair across
    the gap is not learned. ``progress`` is called with the number of candles done, now and then
    and at the end. Raises ValueError for a candle that does not come after the newest one learned.
    """
    pupil = Pupil(memory, timeframe)
    for done, candle in enumerate(candles, 1):
        pupil.learn(candle)
        if progress and (done % PROGRESS_EVERY == 0 or done == len(candles)):
            progress(done)
    return pupil.memory()


class Pupil:
    """A memory while it learns: what `learn` does, candle by candle.

    ``ascending`` holds the patterns in ascending order and ``places`` their indices; equal patterns
    stand in order of learning. The newest candle is pending.
    """

    def __init__(self, memory: Memory, timeframe: Timeframe) -> None:
        """Go on from ``memory``."""
        self.length = timeframe.length
        self.patterns: list[float] = memory.patterns.tolist()
        self.closes = Weights(
            memory.close_moves.tolist(), memory.close_weights.tolist(), least=-MAX_WEIGHT
        )
        self.highs = Weights(memory.high_moves.tolist(), memory.high_weights.tolist(), least=0)
        self.lows = Weights(memory.low_moves.tolist(), memory.low_weights.tolist(), least=0)
        self.places = sorted(range(len(self.patterns)), key=self.patterns.__getitem__)
        self.ascending = [self.patterns[place] for place in self.places]
        self.threshold = memory.threshold
        self.candles = memory.candles
        self.pending: _Waiting | None = None
        if memory.pending:
            newest = memory.pending
            self.pending = (newest.opened_at, newest.pattern, newest.close, newest.hits.tolist())

    def learn(self, candle: Candle) -> None:
        """Settle the pending candle by this one, which is pending from then on."""
        if self.pending:
            opened_at = self.pending[0]
            if candle.opened_at == opened_at + self.length:
                self._settle(self.pending, candle)
            elif candle.opened_at <= opened_at:
                msg = f"the candle of {candle.opened_at} does not come after that of {opened_at}"
                raise ValueError(msg)
        pattern = move_pct(candle.open, candle.close)
        hits = self.hits(pattern)
        step = FINE_STEP if self.threshold < FINE_BELOW else COARSE_STEP
        if len(hits) > WANTED_HITS:
            self.threshold = max(self.threshold - step, 0.0)
        else:
            self.threshold = min(self.threshold + step, MAX_THRESHOLD)
        self.pending = (candle.opened_at, pattern, candle.close, hits)
        self.candles += 1

    def _settle(self, pending: _Waiting, successor: Candle) -> None:
        """Learn what came after the pending candle: in the weights of its hits or as an entry."""
        _, pattern, base, hits = pending
        close = move_pct(base, successor.close)
        high = move_pct(base, successor.high)
        low = move_pct(base, successor.low)
        if hits:
            self.closes.turn(hits, close)
            self.highs.turn(hits, high)
            self.lows.turn(hits, low)
            return
        place = bisect_right(self.ascending, pattern)
        self.ascending.insert(place, pattern)
        self.places.insert(place, len(self.patterns))
        self.patterns.append(pattern)
        self.closes.append(close)
        self.highs.append(high)
        self.lows.append(low)

    def hits(self, pattern: float) -> list[int]:
        """Indices of the entries whose pattern matches by now, in ascending order of pattern.

        In exact numbers the matches lie from ``pattern`` times (200 - T) / (200 + T) to its
        reverse. Only where an entry is so near to an end that rounding may matter, each distance
        is worked out.
        """
        ratio = (200 + self.threshold) / (200 - self.threshold)
        low, high = pattern / ratio, pattern * ratio
        if pattern < 0:
            low, high = high, low
        slack = UNSURE * abs(pattern)
        ascending = self.ascending
        first = bisect_left(ascending, low - slack)
        last = bisect_right(ascending, high + slack)
        hits = self.places[first:last]
        if hits and (ascending[first] < low + slack or ascending[last - 1] > high - slack):
            hits = [hit for hit in hits if matches(pattern, self.patterns[hit], self.threshold)]
        return hits

    def memory(self) -> Memory:
        """All that was learned, as arrays."""
        pending = None
        if self.pending:
            opened_at, pattern, close, hits = self.pending
            pending = Pending(opened_at, pattern, close, np.array(sorted(hits), np.int64))
        return Memory(
            patterns=np.array(self.patterns),
            close_moves=np.array(self.closes.moves()),
            high_moves=np.array(self.highs.moves()),
            low_moves=np.array(self.lows.moves()),
            close_weights=np.array(self.closes.weights()),
            high_weights=np.array(self.highs.weights()),
            low_weights=np.array(self.lows.weights()),
            threshold=self.threshold,
            pending=pending,
            candles=self.candles,
        )
