"""Figures out of the supervisor's status document, where any of them may be missing."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

Status = Mapping[str, Any]

_HUNDRED = 100


def figure(value: object) -> Decimal | None:
    """A figure of the status, which may be a number or decimal text; None where it is unknown."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def ratio(percent: object) -> Decimal | None:
    """A percentage of the status as a fraction."""
    value = figure(percent)
    return None if value is None else value / _HUNDRED


def age_s(now: datetime, moment: object) -> float | None:
    """Market seconds since ``moment`` (ISO text); None where it is unknown."""
    if not isinstance(moment, str):
        return None
    return (now - datetime.fromisoformat(moment)).total_seconds()
