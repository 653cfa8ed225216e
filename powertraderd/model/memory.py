"""The kNN pattern memory of one coin and timeframe (MODEL.md)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

MAX_THRESHOLD = 100.0
"""Largest distance in percent that can count as a match."""


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """The newest learned candle: it waits for its successor.

    ``hits`` are indices into the memory's entries, ascending.
    """

    opened_at: datetime
    pattern: float
    close: float
    hits: Indices


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """All arrays have one element per entry, in order of learning; moves in percent.

    ``candles`` counts the candles learned so far.
    """

    patterns: Floats
    close_moves: Floats
    high_moves: Floats
    low_moves: Floats
    close_weights: Floats
    high_weights: Floats
    low_weights: Floats
    threshold: float
    pending: Pending | None
    candles: int


_COLUMNS = tuple(field.name for field in fields(Memory))[:7]


def from_rows(rows: Sequence[Sequence[float]], threshold: float) -> Memory:
    """A memory made elsewhere, which does not say which candles it has learned.

    A row is an entry: pattern, close, high and low move, then the weights of the three moves.
    """
    table = np.array(rows, dtype=np.float64).reshape(len(rows), len(_COLUMNS))
    columns = dict(zip(_COLUMNS, table.T.copy(), strict=True))
    return Memory(**columns, threshold=threshold, pending=None, candles=0)


def same_entries(one: Memory, other: Memory) -> bool:
    """Whether two memories hold the same entries, weights and threshold."""
    return one.threshold == other.threshold and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in _COLUMNS
    )
