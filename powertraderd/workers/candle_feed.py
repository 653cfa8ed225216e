"""Fetching candles: from the venue into our own copy, resuming where it stopped."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from powertraderd import log
from powertraderd.clock import Clock
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.ports import CandleArchive, CandleSource, Heart

WINDOW = 1400
"""Candles asked for at once: one answer of KuCoin; what is stored stays when a later one fails."""


class CandleFeed:
    """Keeps the stored candles up with the venue."""

    def __init__(
        self,
        *,
        source: CandleSource,
        store: CandleArchive,
        clock: Clock,
        heart: Heart,
        budget_s: float,
        history_start: datetime,
    ) -> None:
        """``budget_s`` bounds each call to the venue, machine seconds."""
        self._source = source
        self._store = store
        self._clock = clock
        self._heart = heart
        self._budget_s = budget_s
        self._history_start = history_start
        self._log = log.get(__name__)

    def fetch(self, coin: Coin) -> int:
        """Store all candles of ``coin`` that closed since; returns how many were new.

        Raises what the source raises; what was stored by then stays.
        """
        return sum(self._fetch(coin, timeframe) for timeframe in Timeframe)

    def missing(self, coin: Coin, timeframe: Timeframe) -> tuple[tuple[datetime, datetime], ...]:
        """Spans after the newest stored candle in which others may have closed; one call each."""
        newest = self._store.newest(coin, timeframe)
        start = self._history_start if newest is None else newest + timeframe.length
        return tuple(_windows(start, self._clock.now(), timeframe.length))

    def _fetch(self, coin: Coin, timeframe: Timeframe) -> int:
        added = 0
        for begin, end in self.missing(coin, timeframe):
            with self._heart.phase("candles", self._budget_s, f"{coin} {timeframe}"):
                candles = self._source.candles(coin, timeframe, begin, end)
                stocked = self._store.append(coin, timeframe, candles)
            added += stocked.added
            for refused in stocked.refused:
                self._log.warning(
                    "candle_refused",
                    coin=coin,
                    timeframe=timeframe.value,
                    opened_at=refused.candle.opened_at.isoformat(),
                    reason=refused.reason,
                )
        return added


def _windows(
    start: datetime, now: datetime, length: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """Spans of opening times that may hold closed candles."""
    while start + length <= now:
        end = min(start + WINDOW * length, now)
        yield start, end
        start = end
