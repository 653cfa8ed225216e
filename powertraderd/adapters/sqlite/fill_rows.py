"""Rows of booked fills."""

import sqlite3

from powertraderd.adapters.sqlite.cells import (
    base_of,
    choice_of,
    microseconds,
    moment_of,
    optional_text_of,
    price_of,
    text_of,
    usd_of,
)
from powertraderd.model.candle import Coin
from powertraderd.model.money import Usd
from powertraderd.model.order import Fill, OrderSide


def fill_of(row: sqlite3.Row) -> Fill:
    """The fill of a row."""
    return Fill(
        trade_id=row["trade_id"],
        order_id=row["order_id"],
        client_order_id=row["client_order_id"],
        coin=Coin(row["coin"]),
        side=choice_of(OrderSide, row["side"]),
        quantity=base_of(row["quantity"]),
        price=price_of(row["price"]),
        value=usd_of(row["value"]),
        fee=usd_of(row["fee"]),
        at=moment_of(row["at_us"]),
    )


def read_fills(connection: sqlite3.Connection, client_order_id: str) -> tuple[Fill, ...]:
    """The fills of an order, oldest first."""
    rows = connection.execute(
        "SELECT * FROM fill WHERE client_order_id = ? ORDER BY seq", (client_order_id,)
    )
    return tuple(fill_of(row) for row in rows)


def read_fill(connection: sqlite3.Connection, trade_id: str) -> Fill | None:
    """The fill that the exchange calls ``trade_id``."""
    row = connection.execute("SELECT * FROM fill WHERE trade_id = ?", (trade_id,)).fetchone()
    return None if row is None else fill_of(row)


def insert_fill(connection: sqlite3.Connection, seq: int, fill: Fill, realised: Usd | None) -> None:
    """A booked fill."""
    connection.execute(
        """
        INSERT INTO fill (seq, trade_id, order_id, client_order_id, coin, side, quantity, price,
                          value, fee, at_us, realised)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            seq,
            fill.trade_id,
            fill.order_id,
            fill.client_order_id,
            fill.coin,
            fill.side,
            text_of(fill.quantity),
            text_of(fill.price),
            text_of(fill.value),
            text_of(fill.fee),
            microseconds(fill.at),
            optional_text_of(realised),
        ),
    )
