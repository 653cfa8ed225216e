"""Bid and ask around a middle price, for markets that know only one price."""

from datetime import datetime
from decimal import Decimal

from powertraderd.model.candle import Coin
from powertraderd.model.money import EXACT, Price, ceil_to, floor_to, price_from_float
from powertraderd.model.quote import Quote

_CENT_EXPONENT = -2
_LEAST_DIGITS = 5


def price_step(price: Decimal) -> Decimal:
    """The step of quoted prices: a cent, finer where that leaves less than five digits."""
    return Decimal(1).scaleb(min(_CENT_EXPONENT, price.adjusted() - _LEAST_DIGITS + 1))


def quote_around(coin: Coin, middle: float, spread_pct: Decimal, at: datetime) -> Quote:
    """``middle`` less and plus half of ``spread_pct``; the bid rounds down, the ask up."""
    price = price_from_float(middle)
    step = price_step(price)
    half = EXACT.divide(EXACT.multiply(price, spread_pct), Decimal(200))
    bid = floor_to(EXACT.subtract(price, half), step)
    ask = ceil_to(EXACT.add(price, half), step)
    return Quote(coin=coin, bid=Price(bid), ask=Price(ask), at=at)
