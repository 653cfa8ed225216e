"""Prices and products of the exchange as our own values. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from powertraderd.adapters.coinbase.answers import PriceBook, ProductAnswer
from powertraderd.model.candle import Coin
from powertraderd.model.money import Price
from powertraderd.model.product import Product
from powertraderd.model.quote import Quote

AHEAD = timedelta(seconds=30)
"""A price of a moment that lies further ahead is not believed, whatever the clocks say."""
_FLAGS = (
    "trading_disabled",
    "is_disabled",
    "cancel_only",
    "limit_only",
    "post_only",
    "view_only",
    "auction_mode",
)
_ONLINE = "online"


def quotes(
    books: Iterable[PriceBook], coins: Mapping[str, Coin], now: datetime
) -> dict[Coin, Quote]:
    """Usable quotes of ``coins`` (by product id).

    A book that is one-sided, crossed, without a price, of the future, or there twice in two
    different ways, is no quote: the coin is missing.
    """
    found: dict[Coin, Quote | None] = {}
    for book in books:
        coin = coins.get(book.product_id)
        if coin is None:
            continue
        quote = _quote(coin, book, now)
        found[coin] = quote if found.get(coin, quote) == quote else None
    return {coin: quote for coin, quote in found.items() if quote is not None}


def _quote(coin: Coin, book: PriceBook, now: datetime) -> Quote | None:
    if not book.bids or not book.asks or book.time > now + AHEAD:
        return None
    bid = max(level.price for level in book.bids)
    ask = min(level.price for level in book.asks)
    return Quote(coin, Price(bid), Price(ask), book.time) if 0 < bid <= ask else None


def products(
    answers: Iterable[ProductAnswer], coins: Mapping[str, Coin]
) -> Iterator[tuple[Coin, Product]]:
    """The products of ``coins`` (by product id)."""
    for answer in answers:
        coin = coins.get(answer.product_id)
        if coin is not None:
            yield (
                coin,
                Product(
                    product_id=answer.product_id,
                    coin=coin,
                    base_increment=answer.base_increment,
                    quote_increment=answer.quote_increment,
                    base_min_size=answer.base_min_size,
                    quote_min_size=answer.quote_min_size,
                    base_max_size=answer.base_max_size,
                    quote_max_size=answer.quote_max_size,
                    closed_because=_closed_because(answer),
                ),
            )


def _closed_because(answer: ProductAnswer) -> str:
    flag = next((flag for flag in _FLAGS if getattr(answer, flag)), "")
    return flag or ("" if answer.status == _ONLINE else f"status {answer.status[:30]!r}")
