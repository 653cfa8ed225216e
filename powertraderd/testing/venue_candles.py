"""The trading venue's candles as the test wants them: our own archive's, moved by a percentage."""

from dataclasses import replace
from datetime import datetime

from powertraderd.errors import TransientExchangeError
from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.ports import CandleArchive


class VenueCandles:
    """CandleSource; ``apart_pct`` moves every close, ``down`` means that nobody answers."""

    def __init__(self, archive: CandleArchive) -> None:
        """Agree with ``archive``."""
        self._archive = archive
        self.apart_pct = 0.0
        self.down = False
        self.asked = 0

    def candles(
        self, coin: Coin, timeframe: Timeframe, start: datetime, end: datetime
    ) -> tuple[Candle, ...]:
        """As in the archive, moved; raises TransientExchangeError while ``down``."""
        self.asked += 1
        if self.down:
            raise TransientExchangeError("the venue is down")
        by = 1 + self.apart_pct / 100
        found = self._archive.load(coin, timeframe, start, end)
        return tuple(replace(candle, close=candle.close * by) for candle in found)
