"""What an order gets from a ladder; pure (FAKE_EXCHANGE.md, 5)."""

from dataclasses import dataclass
from decimal import Decimal

from powertraderd.testing.fakex.figures import DECIMALS, MATH, ZERO, truncated
from powertraderd.testing.fakex.market import Ladder


@dataclass(frozen=True, slots=True)
class Part:
    """One execution: ``value`` is ``size`` x ``price`` to the last digit."""

    price: Decimal
    size: Decimal
    value: Decimal


def spend(ladder: Ladder, value: Decimal, fills: int) -> tuple[list[Part], bool]:
    """Walk ``ladder`` until ``value`` of quote currency is spent.

    Returns the parts, and whether the ladder sufficed. Sizes are cut so finely that no value has
    more than 16 decimals: what little is left over is never spent.
    """
    parts: list[Part] = []
    left = value
    for price, size in ladder:
        take = min(size, truncated(MATH.divide(left, price), _size_decimals(price)))
        parts += _split(price, take, fills)
        left = MATH.subtract(left, MATH.multiply(take, price))
        if take < size:
            return parts, True
    return parts, left == 0


def trade(
    ladder: Ladder, size: Decimal, fills: int, limit: Decimal | None = None, side: str = ""
) -> tuple[list[Part], Decimal]:
    """Walk ``ladder`` for ``size`` of the coin, not beyond ``limit``: parts and the rest."""
    parts: list[Part] = []
    left = size
    for price, offered in ladder:
        beyond = limit is not None and (price > limit if side == "BUY" else price < limit)
        if beyond or not left:
            break
        take = min(offered, left)
        parts += _split(price, take, fills)
        left = MATH.subtract(left, take)
    return parts, left


def _size_decimals(price: Decimal) -> int:
    """So many decimals may a size have that its value has at most 16."""
    exponent = price.normalize().as_tuple().exponent
    return DECIMALS + min(int(exponent), 0)


def _split(price: Decimal, size: Decimal, fills: int) -> list[Part]:
    """``size`` in ``fills`` parts, so that nobody relies on a single one; no part is empty."""
    share = truncated(MATH.divide(size, Decimal(fills)), _size_decimals(price))
    sizes = [share] * (fills - 1) if share else []
    sizes.append(MATH.subtract(size, MATH.multiply(share, Decimal(len(sizes)))))
    return [Part(price, each, MATH.multiply(each, price)) for each in sizes if each > ZERO]
