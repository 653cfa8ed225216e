"""The accounts of the paper exchange, in paper.db: deposits, balances, and their proof."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from powertraderd.adapters.sqlite.cells import (
    choice_of,
    decimal_of,
    microseconds,
    text_of,
)
from powertraderd.errors import ConfigError, InvariantBroken
from powertraderd.model.money import EXACT, plain
from powertraderd.model.order import OrderSide

_ZERO = Decimal(0)
_EVER = -(1 << 62)
"""Before any time that a book can hold."""


@dataclass(frozen=True, slots=True)
class Move:
    """What fills of one side of a coin add up to; value and fee in the quote currency."""

    coin: str
    side: OrderSide
    quantity: Decimal
    value: Decimal
    fee: Decimal

    def effects(self, quote: str) -> tuple[tuple[str, Decimal], tuple[str, Decimal]]:
        """How the move changes the two balances: first what comes in, then what goes out."""
        if self.side is OrderSide.BUY:
            spent = EXACT.add(self.value, self.fee)
            return (self.coin, self.quantity), (quote, EXACT.minus(spent))
        earned = EXACT.subtract(self.value, self.fee)
        return (quote, earned), (self.coin, EXACT.minus(self.quantity))


class PaperAccounts:
    """Balances by currency, kept in ``quote``; every method works inside the caller's transaction.

    The stored balances are those after all orders have settled.
    """

    def __init__(self, quote: str) -> None:
        """Coins are traded for ``quote``."""
        self._quote = quote

    def begin(self, connection: sqlite3.Connection, cash: Decimal, at: datetime) -> None:
        """Deposit ``cash`` once, when the book is new. Raises ConfigError for another currency."""
        row = connection.execute("SELECT currency FROM deposit").fetchone()
        if row is None:
            connection.execute(
                "INSERT INTO deposit (currency, amount, at_us) VALUES (?, ?, ?)",
                (self._quote, text_of(cash), microseconds(at)),
            )
            _add(connection, self._quote, cash)
        elif row["currency"] != self._quote:
            msg = (
                f"paper.db is kept in {row['currency']}, but [trading] quote = {self._quote!r}; "
                "change it back, or name another [paths] state_dir"
            )
            raise ConfigError(msg)

    def apply(self, connection: sqlite3.Connection, move: Move) -> None:
        """Change the balances. Raises InvariantBroken for one that would fall below zero."""
        for currency, amount in move.effects(self._quote):
            if _add(connection, currency, amount) < 0:
                msg = f"paper.db: {currency} would fall below zero; the order was not taken"
                raise InvariantBroken(msg)

    def totals(self, connection: sqlite3.Connection, now: datetime) -> dict[str, Decimal]:
        """Holdings at ``now``: what has not settled has neither come nor gone."""
        totals = _balances(connection)
        for move in _moves(connection, microseconds(now)):
            for currency, amount in move.effects(self._quote):
                totals[currency] = EXACT.subtract(totals[currency], amount)
        return totals

    def available(self, connection: sqlite3.Connection, currency: str, now: datetime) -> Decimal:
        """What may be spent at ``now``: what goes out is held, what comes in is not there yet."""
        available = _balances(connection).get(currency, _ZERO)
        for move in _moves(connection, microseconds(now)):
            (incoming, amount), _ = move.effects(self._quote)
            if incoming == currency:
                available = EXACT.subtract(available, amount)
        return available

    def prove(self, connection: sqlite3.Connection) -> None:
        """Raises InvariantBroken unless deposits and fills add up to the balances exactly."""
        moves = _moves(connection, _EVER)
        expected = _sums([*_deposits(connection), *_effects(moves, self._quote)])
        balances = _balances(connection)
        for currency in sorted({*expected, *balances}):
            stored, computed = balances.get(currency, _ZERO), expected.get(currency, _ZERO)
            if stored != computed:
                msg = (
                    f"paper.db: balance of {currency} is {plain(stored)}, deposits and fills add "
                    f"up to {plain(computed)}; restore it together with ledger.db"
                )
                raise InvariantBroken(msg)


def _effects(moves: Iterable[Move], quote: str) -> Iterator[tuple[str, Decimal]]:
    for move in moves:
        yield from move.effects(quote)


def _deposits(connection: sqlite3.Connection) -> Iterator[tuple[str, Decimal]]:
    for row in connection.execute("SELECT currency, amount FROM deposit"):
        yield row["currency"], decimal_of(row["amount"])


def _sums(amounts: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for currency, amount in amounts:
        sums[currency] = EXACT.add(sums.get(currency, _ZERO), amount)
    return sums


def _balances(connection: sqlite3.Connection) -> dict[str, Decimal]:
    rows = connection.execute("SELECT currency, amount FROM balance ORDER BY currency")
    return {row["currency"]: decimal_of(row["amount"]) for row in rows}


def _add(connection: sqlite3.Connection, currency: str, amount: Decimal) -> Decimal:
    balance = EXACT.add(_balances(connection).get(currency, _ZERO), amount)
    row = (currency, text_of(balance))
    connection.execute("INSERT OR REPLACE INTO balance VALUES (?, ?)", row)
    return balance


def _moves(connection: sqlite3.Connection, settling_after_us: int) -> list[Move]:
    """Sums of the fills that settle after a moment."""
    rows = connection.execute(
        """
        SELECT f.coin, f.side, exact_sum(f.quantity) AS quantity, exact_sum(f.value) AS value,
               exact_sum(f.fee) AS fee
        FROM orders o CROSS JOIN fill f USING (order_id)
        WHERE o.settles_us > ? GROUP BY f.coin, f.side
        """,
        (settling_after_us,),
    )
    return [
        Move(
            coin=row["coin"],
            side=choice_of(OrderSide, row["side"]),
            quantity=decimal_of(row["quantity"]),
            value=decimal_of(row["value"]),
            fee=decimal_of(row["fee"]),
        )
        for row in rows
    ]
