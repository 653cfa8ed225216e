"""What the books are worth at given quotes; unknown while a quote is missing, never zero."""

from collections.abc import Mapping

from powertraderd.model.candle import Coin
from powertraderd.model.money import EXACT, ZERO_USD, Usd
from powertraderd.model.position import Books
from powertraderd.model.quote import Quote


def exposure(books: Books, quotes: Mapping[Coin, Quote]) -> Usd | None:
    """All positions at the bid; None while the quote of one is missing."""
    total = ZERO_USD
    for coin, position in books.positions.items():
        quote = quotes.get(coin)
        if quote is None:
            return None
        total = Usd(EXACT.add(total, EXACT.multiply(position.quantity, quote.bid)))
    return total


def account_value(books: Books, quotes: Mapping[Coin, Quote]) -> Usd | None:
    """Cash plus all positions at the bid; None while the quote of one is missing."""
    positions = exposure(books, quotes)
    return None if positions is None else Usd(EXACT.add(books.cash, positions))
