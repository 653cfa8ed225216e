"""Money and quantities: Decimal with a name for each unit, never float.

``price_from_float`` is the one border between model arithmetic (float64) and money (Decimal).
"""

from decimal import ROUND_DOWN, Context, Decimal
from typing import NewType

Usd = NewType("Usd", Decimal)
"""An amount of the quote currency."""
Base = NewType("Base", Decimal)
"""A quantity of a coin."""
Price = NewType("Price", Decimal)
"""Quote currency per coin."""

EXACT = Context(prec=60, rounding=ROUND_DOWN)
"""Sums and products of exchange figures (16 decimals each) fit into 60 digits without rounding."""
_RATIO = Context(prec=28)

ZERO_USD = Usd(Decimal(0))
ZERO_BASE = Base(Decimal(0))


def floor_to(value: Decimal, increment: Decimal) -> Decimal:
    """``value`` rounded down to a whole multiple of ``increment`` (> 0)."""
    return EXACT.multiply(EXACT.divide_int(value, increment), increment)


def ceil_to(value: Decimal, increment: Decimal) -> Decimal:
    """``value`` rounded up to a whole multiple of ``increment`` (> 0)."""
    below = floor_to(value, increment)
    return below if below >= value else EXACT.add(below, increment)


def ratio(part: Decimal, whole: Decimal) -> Decimal:
    """``part / whole`` to 28 digits whatever the caller's decimal context; never for the books."""
    return _RATIO.divide(part, whole)


def plain(value: Decimal) -> str:
    """Decimal text without an exponent (an exchange refuses 1e-05) and without trailing zeros."""
    if not value:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def price_from_float(value: float) -> Price:
    """A model figure as money: the shortest decimal that means the same float64."""
    return Price(Decimal(repr(float(value))))  # float: numpy's own scalars print their type
