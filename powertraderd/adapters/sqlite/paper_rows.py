"""Rows of the paper exchange's own book, paper.db."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from powertraderd.adapters.paper_matching import Part
from powertraderd.adapters.sqlite.cells import (
    base_of,
    choice_of,
    decimal_of,
    microseconds,
    moment_of,
    optional_text_of,
    price_of,
    text_of,
    usd_of,
)
from powertraderd.adapters.sqlite.database import Schema, packaged
from powertraderd.model.candle import Coin
from powertraderd.model.money import ZERO_BASE, ZERO_USD
from powertraderd.model.order import Fill, OrderIntent, OrderReport, OrderSide, OrderState
from powertraderd.model.product import Product

SCHEMA = Schema(
    application_id=int.from_bytes(b"PTpb"),
    scripts=packaged("paper"),
    remedy="stop the daemon; restore it together with ledger.db, or delete both and begin anew",
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An order that the paper exchange took; its fills show from ``settles_at`` on."""

    order_id: str
    intent: OrderIntent
    created_at: datetime
    settles_at: datetime


def read_product(connection: sqlite3.Connection, product_id: str) -> Product | None:
    """The product as it was when it was first seen."""
    row = connection.execute("SELECT * FROM product WHERE product_id = ?", (product_id,)).fetchone()
    if row is None:
        return None
    return Product(
        product_id=product_id,
        coin=Coin(row["coin"]),
        base_increment=decimal_of(row["base_increment"]),
        quote_increment=decimal_of(row["quote_increment"]),
        base_min_size=decimal_of(row["base_min_size"]),
        quote_min_size=decimal_of(row["quote_min_size"]),
        base_max_size=None,
        quote_max_size=decimal_of(row["quote_max_size"]),
        closed_because="",
    )


def insert_product(connection: sqlite3.Connection, product: Product) -> None:
    """Keep a product's increments: they do not change while its price moves."""
    connection.execute(
        "INSERT INTO product VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            product.product_id,
            product.coin,
            text_of(product.base_increment),
            text_of(product.quote_increment),
            text_of(product.base_min_size),
            text_of(product.quote_min_size),
            optional_text_of(product.quote_max_size),
        ),
    )


def read_order_id(connection: sqlite3.Connection, client_order_id: str) -> str | None:
    """The order that this client order id led to."""
    row = connection.execute(
        "SELECT order_id FROM orders WHERE client_order_id = ?", (client_order_id,)
    ).fetchone()
    return None if row is None else str(row["order_id"])


def insert_order(connection: sqlite3.Connection, order: Accepted) -> None:
    """A new order."""
    intent = order.intent
    connection.execute(
        """
        INSERT INTO orders (order_id, client_order_id, product_id, side, quote_size, base_size,
                            created_us, settles_us)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            order.order_id,
            intent.client_order_id,
            intent.product_id,
            intent.side,
            optional_text_of(intent.quote_size),
            optional_text_of(intent.base_size),
            microseconds(order.created_at),
            microseconds(order.settles_at),
        ),
    )


def insert_fills(
    connection: sqlite3.Connection, order: Accepted, parts: Sequence[tuple[str, Part]]
) -> None:
    """All fills of a new order, each with its trade id."""
    connection.executemany(
        """
        INSERT INTO fill (trade_id, order_id, coin, side, quantity, price, value, fee)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
            (
                trade_id,
                order.order_id,
                order.intent.coin,
                order.intent.side,
                text_of(part.quantity),
                text_of(part.price),
                text_of(part.value),
                text_of(part.fee),
            )
            for trade_id, part in parts
        ],
    )


_REPORT = """
SELECT o.*, exact_sum(f.quantity) AS quantity, exact_sum(f.value) AS value,
       exact_sum(f.fee) AS fee
FROM orders o JOIN fill f USING (order_id)
"""
BY_ORDER_ID = _REPORT + "WHERE o.order_id = ? GROUP BY o.number"
OF_PRODUCT_SINCE = (
    _REPORT + "WHERE o.product_id = ? AND o.created_us >= ? GROUP BY o.number ORDER BY o.number"
)
"""Queries of orders; each takes the parameters that its condition shows."""


def read_reports(
    connection: sqlite3.Connection, now: datetime, query: str, *parameters: object
) -> tuple[OrderReport, ...]:
    """The orders that one of the queries above finds, as the exchange tells them at ``now``."""
    return tuple(_report(row, now) for row in connection.execute(query, parameters))


def _report(row: sqlite3.Row, now: datetime) -> OrderReport:
    settled = moment_of(row["settles_us"]) <= now
    return OrderReport(
        order_id=row["order_id"],
        client_order_id=row["client_order_id"],
        product_id=row["product_id"],
        side=choice_of(OrderSide, row["side"]),
        state=OrderState.FILLED if settled else OrderState.PLACED,
        filled_quantity=base_of(row["quantity"]) if settled else ZERO_BASE,
        filled_value=usd_of(row["value"]) if settled else ZERO_USD,
        fees=usd_of(row["fee"]) if settled else ZERO_USD,
        created_at=moment_of(row["created_us"]),
        settled=settled,
    )


def read_fills(connection: sqlite3.Connection, now: datetime, order_id: str) -> tuple[Fill, ...]:
    """The fills of an order that show at ``now``, oldest first."""
    rows = connection.execute(
        """
        SELECT f.*, o.client_order_id, o.settles_us FROM fill f JOIN orders o USING (order_id)
        WHERE f.order_id = ? AND o.settles_us <= ? ORDER BY f.number
        """,
        (order_id, microseconds(now)),
    )
    return tuple(_fill(row) for row in rows)


def _fill(row: sqlite3.Row) -> Fill:
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
        at=moment_of(row["settles_us"]),
    )
