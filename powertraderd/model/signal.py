"""Buy levels and the signal that the thinker publishes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.prediction import Prediction


class Side(StrEnum):
    """Where the ask stands against the levels of one timeframe."""

    LONG = "LONG"
    SHORT = "SHORT"
    WITHIN = "WITHIN"
    INACTIVE = "INACTIVE"


@dataclass(frozen=True, slots=True)
class Levels:
    """Low (blue) and high (orange) levels per active timeframe, spread apart (MODEL.md, Levels)."""

    low: dict[Timeframe, float]
    high: dict[Timeframe, float]


@dataclass(frozen=True, slots=True)
class Signal:
    """One coin's signal: counts, sides, levels and all ages that the reader must check.

    ``trained_at`` is the oldest training time of the memories used; ``blocked_because`` says why
    ``long_count`` was held at 0 (stale training or stale candles), and is empty otherwise.
    """

    coin: Coin
    made_at: datetime
    trained_at: datetime
    ask: float
    ask_at: datetime
    predictions: tuple[Prediction, ...]
    levels: Levels
    sides: dict[Timeframe, Side]
    long_count: int
    short_count: int
    long_margin_pct: float
    short_margin_pct: float
    blocked_because: str = ""
