"""The paper exchange: real rules, invented money, prices of any market.

It keeps a book of its own, as an exchange would: an order is in it before `place` returns, and it
outlives the trader. An order is filled at the quote of its moment, in two or three fills that
show, together with their effect on the balances, ``latency_ms`` of market time later.
"""

import random
import sqlite3
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from pathlib import Path

from powertraderd.adapters import paper_matching
from powertraderd.adapters.paper_matching import Part
from powertraderd.adapters.sqlite import paper_rows
from powertraderd.adapters.sqlite.cells import microseconds
from powertraderd.adapters.sqlite.database import Writer
from powertraderd.adapters.sqlite.paper_accounts import Move, PaperAccounts
from powertraderd.adapters.sqlite.paper_rows import Accepted
from powertraderd.clock import Clock
from powertraderd.errors import PowertraderError
from powertraderd.model.candle import Coin
from powertraderd.model.money import EXACT
from powertraderd.model.order import (
    Fill,
    OrderIntent,
    OrderReport,
    OrderSide,
    Placed,
    Placement,
    Refused,
)
from powertraderd.model.product import Product
from powertraderd.model.quote import Quote
from powertraderd.ports import QuoteSource
from powertraderd.settings import PaperSettings

_FEWEST_FILLS, _MOST_FILLS = 2, 3


class PaperBroker:
    """Broker on paper.db."""

    def __init__(
        self,
        market: QuoteSource,
        clock: Clock,
        settings: PaperSettings,
        *,
        book: Path,
        quote: str,
        coins: Sequence[Coin],
    ) -> None:
        """Open or begin the book with ``settings.starting_cash`` of ``quote``.

        Raises StoreDamaged, StoreTooNew, StoreUnavailable, ConfigError for a book in another
        currency, InvariantBroken where balances are not what deposits and fills add up to.
        """
        self._market = market
        self._clock = clock
        self._fee_rate = EXACT.divide(settings.taker_fee_pct, Decimal(100))
        self._latency = timedelta(milliseconds=settings.latency_ms)
        self._seed = settings.seed
        self._quote = quote
        self._accounts = PaperAccounts(quote)
        self._coins = {f"{coin}-{quote}": coin for coin in coins}
        self._file = Writer(book, paper_rows.SCHEMA)
        try:
            with self._file.transaction() as connection:
                self._accounts.begin(connection, settings.starting_cash, clock.now())
                self._accounts.prove(connection)
        except PowertraderError:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the book; nothing is pending."""
        self._file.close()

    # -- what the exchange tells

    def verify_key(self) -> None:
        """There is no key."""

    def quotes(self, coins: Sequence[Coin]) -> Mapping[Coin, Quote]:
        """The market's quotes."""
        return self._market.quotes(coins)

    def products(self, coins: Sequence[Coin]) -> Mapping[Coin, Product]:
        """Products of configured coins; one without a price so far is missing."""
        found = {coin: self._product(f"{coin}-{self._quote}") for coin in coins}
        return {coin: product for coin, product in found.items() if product is not None}

    def balances(self) -> Mapping[str, Decimal]:
        """Total holdings by currency; what has not settled has not moved yet."""
        with self._file.snapshot() as connection:
            return self._accounts.totals(connection, self._clock.now())

    def fee_rate(self) -> Decimal:
        """The taker fee as a fraction."""
        return self._fee_rate

    def clock_skew(self) -> float:
        """None: this exchange goes by our clock."""
        return 0.0

    def order(self, order_id: str) -> OrderReport | None:
        """The order, or None for an unknown id."""
        with self._file.snapshot() as connection:
            reports = paper_rows.read_reports(
                connection, self._clock.now(), paper_rows.BY_ORDER_ID, order_id
            )
        return next(iter(reports), None)

    def orders_since(self, product_id: str, start: datetime) -> tuple[OrderReport, ...]:
        """All orders of a product created at or after ``start``, oldest first."""
        with self._file.snapshot() as connection:
            return paper_rows.read_reports(
                connection,
                self._clock.now(),
                paper_rows.OF_PRODUCT_SINCE,
                product_id,
                microseconds(start),
            )

    def fills(self, order_id: str) -> tuple[Fill, ...]:
        """All fills of an order that show by now, oldest first."""
        with self._file.snapshot() as connection:
            return paper_rows.read_fills(connection, self._clock.now(), order_id)

    # -- placing

    def place(self, intent: OrderIntent) -> Placement:
        """Take the order or refuse it; a known client order id returns its first order."""
        product = self._product(intent.product_id)
        quote = self._market.quotes([intent.coin]).get(intent.coin)
        with self._file.transaction() as connection:
            known = paper_rows.read_order_id(connection, intent.client_order_id)
            if known is not None:
                return Placed(known)
            if self._coins.get(intent.product_id) != intent.coin:
                return Refused("INVALID_PRODUCT_ID", f"{intent.product_id} is not traded here")
            if product is None or quote is None:
                return Refused("INVALID_NO_LIQUIDITY", f"{intent.product_id} has no price now")
            spends = self._quote if intent.side is OrderSide.BUY else intent.coin
            available = self._accounts.available(connection, spends, self._clock.now())
            refused = paper_matching.refusal(intent, product, available)
            return refused or self._enter(connection, intent, product, quote)

    def _enter(
        self, connection: sqlite3.Connection, intent: OrderIntent, product: Product, quote: Quote
    ) -> Placed:
        """Put the order, its fills and their effect into the book."""
        source = random.Random(f"{self._seed}/{intent.client_order_id}")  # noqa: S311 - a split
        now = self._clock.now()
        order = Accepted(_uuid(source), intent, now, now + self._latency)
        parts = paper_matching.filled(intent, product, quote, self._fee_rate, _shares(source))
        paper_rows.insert_order(connection, order)
        paper_rows.insert_fills(connection, order, [(_uuid(source), part) for part in parts])
        self._accounts.apply(connection, _move(intent, parts))
        return Placed(order.order_id)

    def _product(self, product_id: str) -> Product | None:
        """The product; its increments are fixed when its first price is seen."""
        coin = self._coins.get(product_id)
        if coin is None:
            return None
        with self._file.snapshot() as connection:
            known = paper_rows.read_product(connection, product_id)
        quote = None if known else self._market.quotes([coin]).get(coin)
        if known or quote is None:
            return known
        product = paper_matching.product_at(product_id, coin, quote.bid)
        with self._file.transaction() as connection:
            paper_rows.insert_product(connection, product)
        return product


def _move(intent: OrderIntent, parts: Sequence[Part]) -> Move:
    """What the fills of one order add up to."""
    return Move(
        coin=intent.coin,
        side=intent.side,
        quantity=_sum(part.quantity for part in parts),
        value=_sum(part.value for part in parts),
        fee=_sum(part.fee for part in parts),
    )


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return reduce(EXACT.add, amounts, Decimal(0))


def _shares(source: random.Random) -> list[Decimal]:
    """Fractions of all fills but the last one, 10 to 40 percent each."""
    fills = source.randint(_FEWEST_FILLS, _MOST_FILLS)
    return [Decimal(source.randint(10, 40)).scaleb(-2) for _ in range(fills - 1)]


def _uuid(source: random.Random) -> str:
    return str(uuid.UUID(int=source.getrandbits(128), version=4))
