"""Files of 1-hour candles: CSV or CSV.gz, columns found by their names in the first line.

Columns ``time`` (epoch seconds at which the hour opened), ``open``, ``high``, ``low``, ``close``
and ``volume``; other columns are ignored. Rows ascend by time without repetition; a missing hour
is a gap. Anything that cannot be true is refused with file, line, column and remedy.
"""

import csv
import gzip
import math
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO, cast

from powertraderd.adapters.hours import Hours
from powertraderd.errors import ConfigError
from powertraderd.model.candle import HOUR_S

COLUMNS = ("time", "open", "high", "low", "close", "volume")
_LATEST_S = 1 << 33
_PRICES = ("open", "high", "low", "close")


def read_hours(path: Path) -> Hours:
    """All candles of the file. Raises ConfigError."""
    hours = Hours()
    try:
        with _opened(path) as file:
            _read_into(hours, csv.reader(file, strict=True), path)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        msg = f"{path}: cannot be read ({error}); replace it by an undamaged CSV or CSV.gz file"
        raise ConfigError(msg) from None
    if not hours:
        msg = f"{path}: has no candles; add rows below the header or remove the file"
        raise ConfigError(msg)
    return hours


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8-sig", newline=""))
    return path.open(encoding="utf-8-sig", newline="")


def _read_into(hours: Hours, rows: Iterator[list[str]], path: Path) -> None:
    """The fast way through good rows; `_problem` looks closer at the first bad one."""
    header = [name.strip().lower() for name in next(rows, [])]
    at = _places(header, path)
    last = -1
    for line, row in enumerate(rows, start=2):
        try:
            second = int(row[at[0]])
            opened, high, low = float(row[at[1]]), float(row[at[2]]), float(row[at[3]])
            close, volume = float(row[at[4]]), float(row[at[5]])
            possible = (
                last < second < _LATEST_S
                and second % HOUR_S == 0
                and 0 < low <= opened <= high < math.inf
                and low <= close <= high
                and 0 <= volume < math.inf
                and len(row) == len(header)
            )
        except (ValueError, IndexError):
            possible = False
        if not possible:
            column, what = _problem(header, row, last)
            msg = f"{path}: line {line}, column {column}: {what}; mend or remove the row"
            raise ConfigError(msg)
        hours.append(second, (opened, high, low, close, volume))
        last = second


def _places(header: Sequence[str], path: Path) -> tuple[int, ...]:
    """Where COLUMNS stand in a row."""
    for column in COLUMNS:
        if header.count(column) != 1:
            found = "is missing" if column not in header else "appears more than once"
            msg = (
                f"{path}: line 1, column {column}: {found}; "
                f"the first line must name {', '.join(COLUMNS)}"
            )
            raise ConfigError(msg)
    return tuple(header.index(column) for column in COLUMNS)


def _problem(header: Sequence[str], row: Sequence[str], last: int) -> tuple[str, str]:
    """The first column that is wrong, and what is wrong with it."""
    if len(row) != len(header):
        return header[min(len(row), len(header) - 1)], f"{len(row)} fields, not {len(header)}"
    cells = dict(zip(header, row, strict=True))
    return _time_problem(cells["time"], last) or _number_problem(cells) or _shape_problem(cells)


def _time_problem(cell: str, last: int) -> tuple[str, str] | None:
    try:
        second = int(cell)
    except ValueError:
        return "time", f"{cell!r} is not a whole number of epoch seconds"
    if not 0 <= second < _LATEST_S:
        return "time", f"{cell} is not a time in epoch seconds (milliseconds?)"
    if second % HOUR_S:
        return "time", f"{cell} is not the start of an hour"
    if second <= last:
        return "time", f"{cell} does not come after {last} of the row before"
    return None


def _number_problem(cells: dict[str, str]) -> tuple[str, str] | None:
    for column in COLUMNS[1:]:
        try:
            value = float(cells[column])
        except ValueError:
            return column, f"{cells[column]!r} is not a number"
        if not math.isfinite(value) or value < 0 or (value == 0 and column in _PRICES):
            kind = "a price above zero" if column in _PRICES else "a volume of zero or more"
            return column, f"{cells[column]} is not {kind}"
    return None


def _shape_problem(cells: dict[str, str]) -> tuple[str, str]:
    """Called when every cell is a number of its own kind, so the four prices contradict."""
    prices = {column: float(cells[column]) for column in _PRICES}
    if prices["high"] < max(prices.values()):
        return "high", f"{cells['high']} is below another price of the same hour"
    return "low", f"{cells['low']} is above another price of the same hour"
