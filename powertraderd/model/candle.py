"""Candles and the seven timeframes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import NewType

Coin = NewType("Coin", str)
"""A coin by its ticker, for example BTC."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR_S = 3600
WEEK_S = 7 * 24 * HOUR_S
THURSDAY, MONDAY = timedelta(0), timedelta(days=4)
"""Week anchors as offsets from the epoch, which was a Thursday."""


class Timeframe(StrEnum):
    """A candle's length; the values are the names used in files, settings and logs."""

    HOUR_1 = "1hour"
    HOUR_2 = "2hour"
    HOUR_4 = "4hour"
    HOUR_8 = "8hour"
    HOUR_12 = "12hour"
    DAY = "1day"
    WEEK = "1week"

    @property
    def length(self) -> timedelta:
        """From opening to closing."""
        return _LENGTH[self]


_LENGTH = {
    Timeframe.HOUR_1: timedelta(hours=1),
    Timeframe.HOUR_2: timedelta(hours=2),
    Timeframe.HOUR_4: timedelta(hours=4),
    Timeframe.HOUR_8: timedelta(hours=8),
    Timeframe.HOUR_12: timedelta(hours=12),
    Timeframe.DAY: timedelta(days=1),
    Timeframe.WEEK: timedelta(weeks=1),
}


@dataclass(frozen=True, slots=True)
class Candle:
    """One closed candle; prices in the quote currency, volume in the coin.

    float64 on purpose: candles feed the model and never the ledger.
    """

    opened_at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float


def bucket_start(moment: datetime, timeframe: Timeframe, week_anchor: timedelta) -> datetime:
    """When the candle of ``timeframe`` that contains ``moment`` opened.

    Weeks start ``week_anchor`` after the epoch's own weekday (THURSDAY or MONDAY).
    """
    anchor = _anchor(timeframe, week_anchor)
    return moment - (moment - anchor) % timeframe.length


def aggregate(
    hours: Iterable[Candle], timeframe: Timeframe, week_anchor: timedelta, until: datetime
) -> tuple[Candle, ...]:
    """Candles of ``timeframe`` made from 1-hour candles (ascending, unique).

    A candle is made once its time is over (it closes at or before ``until``), from whatever hours
    exist: an hour without trades has no candle, and a bucket without any hour has none either.
    """
    anchor, length = _anchor(timeframe, week_anchor), timeframe.length
    made: list[Candle] = []
    for number, bucket in groupby(hours, lambda hour: (hour.opened_at - anchor) // length):
        opened_at = anchor + number * length
        if opened_at + length > until:
            break
        made.append(_merged(opened_at, list(bucket)))
    return tuple(made)


def _anchor(timeframe: Timeframe, week_anchor: timedelta) -> datetime:
    """A moment at which a candle of ``timeframe`` opens."""
    return EPOCH + (week_anchor if timeframe is Timeframe.WEEK else timedelta(0))


def _merged(opened_at: datetime, hours: list[Candle]) -> Candle:
    """One candle over ``hours``."""
    return Candle(
        opened_at=opened_at,
        open=hours[0].open,
        high=max(hour.high for hour in hours),
        low=min(hour.low for hour in hours),
        close=hours[-1].close,
        volume=sum(hour.volume for hour in hours),
    )
