"""Limit orders that wait in the book, and cancelling."""

from datetime import datetime, timedelta
from decimal import Decimal

from powertraderd.testing.fakex.exchange import Exchange
from powertraderd.testing.fakex.figures import MATH, ZERO, truncated
from powertraderd.testing.fakex.matching import trade
from powertraderd.testing.fakex.order import NEVER, Execution, Order


def cross(exchange: Exchange, product_id: str) -> None:
    """Fill the product's waiting orders that the ladder now reaches, oldest first."""
    if exchange.replaying:
        return
    waiting = [
        order
        for order in exchange.orders.values()
        if order.product_id == product_id and order.done_at == NEVER and _limit(order)
    ]
    for order in sorted(waiting, key=lambda each: each.created_at):
        _fill(exchange, order)


def _limit(order: Order) -> dict[str, str]:
    for kind in ("limit_limit_gtc", "limit_limit_gtd"):
        if kind in order.configuration:
            return order.configuration[kind]  # type: ignore[no-any-return]
    return {}


def _fill(exchange: Exchange, order: Order) -> None:
    limit = _limit(order)
    wanted = MATH.subtract(Decimal(limit["base_size"]), order.size())
    ladder = exchange.market.listings[order.product_id].ladder(order.side)
    price = Decimal(limit["limit_price"])
    parts, left = trade(ladder, wanted, exchange.knobs.min_fills, price, order.side)
    now, rate = exchange.now(), Decimal(exchange.knobs.maker_fee_rate)
    for part in parts:
        fee = truncated(MATH.multiply(part.value, rate), 16)
        trade_id = exchange.new_id()
        order.executions.append(
            Execution(trade_id, part.price, part.size, part.value, fee, now, maker=True)
        )
    if parts and left == ZERO:
        order.done_at, order.ending = now, "FILLED"
        order.settle_at = exchange.later(now, exchange.knobs.t_settle_ms)
    if parts:
        exchange.commit(order)


def cancel(exchange: Exchange, order_id: str, after: timedelta) -> str:
    """Ask for the end of an order; returns the reason why not, empty when it was accepted."""
    order = exchange.orders.get(order_id)
    if order is None:
        return "UNKNOWN_CANCEL_ORDER"
    now = exchange.now()
    if now >= order.done_at:
        return "INVALID_CANCEL_REQUEST"
    if order.cancel_queued:
        return "DUPLICATE_CANCEL_REQUEST"
    _end(exchange, order, now + after)
    return ""


def _end(exchange: Exchange, order: Order, at: datetime) -> None:
    """Fills before ``at`` win; those that would come later never happen."""
    kept = [each for each in order.executions if each.at <= at]
    if len(kept) == len(order.executions) and order.done_at <= at:
        exchange.commit(order)
        return
    order.executions = kept
    order.cancel_queued = True
    order.done_at, order.ending = at, "CANCELLED"
    order.cancel_message = "User requested cancel"
    order.settle_at = exchange.later(at, exchange.knobs.t_settle_ms)
    exchange.commit(order)
