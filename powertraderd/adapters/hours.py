"""One coin's 1-hour candles in memory, 48 bytes each, and every timeframe made from them."""

from array import array
from bisect import bisect_left
from datetime import UTC, datetime, timedelta

from powertraderd.model.candle import (
    EPOCH,
    HOUR_S,
    Candle,
    Timeframe,
    aggregate,
    bucket_start,
)

HOUR = timedelta(seconds=HOUR_S)


class Hours:
    """Ascending, unique 1-hour candles; ``opened`` in epoch seconds, the rest as in Candle."""

    def __init__(self) -> None:
        """Start empty."""
        self.opened = array("q")
        self.open = array("d")
        self.high = array("d")
        self.low = array("d")
        self.close = array("d")
        self.volume = array("d")

    def __len__(self) -> int:
        """Number of candles."""
        return len(self.opened)

    def append(self, opened_s: int, figures: tuple[float, float, float, float, float]) -> None:
        """Add the next hour: open, high, low, close, volume."""
        self.opened.append(opened_s)
        self.open.append(figures[0])
        self.high.append(figures[1])
        self.low.append(figures[2])
        self.close.append(figures[3])
        self.volume.append(figures[4])

    def index_at(self, moment: datetime) -> int | None:
        """Index of the candle whose hour contains ``moment``, None in a gap or outside."""
        second = epoch_second(moment)
        second -= second % HOUR_S
        index = bisect_left(self.opened, second)
        found = index < len(self.opened) and self.opened[index] == second
        return index if found else None

    def closed(
        self,
        timeframe: Timeframe,
        *,
        start: datetime,
        end: datetime,
        now: datetime,
        week_offset: timedelta,
    ) -> tuple[Candle, ...]:
        """Candles with ``start <= opened_at < end`` that have closed by ``now``.

        A longer candle that began before the first hour is left out: it would be half a candle.
        """
        if not self.opened:
            return ()
        start = max(start, datetime.fromtimestamp(self.opened[0], UTC))
        first = _opening_from(start, timeframe, week_offset)
        open_now = bucket_start(now, timeframe, week_offset)
        last = min(_opening_from(end, timeframe, week_offset), open_now)
        return aggregate(self._between(first, last), timeframe, week_offset, until=now)

    def candle(self, index: int) -> Candle:
        """The candle at ``index``."""
        return Candle(
            opened_at=datetime.fromtimestamp(self.opened[index], UTC),
            open=self.open[index],
            high=self.high[index],
            low=self.low[index],
            close=self.close[index],
            volume=self.volume[index],
        )

    def _between(self, start: datetime, end: datetime) -> list[Candle]:
        low = bisect_left(self.opened, epoch_second(start))
        high = bisect_left(self.opened, epoch_second(end))
        return [self.candle(index) for index in range(low, high)]


def epoch_second(moment: datetime) -> int:
    """Whole seconds since the epoch, rounded down."""
    return (moment - EPOCH) // timedelta(seconds=1)


def _opening_from(moment: datetime, timeframe: Timeframe, week_offset: timedelta) -> datetime:
    """The first opening of a candle at or after ``moment``."""
    opening = bucket_start(moment, timeframe, week_offset)
    return opening if opening == moment else opening + timeframe.length
