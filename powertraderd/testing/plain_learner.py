"""The learner of MODEL.md word for word, in plain Python: slow, and nothing clever.

Tests compare the real learner with it, and the training benchmark is measured against it. It shares
no code with the real one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from powertraderd.model.candle import Candle

Pending = tuple[datetime, float, float, list[int]]
"""When the pending candle opened, its pattern, its close, its hits."""


@dataclass
class PlainMemory:
    """Entries are [pattern, close move, high move, low move]; weights are [close, high, low]."""

    entries: list[list[float]] = field(default_factory=list)
    weights: list[list[float]] = field(default_factory=list)
    threshold: float = 1.0
    pending: Pending | None = None


def distance(p: float, m: float) -> float | None:
    """Percent of the mean of both; None where there is no match at any threshold."""
    if p == 0 and m == 0:
        return 0.0
    if (p > 0 and m > 0) or (p < 0 and m < 0):
        return 100 * abs(p - m) / abs((p + m) / 2)
    return None


def hits_of(memory: PlainMemory, pattern: float) -> list[int]:
    """Indices of the matching entries."""
    hits = []
    for index, entry in enumerate(memory.entries):
        d = distance(pattern, entry[0])
        if d is not None and d <= memory.threshold:
            hits.append(index)
    return hits


def learn_plainly(candles: Sequence[Candle], length: timedelta) -> PlainMemory:
    """A memory of ``candles``, each ``length`` long."""
    memory = PlainMemory()
    for k in candles:
        if memory.pending and memory.pending[0] + length == k.opened_at:
            _resolve(memory, memory.pending, k)
        pattern = 100 * (k.close - k.open) / k.open
        hits = hits_of(memory, pattern)
        step = 0.001 if memory.threshold < 0.1 else 0.01  # noqa: PLR2004 - the page's own figures
        memory.threshold += -step if len(hits) > 20 else step  # noqa: PLR2004 - as above
        memory.threshold = min(max(memory.threshold, 0.0), 100.0)
        memory.pending = (k.opened_at, pattern, k.close, hits)
    return memory


def _resolve(memory: PlainMemory, pending: Pending, k: Candle) -> None:
    _, pattern, c, hits = pending
    actual = [100 * (price - c) / c for price in (k.close, k.high, k.low)]
    if not hits:
        memory.entries.append([pattern, *actual])
        memory.weights.append([1.0, 1.0, 1.0])
    for hit in hits:
        for move in range(3):
            m = memory.entries[hit][move + 1]
            weight = memory.weights[hit][move]
            prediction = m * weight
            error = actual[move] - prediction
            if m == 0 or abs(error) <= 0.1 * abs(prediction):
                continue
            weight += 0.25 if (error > 0) == (m > 0) else -0.25
            least = -2.0 if move == 0 else 0.0
            memory.weights[hit][move] = min(max(weight, least), 2.0)


def predict_plainly(memory: PlainMemory, candle: Candle) -> tuple[float, float] | None:
    """Predicted high and low; None when inactive."""
    hits = hits_of(memory, 100 * (candle.close - candle.open) / candle.open)
    means = []
    for move in range(3):
        values = [
            memory.entries[hit][move + 1] * memory.weights[hit][move]
            for hit in hits
            if memory.weights[hit][move] != 0
        ]
        if not values:
            return None
        means.append(sum(values) / len(values))
    return candle.close * (1 + means[1] / 100), candle.close * (1 + means[2] / 100)


def spread_plainly(levels: Sequence[float], sign: int) -> list[float]:
    """Low levels (sign -1, from the highest down) or high ones (sign 1, upwards) moved apart."""
    ordered = sorted(levels, reverse=sign < 0)
    g = 0
    while g < len(ordered) - 1:
        inner, outer = ordered[g], ordered[g + 1]
        percent = 100 * abs(outer - inner) / ((outer + inner) / 2)
        if percent < 0.25 * (g + 1) or (outer - inner) * sign < 0:
            ordered[g + 1] = outer + sign * 0.0005 * outer
        else:
            g += 1
    return ordered
