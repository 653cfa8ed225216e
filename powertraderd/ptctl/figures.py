"""Figures as people read them. Unknown is "-", never 0."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

UNKNOWN = "-"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_EXACT_BELOW = 10


def pick(data: object, *path: str) -> Any:  # noqa: ANN401 - whatever the answer holds there
    """The value at ``path`` inside nested answers; None where any step is missing."""
    for key in path:
        if not isinstance(data, Mapping):
            return None
        data = data.get(key)
    return data


def decimal(value: object) -> Decimal | None:
    """A figure out of an answer, which may be text, a number, or unknown."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def money(value: object, *, signed: bool = False) -> str:
    """Quote currency with two decimals: 1,234.50."""
    number = decimal(value)
    return UNKNOWN if number is None else _two_places(number, signed=signed)


def with_unit(shown: str, unit: object) -> str:
    """A figure with its unit, where both are known."""
    return shown if shown == UNKNOWN or not unit else f"{shown} {unit}"


def price(value: object) -> str:
    """A price with the decimals that its size deserves: 42,010.50, 0.5123, 0.00001234."""
    number = decimal(value)
    if number is None:
        return UNKNOWN
    places = 2 if abs(number) >= 1000 or not number else min(8, max(2, 3 - number.adjusted()))  # noqa: PLR2004 - thousands
    return format(number, f",.{places}f")


def quantity(value: object) -> str:
    """A coin's quantity with at most eight decimals and no trailing zeros."""
    return _decimals(decimal(value), 8)


def short_quantity(value: object) -> str:
    """A coin's quantity to seven digits, or the whole coins where there are more."""
    number = decimal(value)
    return _decimals(number, 0 if number is None else max(0, min(8, 6 - number.adjusted())))


def _decimals(number: Decimal | None, places: int) -> str:
    if number is None:
        return UNKNOWN
    text = format(number, f",.{places}f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(value: object, *, signed: bool = True) -> str:
    """Percent with two decimals: +1.25%."""
    number = decimal(value)
    return UNKNOWN if number is None else _two_places(number, signed=signed).replace(",", "") + "%"


def _two_places(number: Decimal, *, signed: bool) -> str:
    """What rounds to nothing has no minus."""
    shown = format(number, "+,.2f" if signed else ",.2f")
    return shown.replace("-", "+" if signed else "") if shown == "-0.00" else shown


def count(value: object) -> str:
    """A whole number."""
    number = decimal(value)
    return UNKNOWN if number is None else format(number, ",.0f")


def duration(seconds: object) -> str:
    """Two units at most: 0.3 s, 45 s, 3 m 20 s, 2 h 05 m, 4 d 3 h."""
    number = decimal(seconds)
    if number is None:
        return UNKNOWN
    if abs(number) < _EXACT_BELOW:
        return f"{number:.1f} s"
    whole = int(number)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} m {whole % _MINUTE:02} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} m"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def moment(value: object, *, year: bool = True) -> str:
    """A time in UTC, to the second: 2024-03-01 12:00:05 (without ``year``: 03-01 12:00)."""
    return _time(value, "%Y-%m-%d %H:%M:%S" if year else "%m-%d %H:%M")


def day(value: object) -> str:
    """A date in UTC: 2024-03-01."""
    return _time(value, "%Y-%m-%d")


def _time(value: object, form: str) -> str:
    if not isinstance(value, str):
        return UNKNOWN
    try:
        return datetime.fromisoformat(value).astimezone(UTC).strftime(form)
    except ValueError:
        return value


def text(value: object) -> str:
    """Any word; nothing said is unknown."""
    return UNKNOWN if value in (None, "") else " ".join(str(value).split())
