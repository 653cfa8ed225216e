"""How values stand in a cell of our files.

Decimals are plain text (never REAL), moments are whole microseconds since the epoch (exact, small,
and easy to compare), choices are their names, everything nested is JSON text.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

from powertraderd.errors import InvariantBroken
from powertraderd.model.candle import EPOCH
from powertraderd.model.money import Base, Price, Usd, plain
from powertraderd.model.position import Trail

_MICROSECOND = timedelta(microseconds=1)
Choice = TypeVar("Choice", bound=StrEnum)
Value = TypeVar("Value")


class Undecodable(ValueError):
    """A cell holds something that we never write there."""


def optional(decode: Callable[[object], Value], cell: object) -> Value | None:
    """What ``decode`` makes of a cell that may be NULL."""
    return None if cell is None else decode(cell)


def text_of(value: Decimal) -> str:
    """A Decimal as text, exactly. Raises InvariantBroken for NaN and infinity."""
    if not value.is_finite():
        msg = f"{value} is no amount; nothing was written"
        raise InvariantBroken(msg)
    return plain(value)


def optional_text_of(value: Decimal | None) -> str | None:
    """A Decimal as text, None as NULL."""
    return None if value is None else text_of(value)


def decimal_of(cell: object) -> Decimal:
    """The Decimal of a text cell."""
    try:
        value = Decimal(cell) if isinstance(cell, str) else None
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite():
        msg = f"{cell!r} where an amount belongs"
        raise Undecodable(msg)
    return value


def usd_of(cell: object) -> Usd:
    """An amount of the quote currency."""
    return Usd(decimal_of(cell))


def base_of(cell: object) -> Base:
    """A quantity of a coin."""
    return Base(decimal_of(cell))


def price_of(cell: object) -> Price:
    """A price."""
    return Price(decimal_of(cell))


def microseconds(moment: datetime) -> int:
    """An aware moment as whole microseconds since the epoch."""
    return (moment - EPOCH) // _MICROSECOND


def moment_of(cell: object) -> datetime:
    """The moment of an integer cell."""
    try:
        return EPOCH + int(str(cell)) * _MICROSECOND
    except (ValueError, OverflowError) as error:
        msg = f"{cell!r} where a time belongs"
        raise Undecodable(msg) from error


def choice_of(kind: type[Choice], cell: object) -> Choice:
    """The member of ``kind`` that a text cell names."""
    try:
        return kind(str(cell))
    except ValueError as error:
        raise Undecodable(str(error)) from error


def json_of(value: object) -> str:
    """Nested plain data as JSON text."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def mapping_of(cell: object) -> dict[str, str]:
    """The text-to-text mapping of a JSON cell."""
    value = _parsed(cell)
    if not isinstance(value, dict):
        msg = f"{cell!r} where a JSON object belongs"
        raise Undecodable(msg)
    return {key: str(inner) for key, inner in value.items()}


def moments_json(moments: tuple[datetime, ...]) -> str:
    """Several moments in one cell."""
    return json_of([microseconds(moment) for moment in moments])


def moments_of(cell: object) -> tuple[datetime, ...]:
    """The moments of a cell made by moments_json."""
    value = _parsed(cell)
    if not isinstance(value, list):
        msg = f"{cell!r} where a list of times belongs"
        raise Undecodable(msg)
    return tuple(moment_of(inner) for inner in value)


def trail_json(trail: Trail) -> str:
    """A trailing exit in one cell."""
    peak, line = optional_text_of(trail.peak), optional_text_of(trail.line)
    return json_of([trail.armed, peak, line, trail.was_above])


def trail_of(cell: object) -> Trail:
    """The trailing exit of a cell made by trail_json."""
    match _parsed(cell):
        case [bool(armed), peak, line, bool(was_above)]:
            return Trail(armed, optional(price_of, peak), optional(price_of, line), was_above)
        case _:
            msg = f"{cell!r} where a trailing exit belongs"
            raise Undecodable(msg)


def _parsed(cell: object) -> object:
    try:
        return json.loads(str(cell))
    except ValueError as error:
        msg = f"{cell!r} where JSON belongs"
        raise Undecodable(msg) from error
