"""The last hourly close of each coin, and what the trading venue says about the same hour.

Candles may come from another venue than the one that orders go to. Both closes of one hour are
compared, never a close with a later price: a market that moved is no divergence.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from powertraderd import log
from powertraderd.clock import NANOSECOND, Clock
from powertraderd.errors import DataUnavailable, TransientExchangeError
from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.model.money import Price, price_from_float, ratio
from powertraderd.ports import CandleArchive, CandleSource, Heart

HOUR = timedelta(hours=1)
AGAIN_S = 10.0
"""Machine seconds between two reads of an hour that the venue did not have yet."""
BELIEVED_FOR = 3 * HOUR
"""An hour without a trade has no candle: so long the hour before it still speaks."""


@dataclass(frozen=True, slots=True)
class Close:
    """``divergence_pct``: how far the trading venue's close is from ``price``; None: unknown."""

    price: Price
    at: datetime
    divergence_pct: Decimal | None


@dataclass(frozen=True, slots=True)
class _Compared:
    opened_at: datetime
    divergence_pct: Decimal


class Closes:
    """Reads our archive at every look, the venue once an hour."""

    def __init__(
        self,
        *,
        archive: CandleArchive,
        venue: CandleSource,
        clock: Clock,
        heart: Heart,
        budget_s: float,
    ) -> None:
        """``budget_s`` bounds each read of the venue, machine seconds."""
        self._archive = archive
        self._venue = venue
        self._clock = clock
        self._heart = heart
        self._budget_s = budget_s
        self._compared: dict[Coin, _Compared] = {}
        self._tried_ns: dict[Coin, int] = {}
        self._silent: set[Coin] = set()
        self._log = log.get(__name__)

    def of(self, coin: Coin) -> Close | None:
        """The close of the newest hour in the archive; None without one."""
        candle = self._newest(coin)
        if candle is None:
            return None
        return Close(
            price=price_from_float(candle.close),
            at=candle.opened_at + HOUR,
            divergence_pct=self._divergence(coin, candle.opened_at),
        )

    def refresh(self, coin: Coin) -> None:
        """Compare the newest hour with the venue's, once. A venue that is silent leaves it open."""
        candle = self._newest(coin)
        known = self._compared.get(coin)
        if candle is None or (known and known.opened_at == candle.opened_at):
            return
        now_ns = self._clock.monotonic_ns()
        tried_ns = self._tried_ns.get(coin)
        if tried_ns is not None and now_ns - tried_ns < AGAIN_S * NANOSECOND:
            return
        theirs = self._read(coin, candle.opened_at)
        if theirs is None:
            self._tried_ns[coin] = now_ns
            return
        self._tried_ns.pop(coin, None)
        self._compared[coin] = _Compared(candle.opened_at, _apart_pct(candle, theirs))

    def _newest(self, coin: Coin) -> Candle | None:
        opened_at = self._archive.newest(coin, Timeframe.HOUR_1)
        if opened_at is None:
            return None
        found = self._archive.load(coin, Timeframe.HOUR_1, opened_at, opened_at + HOUR)
        return found[-1] if found else None

    def _divergence(self, coin: Coin, opened_at: datetime) -> Decimal | None:
        known = self._compared.get(coin)
        if known is None or opened_at - known.opened_at > BELIEVED_FOR:
            return None
        return known.divergence_pct

    def _read(self, coin: Coin, opened_at: datetime) -> Candle | None:
        try:
            with self._heart.phase("venue.candles", self._budget_s, coin):
                found = self._venue.candles(coin, Timeframe.HOUR_1, opened_at, opened_at + HOUR)
        except (TransientExchangeError, DataUnavailable) as error:
            if coin not in self._silent:
                self._log.warning("venue_close_unknown", coin=coin, error=str(error))
            self._silent.add(coin)
            return None
        self._silent.discard(coin)
        return found[-1] if found else None


def _apart_pct(ours: Candle, theirs: Candle) -> Decimal:
    close = price_from_float(ours.close)
    apart = abs(price_from_float(theirs.close) - close)
    return ratio(100 * apart, close)
