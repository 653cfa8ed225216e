"""Orders and fills of the exchange as our own values. Pure; raises InvalidAnswer."""

from decimal import Decimal

from powertraderd.adapters.coinbase.answers import FillAnswer, OrderAnswer
from powertraderd.errors import InvalidAnswer
from powertraderd.model.candle import Coin
from powertraderd.model.money import EXACT, ZERO_BASE, ZERO_USD, Base, Price, Usd, floor_to
from powertraderd.model.order import Fill, OrderReport, OrderSide, OrderState

_ENDED = {
    "FILLED": OrderState.FILLED,
    "CANCELLED": OrderState.CANCELLED,
    "EXPIRED": OrderState.EXPIRED,
    "FAILED": OrderState.REJECTED,
}
"""Every other status, also one that nobody knows yet, is not final."""
_FAILED = "FAILED"
_FINEST = Decimal("1e-16")
"""The finest step in which the exchange reports anything."""
_REGULAR_FILL = "FILL"


def report(what: str, answer: OrderAnswer) -> OrderReport:
    """The exchange's word on one order."""
    quantity = answer.filled_size
    fees = answer.total_fees
    if answer.status == _FAILED:  # its figures may be blank
        quantity, fees = quantity or ZERO_BASE, fees or ZERO_USD
    if quantity is None or fees is None or quantity < 0 or fees < 0:
        msg = (
            f"{what}: order {answer.order_id} is {answer.status} with filled_size {quantity} and "
            f"total_fees {fees}"
        )
        raise InvalidAnswer(msg)
    state = _state(answer.status, quantity)
    return OrderReport(
        order_id=answer.order_id,
        client_order_id=answer.client_order_id,
        product_id=answer.product_id,
        side=_side(what, answer.side),
        state=state,
        filled_quantity=Base(quantity),
        filled_value=_value(what, answer, quantity),
        fees=Usd(fees),
        created_at=answer.created_time,
        settled=state.final and (answer.settled or not quantity),
    )


def _state(status: str, quantity: Decimal) -> OrderState:
    state = _ENDED.get(status, OrderState.PLACED)
    if quantity and state is OrderState.REJECTED:
        return OrderState.CANCELLED  # an order with fills was not refused
    if quantity and state is OrderState.PLACED:
        return OrderState.PARTIAL
    return state


def _value(what: str, answer: OrderAnswer, quantity: Decimal) -> Usd:
    """What was filled in quote currency; lists may leave it out, then price times quantity."""
    value = answer.filled_value
    if value is None and quantity and answer.average_filled_price is not None:
        value = EXACT.multiply(quantity, answer.average_filled_price)
    if not quantity:
        value = value or ZERO_USD
    if value is None or value < 0 or (quantity and not value):
        msg = f"{what}: order {answer.order_id} filled {quantity} for {value}"
        raise InvalidAnswer(msg)
    return Usd(value)


def fill(what: str, answer: FillAnswer, order: OrderReport, coin: Coin) -> Fill:
    """One fill of ``order``."""
    if answer.order_id != order.order_id or answer.product_id != order.product_id:
        msg = (
            f"{what}: asked for fills of {order.order_id} ({order.product_id}), got one of "
            f"{answer.order_id} ({answer.product_id})"
        )
        raise InvalidAnswer(msg)
    if _side(what, answer.side) is not order.side or answer.trade_type != _REGULAR_FILL:
        msg = (
            f"{what}: fill {answer.trade_id} is a {answer.trade_type[:20]} {answer.side[:20]} "
            f"of a {order.side} order"
        )
        raise InvalidAnswer(msg)
    quantity, value = _sizes(answer)
    return Fill(
        trade_id=answer.trade_id,
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        coin=coin,
        side=order.side,
        quantity=Base(quantity),
        price=Price(answer.price),
        value=Usd(value),
        fee=Usd(answer.commission),
        at=answer.trade_time,
    )


def _sizes(answer: FillAnswer) -> tuple[Decimal, Decimal]:
    """Quantity and value; the exchange reports one of them, and 16 decimals of anything."""
    if not answer.size_in_quote:
        return answer.size, EXACT.multiply(answer.size, answer.price)
    return floor_to(EXACT.divide(answer.size, answer.price), _FINEST), answer.size


def _side(what: str, side: str) -> OrderSide:
    try:
        return OrderSide(side)
    except ValueError:
        msg = f"{what}: side is {side[:20]!r}"
        raise InvalidAnswer(msg) from None
