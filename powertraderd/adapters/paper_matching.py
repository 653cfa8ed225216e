"""How the paper exchange judges and fills market orders: pure, exact to the last digit."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from powertraderd.adapters.spread import price_step
from powertraderd.model.candle import Coin
from powertraderd.model.money import EXACT, ZERO_BASE, Base, Price, Usd, ceil_to, floor_to
from powertraderd.model.order import OrderIntent, OrderSide, Refused
from powertraderd.model.product import Product
from powertraderd.model.quote import Quote

FINEST = Decimal("1e-16")
"""The finest step of sizes, values and fees that the exchange reports."""

_MINIMUM_QUOTE, _MAXIMUM_QUOTE = Decimal(1), Decimal(10_000_000)
_BASE_INCREMENTS = (
    (Decimal(100), Decimal("1e-8")),
    (Decimal(1), Decimal("1e-6")),
    (Decimal("0.01"), Decimal("0.1")),
)
_COARSEST_BASE_INCREMENT = Decimal(1)


@dataclass(frozen=True, slots=True)
class Part:
    """One fill of an order."""

    quantity: Base
    price: Price
    value: Usd
    fee: Usd


def product_at(product_id: str, coin: Coin, price: Price) -> Product:
    """Increments and minimums as an exchange would choose them for a coin of this price."""
    base_increment = next(
        (increment for least, increment in _BASE_INCREMENTS if price >= least),
        _COARSEST_BASE_INCREMENT,
    )
    return Product(
        product_id=product_id,
        coin=coin,
        base_increment=base_increment,
        quote_increment=price_step(price),
        base_min_size=base_increment,
        quote_min_size=_MINIMUM_QUOTE,
        base_max_size=None,
        quote_max_size=_MAXIMUM_QUOTE,
        closed_because="",
    )


def refusal(intent: OrderIntent, product: Product, available: Decimal) -> Refused | None:
    """Why the exchange does not take the order; the codes are Coinbase's. None: it does.

    ``available``: of the currency that the order spends. The first broken rule wins.
    """
    buys = intent.side is OrderSide.BUY
    size = intent.quote_size if buys else intent.base_size
    if size is None or (intent.quote_size is not None) == (intent.base_size is not None):
        return Refused(
            "UNSUPPORTED_ORDER_CONFIGURATION",
            "a market buy takes quote_size alone, a market sell base_size alone",
        )
    if not (size.is_finite() and size > 0):
        return Refused("INVALID_REQUEST", f"size {size} is not above zero")
    increment = product.quote_increment if buys else product.base_increment
    if floor_to(size, increment) != size:
        return Refused("INVALID_SIZE_PRECISION", f"size {size} is no multiple of {increment}")
    return _limit(size, product, buys=buys) or _funds(size, available)


def _limit(size: Decimal, product: Product, *, buys: bool) -> Refused | None:
    least = product.quote_min_size if buys else product.base_min_size
    if size < least:
        return Refused("INVALID_REQUEST", f"size {size} is below the minimum {least}")
    most = product.quote_max_size if buys else product.base_max_size
    if most is not None and size > most:
        return Refused("INVALID_REQUEST", f"size {size} is above the maximum {most}")
    return None


def _funds(size: Decimal, available: Decimal) -> Refused | None:
    if size <= available:
        return None
    return Refused("INSUFFICIENT_FUND", f"size {size}, available {available}")


def filled(
    intent: OrderIntent,
    product: Product,
    quote: Quote,
    fee_rate: Decimal,
    shares: Sequence[Decimal],
) -> list[Part]:
    """The fills of an order that was not refused: buys at the ask, sells at the bid.

    ``shares`` are the fractions of the fills before the last one.
    """
    if intent.quote_size is not None:
        return _bought(intent.quote_size, quote.ask, fee_rate, shares)
    quantities = _split(intent.base_size or ZERO_BASE, shares, product.base_increment)
    return [_sold(quantity, quote.bid, fee_rate) for quantity in quantities if quantity]


def _bought(
    quote_size: Usd, ask: Price, fee_rate: Decimal, shares: Sequence[Decimal]
) -> list[Part]:
    """Fees are inside: value = size / (1 + rate); values and fees add up to the size exactly."""
    value = floor_to(EXACT.divide(quote_size, EXACT.add(Decimal(1), fee_rate)), FINEST)
    fee = EXACT.subtract(quote_size, value)
    values, fees = _split(value, shares, FINEST), _split(fee, shares, FINEST)
    return [
        Part(Base(floor_to(EXACT.divide(part, ask), FINEST)), ask, Usd(part), Usd(part_fee))
        for part, part_fee in zip(values, fees, strict=True)
    ]


def _sold(quantity: Decimal, bid: Price, fee_rate: Decimal) -> Part:
    value = EXACT.multiply(quantity, bid)
    fee = ceil_to(EXACT.multiply(value, fee_rate), FINEST)
    return Part(Base(quantity), bid, Usd(value), Usd(fee))


def _split(whole: Decimal, shares: Sequence[Decimal], step: Decimal) -> list[Decimal]:
    """``whole`` in parts on ``step``; the last one is what the others leave."""
    parts = [floor_to(EXACT.multiply(whole, share), step) for share in shares]
    rest = whole
    for part in parts:
        rest = EXACT.subtract(rest, part)
    return [*parts, rest]
