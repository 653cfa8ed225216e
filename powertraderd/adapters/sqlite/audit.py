"""The stored books against what the bookings of the ledger add up to when they are done again."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

from powertraderd.adapters.sqlite.book_rows import changed, read_books
from powertraderd.adapters.sqlite.cells import choice_of, decimal_of, optional, usd_of
from powertraderd.adapters.sqlite.fill_rows import fill_of
from powertraderd.adapters.sqlite.tally import Tally
from powertraderd.errors import InvariantBroken
from powertraderd.model.candle import Coin
from powertraderd.model.money import Usd, plain
from powertraderd.model.order import Tag
from powertraderd.model.position import Books, Position, Trail
from powertraderd.ports import Bookkeeper

_BOOKINGS = (
    "SELECT seq, 'flow' AS kind, amount FROM cash_flow",
    """
    SELECT fill.*, 'fill' AS kind, orders.tag FROM fill
    JOIN orders ON orders.client_order_id = fill.client_order_id
    """,
    "SELECT seq, 'remainder' AS kind, coin, realised FROM remainder",
)


def audited(connection: sqlite3.Connection, keeper: Bookkeeper) -> Tally:
    """The books of the ledger, done again from its bookings.

    Raises InvariantBroken that names every difference to the stored books.
    """
    stored = read_books(connection)
    tally = replayed(connection, keeper)
    tally.check()
    bookings = connection.execute("SELECT bookings FROM account").fetchone()[0]
    differences = list(_differences(stored, replace(tally.books, cash=tally.cash)))
    if bookings != tally.bookings:
        differences.append(f"{tally.bookings} bookings instead of {bookings}")
    if differences:
        msg = f"the stored books are not what the bookings add up to: {'; '.join(differences)}"
        raise InvariantBroken(msg)
    tally.books = replace(tally.books, positions=stored.positions)
    return tally


def replayed(connection: sqlite3.Connection, keeper: Bookkeeper) -> Tally:
    """All bookings again, in order. Raises InvariantBroken where one is missing or impossible."""
    tally = Tally(keeper)
    begun: set[str] = set()
    rows = [row for query in _BOOKINGS for row in connection.execute(query)]
    for row in sorted(rows, key=lambda row: int(row["seq"])):
        realised = _book_again(tally, row, begun)
        if row["seq"] != tally.bookings:
            msg = f"booking {tally.bookings} is missing"
            raise InvariantBroken(msg)
        if row["kind"] != "flow" and realised != optional(decimal_of, row["realised"]):
            msg = f"booking {row['seq']} realised {realised}, but {row['realised']} is stored"
            raise InvariantBroken(msg)
    return tally


def _book_again(tally: Tally, row: sqlite3.Row, begun: set[str]) -> Usd | None:
    if row["kind"] == "flow":
        tally.pay_in(usd_of(row["amount"]))
        return None
    if row["kind"] == "remainder":
        return tally.close_remainder(Coin(row["coin"]))
    fill = fill_of(row)
    first = fill.client_order_id not in begun
    begun.add(fill.client_order_id)
    return tally.book(fill, choice_of(Tag, row["tag"]), first_of_order=first)


def _differences(stored: Books, again: Books) -> Iterator[str]:
    for name in ("paid_in", "cash", "realised"):
        kept, computed = getattr(stored, name), getattr(again, name)
        if kept != computed:
            yield f"{name} {plain(kept)} instead of {plain(computed)}"
    kept_positions = {coin: _bare(position) for coin, position in stored.positions.items()}
    positions = {coin: _bare(position) for coin, position in again.positions.items()}
    for coin in changed(kept_positions, positions):
        yield f"position {kept_positions.get(coin)} instead of {positions.get(coin)}"
    for coin in changed(stored.dust, again.dust):
        yield f"dust of {coin} {stored.dust.get(coin)} instead of {again.dust.get(coin)}"


def _bare(position: Position) -> Position:
    """Without the trail, which no booking tells."""
    return replace(position, trail=Trail())
