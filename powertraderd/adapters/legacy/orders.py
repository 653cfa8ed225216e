"""The desktop bot's open positions as orders with fills, which is all that our ledger believes.

With a key each order is looked up, and only the exchange's own fills count. Without one the bot's
estimates stand in, as one fill for each order, fees inside its value; the owner must say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from powertraderd.adapters.legacy.books import HISTORY, LEDGER, OldPending, OldPosition, OldTrade
from powertraderd.adapters.legacy.finding import Finding, Outcome
from powertraderd.model.candle import Coin
from powertraderd.model.money import Base, Price, Usd, plain, ratio
from powertraderd.model.order import Fill, OrderReport, OrderSide, Tag


class Exchange(Protocol):
    """What is asked of the exchange: what became of orders that the bot placed."""

    def order(self, order_id: str) -> OrderReport | None:
        """The order, or None where the exchange does not know it."""
        ...

    def fills(self, order_id: str) -> tuple[Fill, ...]:
        """All its fills, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class OldOrder:
    """An order to be booked: its fills carry ``client_order_id``."""

    order_id: str
    coin: Coin
    side: OrderSide
    tag: Tag
    at: datetime
    fills: tuple[Fill, ...]

    @property
    def client_order_id(self) -> str:
        """The name under which our ledger keeps it."""
        return client_order_id(self.order_id)

    @property
    def value(self) -> Decimal:
        """What was paid or received, fees aside."""
        return sum((fill.value for fill in self.fills), Decimal(0))

    @property
    def fees(self) -> Decimal:
        """What the exchange took."""
        return sum((fill.fee for fill in self.fills), Decimal(0))


def client_order_id(order_id: str) -> str:
    """Ours for an order of the bot: the same at every import, so nothing is booked twice."""
    return f"legacy-{order_id}"


def estimated(position: OldPosition) -> tuple[OldOrder, ...]:
    """The orders of a position by the bot's own figures."""
    if position.trades:
        return tuple(_estimate(each) for each in position.trades)
    whole = OldTrade(
        order_id=f"position-{position.coin}-{int(position.at.timestamp())}",
        at=position.at,
        coin=position.coin,
        side=OrderSide.BUY,
        tag=Tag.ENTRY,
        quantity=position.quantity,
        price=ratio(position.cost, position.quantity),
        value=position.cost,
        realised=None,
        ended=False,
    )
    return (_estimate(whole),)


def _estimate(trade: OldTrade) -> OldOrder:
    ours = client_order_id(trade.order_id)
    fill = Fill(
        trade_id=ours,
        order_id=trade.order_id,
        client_order_id=ours,
        coin=trade.coin,
        side=trade.side,
        quantity=Base(trade.quantity),
        price=Price(trade.price),
        value=Usd(trade.value),
        fee=Usd(Decimal(0)),
        at=trade.at,
    )
    return OldOrder(trade.order_id, trade.coin, trade.side, trade.tag, trade.at, (fill,))


def checked(
    position: OldPosition, pending: Sequence[OldPending], exchange: Exchange
) -> tuple[tuple[OldOrder, ...], list[Finding]]:
    """The orders of a position by the exchange's own fills, and what that found.

    No orders where one of them is unknown there or not at its end: then nothing is taken.
    """
    orders: list[OldOrder] = []
    findings: list[Finding] = []
    for trade in position.trades:
        order, problem = _looked_up(trade.order_id, trade.coin, trade.tag, exchange)
        if order is None:
            what = f"{position.coin}: order {trade.order_id} {problem}; the position is not taken"
            return (), [*findings, Finding(Outcome.WAITING, HISTORY, what)]
        orders.append(order)
    for each in pending:
        order, problem = _looked_up(each.order_id, each.coin, _tag_of(each), exchange)
        findings.append(_of_pending(each, order, problem))
        if order is None and problem != _UNKNOWN:
            return (), findings
        if order is not None and order.fills:
            orders.append(order)
    if not position.trades:
        what = f"{position.coin}: no orders explain the position, so nothing could be checked"
        return (), [*findings, Finding(Outcome.WAITING, LEDGER, what)]
    return tuple(sorted(orders, key=lambda order: order.at)), findings


_UNKNOWN = "is unknown at the exchange"


def _tag_of(pending: OldPending) -> Tag:
    """The bot bought more of what it held; counting that as DCA only makes the next one rarer."""
    return Tag.DCA if pending.side.lower() == "buy" else Tag.TRAIL_SELL


def _looked_up(
    order_id: str, coin: Coin, tag: Tag, exchange: Exchange
) -> tuple[OldOrder | None, str]:
    """The order with its real fills, or why there is none."""
    report = exchange.order(order_id)
    if report is None:
        return None, _UNKNOWN
    if not report.state.final or not report.settled:
        return None, f"is not at its end there ({report.state.value})"
    ours = client_order_id(order_id)
    fills = tuple(replace(fill, client_order_id=ours) for fill in exchange.fills(order_id))
    filled = sum((fill.quantity for fill in fills), Decimal(0))
    if filled != report.filled_quantity:
        what = f"has fills of {plain(filled)} there, but says {plain(report.filled_quantity)}"
        return None, what
    return OldOrder(order_id, coin, report.side, tag, report.created_at, fills), ""


def _of_pending(pending: OldPending, order: OldOrder | None, problem: str) -> Finding:
    name = f"{pending.coin}: pending {pending.side} {pending.order_id}"
    if order is None:
        advice = "nothing came of it" if problem == _UNKNOWN else "import again when it is"
        return Finding(Outcome.WAITING, LEDGER, f"{name} {problem}; {advice}")
    if not order.fills:
        return Finding(Outcome.NOT_NEEDED, LEDGER, f"{name} ended without fills")
    bought = sum((fill.quantity for fill in order.fills), Decimal(0))
    what = f"{name} was filled: {plain(bought)} for {plain(order.value)}"
    return Finding(Outcome.CONVERTED, LEDGER, what)
