"""The life of an order as a table, and the intent that a decision becomes.

EXCHANGE.md, "Never twice, never lost": an intent is durable before it is sent, an outcome that is
not known is UNKNOWN and is resolved by reading, and a final state never changes again, except that
an order that counted as not placed may turn out to exist.
"""

from collections.abc import Mapping
from types import MappingProxyType

from powertraderd.errors import InvariantBroken
from powertraderd.model.decision import Action, Decision
from powertraderd.model.order import OrderEvent, OrderIntent, OrderSide, OrderState, Tag
from powertraderd.model.product import Product

_ENDED_BY_EXCHANGE = {
    OrderEvent.FILLED: OrderState.FILLED,
    OrderEvent.CANCELLED: OrderState.CANCELLED,
    OrderEvent.EXPIRED: OrderState.EXPIRED,
}
_SEEN_AT_EXCHANGE = {
    OrderEvent.ACCEPTED: OrderState.PLACED,
    OrderEvent.REFUSED: OrderState.REJECTED,
    OrderEvent.PARTLY_FILLED: OrderState.PARTIAL,
    **_ENDED_BY_EXCHANGE,
}

TABLE: Mapping[OrderState, Mapping[OrderEvent, OrderState]] = MappingProxyType(
    {
        OrderState.INTENDED: {
            OrderEvent.SEND: OrderState.SENDING,
            OrderEvent.ABANDON: OrderState.NOT_PLACED,
        },
        OrderState.SENDING: {OrderEvent.LOST: OrderState.UNKNOWN, **_SEEN_AT_EXCHANGE},
        OrderState.UNKNOWN: {
            OrderEvent.LOST: OrderState.UNKNOWN,
            OrderEvent.ABSENT: OrderState.NOT_PLACED,
            **_SEEN_AT_EXCHANGE,
        },
        OrderState.PLACED: _SEEN_AT_EXCHANGE,
        OrderState.PARTIAL: {
            OrderEvent.ACCEPTED: OrderState.PARTIAL,  # a read that lags takes no fill back
            OrderEvent.PARTLY_FILLED: OrderState.PARTIAL,
            **_ENDED_BY_EXCHANGE,
        },
        OrderState.FILLED: {},
        OrderState.CANCELLED: {},
        OrderState.EXPIRED: {},
        OrderState.REJECTED: {OrderEvent.FOUND: OrderState.PLACED},
        OrderState.NOT_PLACED: {OrderEvent.FOUND: OrderState.PLACED},
    }
)
"""What follows from an event; what is not in the table is impossible."""

_ORDERS = {
    Action.ENTRY: (OrderSide.BUY, Tag.ENTRY),
    Action.DCA: (OrderSide.BUY, Tag.DCA),
    Action.MANUAL_BUY: (OrderSide.BUY, Tag.MANUAL_BUY),
    Action.TRAIL_SELL: (OrderSide.SELL, Tag.TRAIL_SELL),
    Action.MANUAL_SELL: (OrderSide.SELL, Tag.MANUAL_SELL),
}


def advance(state: OrderState, event: OrderEvent) -> OrderState:
    """The state after ``event``. Raises InvariantBroken for a move that the table does not know."""
    try:
        return TABLE[state][event]
    except KeyError:
        msg = f"an order in state {state} cannot meet {event}; stop trading and reconcile"
        raise InvariantBroken(msg) from None


def intent(
    decision: Decision, client_order_id: str, product: Product, request_id: str | None = None
) -> OrderIntent:
    """The market order that ``decision`` asks for: a buy by quote size, a sell by base size.

    Raises InvariantBroken for a decision that is no order, has no size on its side, or is about
    another coin than ``product``.
    """
    side, tag = _ORDERS.get(decision.action, (None, None))
    size = decision.quote_size if side is OrderSide.BUY else decision.base_size
    if side is None or tag is None or size is None or size <= 0 or product.coin != decision.coin:
        msg = (
            f"{decision.coin}: {decision.action} of {size} is no order for {product.product_id}; "
            "nothing was sent"
        )
        raise InvariantBroken(msg)
    return OrderIntent(
        client_order_id=client_order_id,
        coin=decision.coin,
        product_id=product.product_id,
        side=side,
        tag=tag,
        created_at=decision.at,
        quote_size=decision.quote_size if side is OrderSide.BUY else None,
        base_size=decision.base_size if side is OrderSide.SELL else None,
        reason_code=decision.reason_code.value,
        request_id=request_id,
        inputs=decision.numbers,
    )
