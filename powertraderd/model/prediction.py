"""What one memory says about the next candle."""

from dataclasses import dataclass
from datetime import datetime

from powertraderd.model.candle import Timeframe


@dataclass(frozen=True, slots=True)
class Prediction:
    """Predicted high and low of the candle after ``closed_at``; both None when inactive.

    ``closed_at`` is the closing time of the newest candle that was used.
    """

    timeframe: Timeframe
    closed_at: datetime
    high: float | None
    low: float | None

    @property
    def active(self) -> bool:
        """Whether there is a prediction at all."""
        return self.high is not None and self.low is not None
