"""The desktop bot's past in legacy.db: written by the import, read by people."""

from collections.abc import Sequence
from pathlib import Path
from sqlite3 import Row

from powertraderd.adapters.legacy.books import OldTrade
from powertraderd.adapters.legacy.history import OldSignal, OldValue
from powertraderd.adapters.legacy.orders import client_order_id
from powertraderd.adapters.sqlite.cells import (
    base_of,
    choice_of,
    microseconds,
    moment_of,
    optional,
    optional_text_of,
    price_of,
    text_of,
    usd_of,
)
from powertraderd.adapters.sqlite.database import Reader, Schema, Writer, packaged
from powertraderd.errors import DataUnavailable
from powertraderd.model.candle import Coin
from powertraderd.model.history import Trade
from powertraderd.model.money import ZERO_USD
from powertraderd.model.order import OrderSide, Tag

LEGACY_DB = "legacy.db"
SCHEMA = Schema(
    application_id=int.from_bytes(b"PTlg"),
    scripts=packaged("legacy"),
    remedy="delete legacy.db and run powertraderd import-legacy again",
)


class LegacyStore:
    """What was imported; importing the same again adds nothing."""

    def __init__(self, path: Path) -> None:
        """Open or make the file."""
        self._file = Writer(path, SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def add_trades(self, trades: Sequence[OldTrade]) -> int:
        """Keep trades; returns how many were new."""
        rows = [
            (
                *(each.order_id, microseconds(each.at), each.coin, each.side, each.tag),
                *(text_of(each.quantity), text_of(each.price), text_of(each.value)),
                optional_text_of(each.realised),
            )
            for each in trades
        ]
        return self._insert("trade", 9, rows)

    def add_values(self, values: Sequence[OldValue]) -> int:
        """Keep account values; returns how many were new."""
        rows = [(microseconds(each.at), text_of(each.value)) for each in values]
        return self._insert("account_value", 2, rows)

    def add_signals(self, signals: Sequence[OldSignal]) -> int:
        """Keep lines of the signal log; returns how many were new."""
        rows = [
            (
                *(microseconds(each.at), each.coin, each.action, each.reason),
                *(each.long_level, each.short_level),
            )
            for each in signals
        ]
        return self._insert("signal", 6, rows)

    def _insert(self, table: str, columns: int, rows: Sequence[tuple[object, ...]]) -> int:
        marks = ", ".join("?" * columns)
        with self._file.transaction() as connection:
            before = connection.total_changes
            connection.executemany(
                f"INSERT OR IGNORE INTO {table} VALUES ({marks})",  # noqa: S608 - our own names
                rows,
            )
            return connection.total_changes - before


class LegacyReader:
    """What was imported, newest first; nothing where nothing was."""

    def __init__(self, path: Path) -> None:
        """The file need not exist."""
        self._file = Reader(path, SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def trades(self, limit: int) -> tuple[Trade, ...]:
        """The newest trades."""
        try:
            with self._file.snapshot() as connection:
                rows = connection.execute(
                    "SELECT * FROM trade ORDER BY at_us DESC, order_id LIMIT ?", (limit,)
                ).fetchall()
        except DataUnavailable:
            return ()
        return tuple(_trade(row) for row in rows)


def _trade(row: Row) -> Trade:
    return Trade(
        client_order_id=client_order_id(row["order_id"]),
        at=moment_of(row["at_us"]),
        coin=Coin(row["coin"]),
        side=choice_of(OrderSide, row["side"]),
        tag=choice_of(Tag, row["tag"]),
        quantity=base_of(row["quantity"]),
        average_price=price_of(row["price"]),
        value=usd_of(row["value"]),
        fees=ZERO_USD,
        realised=optional(usd_of, row["realised"]),
    )
