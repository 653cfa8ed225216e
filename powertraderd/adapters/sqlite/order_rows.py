"""Rows of orders, with what their fills add up to."""

import sqlite3

from powertraderd.adapters.sqlite.cells import (
    base_of,
    choice_of,
    json_of,
    mapping_of,
    microseconds,
    moment_of,
    optional,
    optional_text_of,
    usd_of,
)
from powertraderd.model.candle import Coin
from powertraderd.model.history import Trade
from powertraderd.model.money import ZERO_BASE, ZERO_USD, Price, ratio
from powertraderd.model.order import OrderIntent, OrderRecord, OrderSide, OrderState, Tag


def _query(orders: str, condition: str) -> str:
    return f"""
    SELECT o.*, max(f.at_us) AS filled_us, exact_sum(f.quantity) AS filled_quantity,
           exact_sum(f.value) AS filled_value, exact_sum(f.fee) AS fees,
           exact_sum(f.realised) AS realised
    FROM {orders} LEFT JOIN fill f USING (client_order_id) {condition}
    """  # noqa: S608 - put together from the constants below


BY_CLIENT_ORDER_ID = _query("orders o", "WHERE o.client_order_id = ? GROUP BY o.number")
BY_REQUEST_ID = _query("orders o", "WHERE o.request_id = ? GROUP BY o.number")
IN_FLIGHT = _query(
    "orders o INDEXED BY one_order_in_flight",
    "WHERE o.state NOT IN ('FILLED', 'CANCELLED', 'EXPIRED', 'REJECTED', 'NOT_PLACED') "
    "GROUP BY o.number ORDER BY o.number",
)
SINCE = _query(
    "orders o INDEXED BY orders_by_time",
    "WHERE o.created_us >= ? GROUP BY o.number ORDER BY o.number",
)
NEWEST = _query("orders o", "GROUP BY o.number ORDER BY o.number DESC LIMIT ?")
NEWEST_FILLED = _query(
    "orders o", "GROUP BY o.number HAVING count(f.seq) ORDER BY o.number DESC LIMIT ?"
)
"""Queries of orders; each takes the parameters that its condition shows."""


def read_orders(
    connection: sqlite3.Connection, query: str, *parameters: object
) -> tuple[OrderRecord, ...]:
    """The orders that one of the queries above finds."""
    return tuple(_order(row) for row in connection.execute(query, parameters))


def read_order(connection: sqlite3.Connection, query: str, key: str) -> OrderRecord | None:
    """The order that a query for one order finds."""
    return next(iter(read_orders(connection, query, key)), None)


def read_trades(connection: sqlite3.Connection, limit: int) -> tuple[Trade, ...]:
    """The newest orders that have fills, newest first."""
    return tuple(_trade(row) for row in connection.execute(NEWEST_FILLED, (limit,)))


def _order(row: sqlite3.Row) -> OrderRecord:
    return OrderRecord(
        intent=_intent(row),
        state=choice_of(OrderState, row["state"]),
        updated_at=moment_of(row["updated_us"]),
        order_id=optional(str, row["order_id"]),
        refusal=optional(str, row["refusal"]),
        filled_quantity=optional(base_of, row["filled_quantity"]) or ZERO_BASE,
        filled_value=optional(usd_of, row["filled_value"]) or ZERO_USD,
        fees=optional(usd_of, row["fees"]) or ZERO_USD,
        realised=optional(usd_of, row["realised"]),
    )


def _intent(row: sqlite3.Row) -> OrderIntent:
    return OrderIntent(
        client_order_id=row["client_order_id"],
        coin=Coin(row["coin"]),
        product_id=row["product_id"],
        side=choice_of(OrderSide, row["side"]),
        tag=choice_of(Tag, row["tag"]),
        created_at=moment_of(row["created_us"]),
        quote_size=optional(usd_of, row["quote_size"]),
        base_size=optional(base_of, row["base_size"]),
        reason_code=row["reason_code"],
        request_id=optional(str, row["request_id"]),
        inputs=mapping_of(row["inputs"]),
    )


def _trade(row: sqlite3.Row) -> Trade:
    order = _order(row)
    return Trade(
        client_order_id=order.intent.client_order_id,
        at=moment_of(row["filled_us"]),
        coin=order.intent.coin,
        side=order.intent.side,
        tag=order.intent.tag,
        quantity=order.filled_quantity,
        average_price=Price(ratio(order.filled_value, order.filled_quantity)),
        value=order.filled_value,
        fees=order.fees,
        realised=order.realised,
    )


def insert_intent(connection: sqlite3.Connection, intent: OrderIntent) -> None:
    """A new order in state INTENDED."""
    created_us = microseconds(intent.created_at)
    connection.execute(
        """
        INSERT INTO orders (client_order_id, coin, product_id, side, tag, created_us, quote_size,
                            base_size, reason_code, request_id, inputs, state, updated_us)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            intent.client_order_id,
            intent.coin,
            intent.product_id,
            intent.side,
            intent.tag,
            created_us,
            optional_text_of(intent.quote_size),
            optional_text_of(intent.base_size),
            intent.reason_code,
            intent.request_id,
            json_of(dict(intent.inputs)),
            OrderState.INTENDED,
            created_us,
        ),
    )


def update_order(connection: sqlite3.Connection, order: OrderRecord) -> None:
    """Keep how far the order came."""
    connection.execute(
        """
        UPDATE orders SET state = ?, updated_us = ?, order_id = ?, refusal = ?
        WHERE client_order_id = ?
        """,
        (
            order.state,
            microseconds(order.updated_at),
            order.order_id,
            order.refusal,
            order.intent.client_order_id,
        ),
    )
