"""The kNN pattern memory of one coin and timeframe (MODEL.md)."""

from dataclasses import dataclass
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
