"""Orders and fills as the exchange shows them, with its quirks."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from powertraderd.testing.fakex.clock import stamp
from powertraderd.testing.fakex.figures import MATH, ZERO, text, total
from powertraderd.testing.fakex.order import Execution, Order

USER = "22222222-2222-2222-2222-222222222222"
PORTFOLIO = "11111111-1111-1111-1111-111111111111"

_TIME_IN_FORCE = {
    "market_market_ioc": "IMMEDIATE_OR_CANCEL",
    "sor_limit_ioc": "IMMEDIATE_OR_CANCEL",
    "limit_limit_fok": "FILL_OR_KILL",
    "limit_limit_gtd": "GOOD_UNTIL_DATE_TIME",
}


def order_json(order: Order, now: datetime) -> dict[str, Any]:
    """The order object of get_order and list_orders."""
    status = order.status(now)
    done = order.happened(now)
    size, value = total([each.size for each in done]), total([each.value for each in done])
    fees = total([each.commission for each in done])
    kind = next(iter(order.configuration), "")
    blank = status == "FAILED"
    return {
        "order_id": order.order_id,
        "product_id": order.product_id,
        "user_id": USER,
        "order_configuration": order.configuration,
        "side": order.side,
        "client_order_id": order.client_order_id,
        "status": status,
        "time_in_force": _TIME_IN_FORCE.get(kind, "GOOD_UNTIL_CANCELLED"),
        "created_time": stamp(order.created_at),
        "completion_percentage": "" if blank else _completion(order, size),
        "filled_size": "" if blank else text(size),
        "average_filled_price": "" if blank else text(MATH.divide(value, size) if size else ZERO),
        "fee": "",
        "number_of_fills": "" if blank else str(len(done)),
        "filled_value": "" if blank else text(value),
        "pending_cancel": order.cancel_queued and now < order.done_at,
        "size_in_quote": order.size_in_quote,
        "total_fees": "" if blank else text(fees),
        "size_inclusive_of_fees": order.size_in_quote,
        "total_value_after_fees": "" if blank else text(_after_fees(order, value, fees)),
        "trigger_status": "INVALID_ORDER_TYPE",
        "order_type": "MARKET" if kind == "market_market_ioc" else "LIMIT",
        "reject_reason": order.reject_reason,
        "settled": order.settled(now),
        "product_type": "SPOT",
        "reject_message": "",
        "cancel_message": order.cancel_message if now >= order.done_at else "",
        "order_placement_source": "RETAIL_ADVANCED",
        "outstanding_hold_amount": text(order.outstanding(now)),
        "is_liquidation": False,
        "last_fill_time": stamp(done[-1].at, 9) if done else None,
        "edit_history": [],
        "leverage": "",
        "margin_type": "UNKNOWN_MARGIN_TYPE",
        "retail_portfolio_id": PORTFOLIO,
        "originating_order_id": "",
        "attached_order_id": "",
        "attached_order_configuration": None,
    }


def _completion(order: Order, size: Decimal) -> str:
    whole = order.size()
    return text(MATH.divide(size * 100, whole)) if whole else "0"


def _after_fees(order: Order, value: Decimal, fees: Decimal) -> Decimal:
    return MATH.add(value, fees) if order.buys else MATH.subtract(value, fees)


def fill_json(order: Order, each: Execution, *, in_quote: bool) -> dict[str, Any]:
    """One row of list_fills."""
    return {
        "entry_id": f"e-{each.trade_id}",
        "trade_id": each.trade_id,
        "order_id": order.order_id,
        "trade_time": stamp(each.at),
        "trade_type": "FILL",
        "price": text(each.price),
        "size": text(each.value if in_quote else each.size),
        "commission": text(each.commission),
        "product_id": order.product_id,
        "sequence_timestamp": stamp(each.at, 9),
        "liquidity_indicator": "MAKER" if each.maker else "TAKER",
        "size_in_quote": in_quote,
        "user_id": USER,
        "side": order.side,
        "retail_portfolio_id": PORTFOLIO,
    }
