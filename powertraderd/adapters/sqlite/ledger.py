"""The ledger: what was intended, ordered, filled and decided, and the books that follow from it.

One writer. Every method is one transaction that is on the disk when it returns. The books are kept
twice (see Tally); both are compared before every commit, and against all bookings at every start.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from powertraderd.adapters.sqlite import account_rows, book_rows, decision_rows, order_rows
from powertraderd.adapters.sqlite.audit import audited
from powertraderd.adapters.sqlite.cells import microseconds, text_of
from powertraderd.adapters.sqlite.database import Writer
from powertraderd.adapters.sqlite.fill_rows import insert_fill, read_fill, read_fills
from powertraderd.adapters.sqlite.ledger_schema import SCHEMA
from powertraderd.adapters.sqlite.tally import Tally
from powertraderd.errors import InvariantBroken, PowertraderError
from powertraderd.model.candle import Coin
from powertraderd.model.decision import Decision
from powertraderd.model.money import Usd
from powertraderd.model.order import Fill, OrderIntent, OrderRecord, OrderState
from powertraderd.model.position import Books, Trail
from powertraderd.ports import Bookkeeper

_THIN_EVERY = 1000
_NEVER_PLACED = frozenset({OrderState.NOT_PLACED, OrderState.REJECTED})


class SqliteLedger:
    """Ledger on ledger.db."""

    def __init__(self, path: Path, bookkeeper: Bookkeeper) -> None:
        """Open or make the file and prove the books.

        ``bookkeeper`` is strategy.ledgering. Raises StoreDamaged, StoreTooNew, StoreUnavailable,
        and InvariantBroken where the stored books are not what the bookings add up to.
        """
        self._file = Writer(path, SCHEMA)
        try:
            with self._named(), self._file.snapshot() as connection:
                self._tally = audited(connection, bookkeeper)
                self._writes = int(connection.execute("SELECT writes FROM account").fetchone()[0])
        except PowertraderError:
            self._file.close()
            raise
        self._samples = 0

    def close(self) -> None:
        """Close the file; nothing is pending."""
        self._file.close()

    # -- money

    def books(self) -> Books:
        """All money and positions."""
        return self._tally.books

    def pay_in(self, amount: Usd, at: datetime, note: str) -> None:
        """Record cash that was handed to the daemon (or taken back, when negative)."""
        tally = replace(self._tally)
        with self._writing() as connection:
            tally.pay_in(amount)
            connection.execute(
                "INSERT INTO cash_flow VALUES (?, ?, ?, ?)",
                (tally.bookings, microseconds(at), text_of(amount), note),
            )
            self._write_books(connection, tally)
        self._tally = tally

    def record_fills(
        self, client_order_id: str, fills: Sequence[Fill], state: OrderState, at: datetime
    ) -> Books:
        """Book the fills not seen before and the order's state, in one transaction."""
        tally = replace(self._tally)
        with self._writing() as connection:
            order = _known(connection, client_order_id)
            new = _new_fills(connection, order, fills)
            if order.state.final and not new and state is order.state:
                return self._tally.books
            _refuse_final(order)
            self._book(connection, tally, order, new)
            order_id = order.order_id or next((fill.order_id for fill in new), None)
            moved = replace(order, state=state, updated_at=at, order_id=order_id)
            order_rows.update_order(connection, moved)
            self._write_books(connection, tally)
        self._tally = tally
        return tally.books

    def close_remainder(self, coin: Coin, at: datetime) -> Books:
        """Close a position whose rest is below the product's increment: the rest becomes dust."""
        tally = replace(self._tally)
        with self._writing() as connection:
            realised = tally.close_remainder(coin)
            connection.execute(
                "INSERT INTO remainder VALUES (?, ?, ?, ?)",
                (tally.bookings, coin, microseconds(at), text_of(realised)),
            )
            book_rows.write_exit(connection, coin, at)
            self._write_books(connection, tally)
        self._tally = tally
        return tally.books

    def save_trail(self, coin: Coin, trail: Trail) -> None:
        """Keep the trailing exit of an open position; writes only what changed."""
        books = self._tally.books
        position = books.positions.get(coin)
        if position is None:
            msg = f"{coin}: there is no position whose trailing exit could be kept"
            raise InvariantBroken(msg)
        if position.trail == trail:
            return
        with self._writing() as connection:
            book_rows.write_trail(connection, coin, trail)
        positions = {**books.positions, coin: replace(position, trail=trail)}
        self._tally.books = replace(books, positions=positions)

    def last_exit_at(self, coin: Coin) -> datetime | None:
        """When the coin's last position was closed."""
        with self._file.snapshot() as connection:
            return book_rows.read_exit(connection, coin)

    def _book(
        self, connection: sqlite3.Connection, tally: Tally, order: OrderRecord, new: list[Fill]
    ) -> None:
        first = not read_fills(connection, order.intent.client_order_id)
        for fill in new:
            held = fill.coin in tally.books.positions
            realised = tally.book(fill, order.intent.tag, first_of_order=first)
            insert_fill(connection, tally.bookings, fill, realised)
            if held and fill.coin not in tally.books.positions:
                book_rows.write_exit(connection, fill.coin, fill.at)
            first = False

    def _write_books(self, connection: sqlite3.Connection, tally: Tally) -> None:
        tally.check()
        book_rows.write_books(connection, self._tally.books, tally.books)
        connection.execute(
            "UPDATE account SET cash = ?, bookings = ?", (text_of(tally.cash), tally.bookings)
        )

    # -- orders

    def record_intent(self, intent: OrderIntent) -> None:
        """Write an intent in state INTENDED."""
        with self._writing() as connection:
            order_rows.insert_intent(connection, intent)

    def set_order_state(
        self,
        client_order_id: str,
        state: OrderState,
        at: datetime,
        *,
        order_id: str | None = None,
        refusal: str | None = None,
    ) -> None:
        """Move an order on; what is None stays as it was."""
        with self._writing() as connection:
            order = _known(connection, client_order_id)
            _refuse_final(order)
            if order_id is not None and order.order_id not in (None, order_id):
                msg = f"order {client_order_id} is {order.order_id} and cannot become {order_id}"
                raise InvariantBroken(msg)
            moved = replace(
                order,
                state=state,
                updated_at=at,
                order_id=order_id or order.order_id,
                refusal=refusal or order.refusal,
            )
            order_rows.update_order(connection, moved)

    def revive_order(self, client_order_id: str, order_id: str, at: datetime) -> None:
        """Make PLACED what counted as never placed or refused: the venue has it after all."""
        with self._writing() as connection:
            order = _known(connection, client_order_id)
            if order.state not in _NEVER_PLACED or order.order_id is not None:
                msg = f"order {client_order_id} is {order.state} and cannot be found late"
                raise InvariantBroken(msg)
            found = replace(order, state=OrderState.PLACED, updated_at=at, order_id=order_id)
            order_rows.update_order(connection, found)

    def order(self, client_order_id: str) -> OrderRecord | None:
        """One order by our own id."""
        with self._file.snapshot() as connection:
            return order_rows.read_order(connection, order_rows.BY_CLIENT_ORDER_ID, client_order_id)

    def order_by_request(self, request_id: str) -> OrderRecord | None:
        """The order that a manual request led to."""
        with self._file.snapshot() as connection:
            return order_rows.read_order(connection, order_rows.BY_REQUEST_ID, request_id)

    def open_orders(self) -> tuple[OrderRecord, ...]:
        """Orders that are not final, oldest first."""
        with self._file.snapshot() as connection:
            return order_rows.read_orders(connection, order_rows.IN_FLIGHT)

    def orders_since(self, start: datetime) -> tuple[OrderRecord, ...]:
        """Orders intended at or after ``start``, oldest first."""
        with self._file.snapshot() as connection:
            return order_rows.read_orders(connection, order_rows.SINCE, microseconds(start))

    # -- the past

    def record_decision(self, decision: Decision, inputs: str | None = None) -> None:
        """Append a decision that differs from the coin's previous one."""
        with self._file.snapshot() as connection:
            if not decision_rows.is_change(connection, decision):
                return
        with self._writing() as connection:
            decision_rows.insert_decision(connection, decision, inputs)

    def record_account_value(self, at: datetime, value: Usd, cash: Usd) -> None:
        """Append to the account's history, and thin out old samples now and then."""
        with self._writing() as connection:
            account_rows.insert_value(connection, at, value, cash)
            if self._samples % _THIN_EVERY == 0:
                account_rows.thin_out(connection, at)
        self._samples += 1

    # -- what the limits of the account are measured by

    def realised_since(self, start: datetime) -> Usd:
        """Profit realised at or after ``start``."""
        with self._file.snapshot() as connection:
            return account_rows.read_realised(connection, start)

    def high_water(self) -> Usd | None:
        """The highest that account value less cash paid in was kept as."""
        with self._file.snapshot() as connection:
            return account_rows.read_high_water(connection)

    def keep_high_water(self, gain: Usd, at: datetime) -> None:
        """Replace the mark, also by a lower one."""
        with self._writing() as connection:
            account_rows.write_high_water(connection, at, gain)

    # -- one writer

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that nobody else wrote before."""
        try:
            with self._named(), self._file.transaction() as connection:
                claimed = connection.execute(
                    "UPDATE account SET writes = writes + 1 WHERE writes = ?", (self._writes,)
                )
                if claimed.rowcount != 1:
                    msg = "another process wrote here: stop it; there must be one trader only"
                    raise InvariantBroken(msg)
                yield connection
        except sqlite3.IntegrityError as error:
            msg = f"{self._file.path}: refused, nothing was written: {_meaning(error)}"
            raise InvariantBroken(msg) from error
        self._writes += 1

    @contextmanager
    def _named(self) -> Iterator[None]:
        """What is wrong with the books, with the name of the file that holds them."""
        try:
            yield
        except InvariantBroken as error:
            msg = f"{self._file.path}: {error}; nothing was written"
            raise InvariantBroken(msg) from error


def _meaning(error: sqlite3.IntegrityError) -> str:
    """What a broken constraint means; its name alone would not say it."""
    text = str(error)
    for column, meaning in _MEANINGS.items():
        if column in text:
            return f"{meaning} ({text})"
    return text


_MEANINGS = {
    "orders.client_order_id": "an order with this client order id is known already",
    "orders.request_id": "this request has led to an order already",
    "orders.order_id": "another order has this exchange id",
    "orders.product_id": "another order of this product is not final yet",
    "CHECK": "an intent to buy has a quote size alone, one to sell a base size alone",
}


def _known(connection: sqlite3.Connection, client_order_id: str) -> OrderRecord:
    order = order_rows.read_order(connection, order_rows.BY_CLIENT_ORDER_ID, client_order_id)
    if order is None:
        msg = f"order {client_order_id} is unknown"
        raise InvariantBroken(msg)
    return order


def _refuse_final(order: OrderRecord) -> None:
    if order.state.final:
        msg = f"order {order.intent.client_order_id} is final already: {order.state}"
        raise InvariantBroken(msg)


def _new_fills(
    connection: sqlite3.Connection, order: OrderRecord, fills: Sequence[Fill]
) -> list[Fill]:
    """The fills not booked yet, each once. Raises InvariantBroken for one that cannot be."""
    new: dict[str, Fill] = {}
    for fill in fills:
        _refuse_foreign(order, fill)
        booked = new.get(fill.trade_id) or read_fill(connection, fill.trade_id)
        if booked is None:
            new[fill.trade_id] = fill
        elif booked != fill:
            msg = f"fill {fill.trade_id} was {booked} and is now said to be {fill}"
            raise InvariantBroken(msg)
    return list(new.values())


def _refuse_foreign(order: OrderRecord, fill: Fill) -> None:
    intent = order.intent
    ours = (intent.client_order_id, intent.coin, intent.side, order.order_id or fill.order_id)
    if (fill.client_order_id, fill.coin, fill.side, fill.order_id) != ours:
        msg = f"fill {fill.trade_id} is not one of order {intent.client_order_id}: {fill}"
        raise InvariantBroken(msg)
