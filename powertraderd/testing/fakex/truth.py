"""What is really true, for the test that compares it with the daemon's own books."""

from typing import Any

from powertraderd.testing.fakex.exchange import Exchange
from powertraderd.testing.fakex.order import END, Order


def truth_json(exchange: Exchange) -> list[dict[str, Any]]:
    """Every committed order, oldest first, after everything that is bound to happen."""
    orders = sorted(exchange.orders.values(), key=lambda order: order.created_at)
    return [_order(order, exchange) for order in orders]


def _order(order: Order, exchange: Exchange) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "client_order_id": order.client_order_id,
        "product_id": order.product_id,
        "side": order.side,
        "created_at": order.created_at.isoformat(),
        "status": order.status(END),
        "status_now": order.status(exchange.now()),
        "filled_size": format(order.size(), "f"),
        "filled_value": format(order.value(), "f"),
        "fees": format(order.fees(), "f"),
        "fills": [
            {
                "trade_id": each.trade_id,
                "price": format(each.price, "f"),
                "size": format(each.size, "f"),
                "value": format(each.value, "f"),
                "commission": format(each.commission, "f"),
                "at": each.at.isoformat(),
            }
            for each in order.executions
        ],
    }


def ledger_json(exchange: Exchange) -> dict[str, Any]:
    """Balances after everything that is bound to happen, and as they are shown now."""
    shown = exchange.totals(exchange.now())
    return {
        "true": {name: format(amount, "f") for name, amount in exchange.totals().items()},
        "shown": {name: format(amount, "f") for name, amount in shown.items()},
        "deposits": {name: format(amount, "f") for name, amount in exchange.deposits.items()},
    }
