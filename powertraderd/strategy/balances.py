"""Whether the venue holds what the books say is there (EXCHANGE.md, rule 5).

Books are exact; a venue may round what it shows. Less than one increment of the product can neither
be ordered nor sold, so that much is rounding and not a difference. One increment or more is one.
Where the increment is not known, only equality will do.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from powertraderd.model.candle import Coin
from powertraderd.model.money import EXACT, plain
from powertraderd.model.position import Books
from powertraderd.model.product import Product

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Holdings:
    """What belongs to whom: on a shared account more than the ledger's may lie beside it."""

    quote: str
    coins: tuple[Coin, ...]
    shared: bool


def differences(
    books: Books,
    balances: Mapping[str, Decimal],
    holdings: Holdings,
    products: Mapping[Coin, Product],
) -> Iterator[str]:
    """Why ``books`` and ``balances`` (by currency) do not agree, in words; none when they do.

    Less than the ledger's is always a difference, more only where nobody else trades.
    """
    steps = _steps(products, holdings.quote)
    for currency, expected in _expected(books, holdings).items():
        held = balances.get(currency, ZERO)
        apart = EXACT.subtract(held, expected)
        rounding = abs(apart) < steps.get(currency, ZERO)
        if not apart or rounding or (apart > 0 and holdings.shared):
            continue
        word = "missing" if apart < 0 else "too much"
        yield (
            f"{currency}: the venue holds {plain(held)}, the ledger says {plain(expected)}: "
            f"{plain(abs(apart))} {word}"
        )


def _steps(products: Mapping[Coin, Product], quote: str) -> dict[str, Decimal]:
    """The increment of each currency; of the quote currency the finest that a product has."""
    steps: dict[str, Decimal] = {coin: each.base_increment for coin, each in products.items()}
    if products:
        steps[quote] = min(each.quote_increment for each in products.values())
    return steps


def _expected(books: Books, holdings: Holdings) -> dict[str, Decimal]:
    expected: dict[str, Decimal] = {holdings.quote: books.cash}
    for coin in {*holdings.coins, *books.positions, *books.dust}:
        position = books.positions.get(coin)
        held: Decimal = position.quantity if position else ZERO
        expected[coin] = EXACT.add(held, books.dust.get(coin, ZERO))
    return expected
