"""Rows of the books: the account, positions, dust and exits."""

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from powertraderd.adapters.sqlite.cells import (
    base_of,
    decimal_of,
    microseconds,
    moment_of,
    moments_json,
    moments_of,
    text_of,
    trail_json,
    trail_of,
    usd_of,
)
from powertraderd.model.candle import Coin
from powertraderd.model.position import Books, Position, Trail


def read_books(connection: sqlite3.Connection) -> Books:
    """The stored books; ``cash`` is the running figure."""
    account = connection.execute("SELECT * FROM account").fetchone()
    positions = connection.execute("SELECT * FROM position ORDER BY opened_us, coin")
    dust = connection.execute("SELECT * FROM dust ORDER BY coin")
    return Books(
        paid_in=usd_of(account["paid_in"]),
        cash=usd_of(account["cash"]),
        realised=usd_of(account["realised"]),
        positions={Coin(row["coin"]): _position(row) for row in positions},
        dust={Coin(row["coin"]): decimal_of(row["quantity"]) for row in dust},
    )


def _position(row: sqlite3.Row) -> Position:
    return Position(
        coin=Coin(row["coin"]),
        quantity=base_of(row["quantity"]),
        cost=usd_of(row["cost"]),
        fees=usd_of(row["fees"]),
        opened_at=moment_of(row["opened_us"]),
        stage=row["stage"],
        dca_bought_at=moments_of(row["dca_bought_us"]),
        trail=trail_of(row["trail"]),
    )


def write_books(connection: sqlite3.Connection, before: Books, after: Books) -> None:
    """Store what changed from ``before`` to ``after``, the running cash aside."""
    connection.execute(
        "UPDATE account SET paid_in = ?, realised = ?",
        (text_of(after.paid_in), text_of(after.realised)),
    )
    for coin in changed(before.positions, after.positions):
        connection.execute("DELETE FROM position WHERE coin = ?", (coin,))
        if coin in after.positions:
            _insert_position(connection, after.positions[coin])
    for coin in changed(before.dust, after.dust):
        connection.execute("DELETE FROM dust WHERE coin = ?", (coin,))
        if coin in after.dust:
            quantity = text_of(after.dust[coin])
            connection.execute("INSERT INTO dust VALUES (?, ?)", (coin, quantity))


def _insert_position(connection: sqlite3.Connection, position: Position) -> None:
    connection.execute(
        "INSERT INTO position VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            position.coin,
            text_of(position.quantity),
            text_of(position.cost),
            text_of(position.fees),
            microseconds(position.opened_at),
            position.stage,
            moments_json(position.dca_bought_at),
            trail_json(position.trail),
        ),
    )


def changed(before: Mapping[Coin, object], after: Mapping[Coin, object]) -> list[Coin]:
    """Coins whose entries differ."""
    return [coin for coin in sorted({*before, *after}) if before.get(coin) != after.get(coin)]


def write_trail(connection: sqlite3.Connection, coin: Coin, trail: Trail) -> None:
    """Keep the trailing exit of a position."""
    connection.execute("UPDATE position SET trail = ? WHERE coin = ?", (trail_json(trail), coin))


def write_exit(connection: sqlite3.Connection, coin: Coin, at: datetime) -> None:
    """Remember when the coin's position was closed."""
    connection.execute("INSERT OR REPLACE INTO last_exit VALUES (?, ?)", (coin, microseconds(at)))


def read_exit(connection: sqlite3.Connection, coin: Coin) -> datetime | None:
    """When the coin's last position was closed."""
    row = connection.execute("SELECT at_us FROM last_exit WHERE coin = ?", (coin,)).fetchone()
    return None if row is None else moment_of(row["at_us"])
