"""What the volatility-scaled learner remembers of one coin and timeframe (MODEL2.md)."""

from dataclasses import dataclass
from datetime import datetime

from powertraderd.model.memory import Floats
from powertraderd.model.rules import NeighbourAverage

FEATURES = 3
"""Body, range and trend of the ranges, each in units of the recent range."""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest learned candle: it waits for its successor.

    ``features``, ``close`` and ``ruler`` (the mean range A_20 in percent) of its moment.
    """

    opened_at: datetime
    features: tuple[float, float, float]
    close: float
    ruler: float


@dataclass(frozen=True, slots=True, eq=False)
class VolatilityMemory:
    """``features`` has one row per entry, ``highs`` and ``lows`` one element, oldest first.

    ``highs`` and ``lows``: the next candle's way from the close, in percent per ruler.
    ``ranges``: exponential means of the range by span, as pairs of sum and weight. ``slots``: the
    same by hour of the day, empty unless ``hour_of_day``. ``candles`` counts the candles learned.
    """

    neighbour_average: NeighbourAverage
    hour_of_day: bool
    features: Floats
    highs: Floats
    lows: Floats
    ranges: Floats
    slots: Floats
    pending: Newest | None
    candles: int
