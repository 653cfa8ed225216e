"""Best prices at one moment."""

from dataclasses import dataclass
from datetime import datetime

from powertraderd.model.candle import Coin
from powertraderd.model.money import Price


@dataclass(frozen=True, slots=True)
class Quote:
    """Best bid and ask of a coin on the trading venue; ``at`` is the venue's own time."""

    coin: Coin
    bid: Price
    ask: Price
    at: datetime
