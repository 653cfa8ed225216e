"""Decimal figures of the exchange; its own, so that it shares no mistake with the daemon."""

import re
from decimal import ROUND_DOWN, Context, Decimal

MATH = Context(prec=60, rounding=ROUND_DOWN)
DECIMALS = 16
"""The finest figure that is told."""
ZERO = Decimal(0)

_PLAIN = re.compile(r"\d{1,30}(\.\d{1,30})?")


def text(value: Decimal) -> str:
    """Plain text, cut after 16 decimals, without trailing zeros."""
    cut = truncated(value, DECIMALS)
    shown = format(cut, "f")
    if "." in shown:
        shown = shown.rstrip("0").rstrip(".")
    return shown or "0"


def truncated(value: Decimal, decimals: int) -> Decimal:
    """``value`` cut after so many decimals."""
    return value.quantize(Decimal(1).scaleb(-decimals), context=MATH)


def parsed(value: object) -> Decimal | None:
    """A plain decimal string above zero, as an order must have it; None for anything else."""
    if not isinstance(value, str) or not _PLAIN.fullmatch(value):
        return None
    number = Decimal(value)
    return number if number > 0 else None


def is_multiple(value: Decimal, increment: Decimal) -> bool:
    """Whether ``value`` is a whole multiple of ``increment``."""
    return MATH.remainder(value, increment) == 0


def total(amounts: "list[Decimal]") -> Decimal:
    """The exact sum."""
    result = ZERO
    for amount in amounts:
        result = MATH.add(result, amount)
    return result
