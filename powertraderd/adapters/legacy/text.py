"""Reading the desktop bot's files: JSON, and JSON lines of which the last one may be torn."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
from pathlib import Path
from typing import Any

from powertraderd.adapters.legacy.finding import LegacyDamaged

Row = dict[str, Any]
_LATEST = Decimal(4_102_444_800)  # the year 2100; what lies beyond is no time


def read_text(path: Path, name: str) -> str:
    """The file. Raises FileNotFoundError, and LegacyDamaged under ``name``."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise LegacyDamaged(name, "is not text") from None
    except FileNotFoundError:
        raise
    except OSError as error:
        raise LegacyDamaged(name, f"cannot be read ({error.strerror})") from None


def read_object(path: Path, name: str) -> Row:
    """A JSON object, its numbers exact. Raises FileNotFoundError and LegacyDamaged."""
    return _object(read_text(path, name), name, None)


def read_rows(path: Path, name: str) -> Iterator[tuple[int, Row | LegacyDamaged]]:
    """Every line that is not empty: its number and what it holds, or what is wrong with it."""
    for number, line in enumerate(read_text(path, name).splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield number, _object(line, name, number)
        except LegacyDamaged as damaged:
            yield number, damaged


def _object(text: str, name: str, line: int | None) -> Row:
    try:
        given = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except json.JSONDecodeError as error:
        what = f"is not whole JSON ({error.msg} at column {error.colno})"
        raise LegacyDamaged(name, what, line or error.lineno) from None
    except (ValueError, RecursionError):
        raise LegacyDamaged(name, "is not JSON", line) from None
    if not isinstance(given, dict):
        raise LegacyDamaged(name, "is not a JSON object", line)
    return given


def number(row: Row, key: str) -> Decimal:
    """A finite number. Raises ValueError that names the key."""
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, Decimal) or not value.is_finite():
        msg = f"{key} = {_shown(value)} is no number"
        raise ValueError(msg)
    return value


def optional_number(row: Row, key: str) -> Decimal | None:
    """A number, or None where there is none."""
    return None if row.get(key) is None else number(row, key)


def words(row: Row, key: str) -> str:
    """A text that is not empty. Raises ValueError that names the key."""
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        msg = f"{key} = {_shown(value)} is no text"
        raise ValueError(msg)
    return value.strip()


def moment(row: Row, key: str = "ts") -> datetime:
    """Epoch seconds as aware UTC. Raises ValueError that names the key."""
    seconds = number(row, key)
    try:
        if 0 < seconds < _LATEST:
            return datetime.fromtimestamp(float(seconds), UTC)
    except DecimalException:
        pass
    msg = f"{key} = {seconds} is no time"
    raise ValueError(msg)


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(str(value))
