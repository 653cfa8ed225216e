"""What candles of every venue have in common: checking rows, and making what a venue lacks.

One row that cannot be true makes the whole answer untrue: a hole where it stood would never be
filled, because a download goes on after the newest candle.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from powertraderd.errors import InvalidAnswer
from powertraderd.model.candle import Candle, Timeframe, bucket_start

_EARLIEST_S, _LATEST_S = 946_684_800, 1 << 33  # 2000, 2242

Figures = tuple[float, float, float, float, float]
"""open, high, low, close, volume"""


def windows(start: datetime, end: datetime, step: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """``start`` to ``end`` in spans of ``step``, oldest first."""
    while start < end:
        yield start, min(start + step, end)
        start += step


def candle(what: str, opened: object, figures: Sequence[object]) -> Candle:
    """The candle of one row; all cells are texts with numbers. Raises InvalidAnswer."""
    second, (opening, high, low, close, volume) = _second(what, opened), _figures(what, figures)
    if not 0 < low <= min(opening, close) <= max(opening, close) <= high < math.inf:
        msg = f"{what}: prices contradict each other at {second}: {(opening, high, low, close)}"
        raise InvalidAnswer(msg)
    if not 0 <= volume < math.inf:
        msg = f"{what}: the volume at {second} is {volume}"
        raise InvalidAnswer(msg)
    return Candle(datetime.fromtimestamp(second, UTC), opening, high, low, close, volume)


def _second(what: str, cell: object) -> int:
    if isinstance(cell, str) and cell.isascii() and cell.isdecimal():
        second = int(cell[:12])
        if _EARLIEST_S <= second < _LATEST_S:
            return second
    msg = f"{what}: a candle opens at {str(cell)[:30]!r}, which is no time in epoch seconds"
    raise InvalidAnswer(msg)


def _figures(what: str, cells: Sequence[object]) -> Figures:
    try:
        opening, high, low, close, volume = (_number(cell) for cell in cells)
    except (TypeError, ValueError):
        msg = f"{what}: a candle's figures are {str(list(cells))[:120]}"
        raise InvalidAnswer(msg) from None
    return opening, high, low, close, volume


def _number(cell: object) -> float:
    if not isinstance(cell, str):
        raise TypeError(type(cell).__name__)
    number = float(cell)
    if not math.isfinite(number):
        raise ValueError(cell)
    return number


def closed(
    what: str,
    candles: Iterable[Candle],
    timeframe: Timeframe,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    week_offset: timedelta,
) -> tuple[Candle, ...]:
    """Those of the span that have closed, ascending, each once.

    Raises InvalidAnswer for one beside the grid, and for two that differ about the same moment.
    """
    found: dict[datetime, Candle] = {}
    for each in candles:
        if each.opened_at + timeframe.length > now:
            continue  # it still changes
        if bucket_start(each.opened_at, timeframe, week_offset) != each.opened_at:
            msg = f"{what}: no {timeframe} candle opens at {each.opened_at.isoformat()}"
            raise InvalidAnswer(msg)
        if found.setdefault(each.opened_at, each) != each:
            msg = f"{what}: two different candles open at {each.opened_at.isoformat()}"
            raise InvalidAnswer(msg)
    return tuple(each for at, each in sorted(found.items()) if start <= at < end)
