"""The order path, one separate step after another (EXCHANGE.md, Never twice, never lost).

Each step is durable before the next begins, so the process may die between any two of them:
intent -> SENDING -> the call -> its outcome -> fills -> settled. What is not final is looked at
again, by reading only; nothing is ever sent a second time. What counted as never placed is still
looked for, because an exchange may show an order later than anybody thought.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import reduce

from powertraderd import log
from powertraderd.clock import NANOSECOND, Clock
from powertraderd.errors import (
    AmbiguousOrder,
    InvalidAnswer,
    InvariantBroken,
    TransientExchangeError,
)
from powertraderd.model.decision import Decision
from powertraderd.model.money import EXACT, plain
from powertraderd.model.order import (
    Fill,
    OrderEvent,
    OrderIntent,
    OrderRecord,
    OrderReport,
    OrderSide,
    OrderState,
    Placed,
    Placement,
    Refused,
)
from powertraderd.model.product import Product
from powertraderd.ports import Broker, Heart, Ledger
from powertraderd.settings import BudgetSettings
from powertraderd.strategy import orders

LOOKBACK = timedelta(seconds=60)
"""How far before the intent the venue's order list is read: the clocks may differ."""
LATE = timedelta(days=1)
"""For so long an order that counted as not placed is looked for, market time."""

PLACE, ORDER, ORDERS, FILLS = "broker.place", "broker.order", "broker.orders", "broker.fills"
"""Phases of the outside calls; their detail is the order's id (ours for place and orders)."""

_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.5

_NEVER_PLACED = frozenset({OrderState.NOT_PLACED, OrderState.REJECTED})
_ENDINGS = {
    OrderState.FILLED: OrderEvent.FILLED,
    OrderState.CANCELLED: OrderEvent.CANCELLED,
    OrderState.EXPIRED: OrderEvent.EXPIRED,
    OrderState.REJECTED: OrderEvent.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the desk waits, machine seconds.

    ``settle_s``: for the fills of an order that was just sent; the rest is read in later ticks.
    ``quiet_window_s``: an order that the venue does not list counts as never placed only after it
    stayed absent for so long (its lists lag).
    """

    settle_s: float
    quiet_window_s: float


class OrderDesk:
    """The only place that sends orders, and the one that learns what became of them."""

    def __init__(  # noqa: PLR0913 - ports and rules, all by name
        self,
        *,
        broker: Broker,
        ledger: Ledger,
        clock: Clock,
        heart: Heart,
        budgets: BudgetSettings,
        patience: Patience,
        avoid: Callable[[str, str], bool],
        forbidden: Callable[[OrderSide], str],
    ) -> None:
        """Work on these ports; ``budgets`` bound each outside call.

        ``avoid(phase, detail)`` says whether that call hung an earlier trader: then the order is
        read by another route, or left for later where there is none. ``forbidden(side)`` is the
        last look before the call: why no such order may leave, empty when it may.
        """
        self._broker = broker
        self._ledger = ledger
        self._clock = clock
        self._heart = heart
        self._budgets = budgets
        self._patience = patience
        self._avoid = avoid
        self._forbidden = forbidden
        self._absent_since_ns: dict[str, int] = {}
        self._log = log.get(__name__)

    def submit(
        self, decision: Decision, product: Product, request_id: str | None = None
    ) -> OrderRecord:
        """Carry out a decision that names a size: all steps, then wait a while for the fills.

        The record that comes back is not final when the outcome is unknown or the fills are late;
        ``advance`` goes on from there.
        """
        intent = self._write_intent(decision, product, request_id)
        record = self._mark_sending(intent)
        outcome = self._send(intent)
        record = self._write_outcome(record, outcome)
        return self._await_settlement(record)

    def advance(self, record: OrderRecord) -> OrderRecord:
        """Look once at the venue for an order that is not final, and book what is new."""
        if record.order_id is None:
            return self._resolve(record)
        return self._collect(record, record.order_id)

    def compare_orders(self) -> tuple[str, ...]:
        """Hold the orders of the last day against the venue's own list; differences in words.

        The quiet window is a bet that can be lost: an order taken half a minute late and listed a
        minute later is seen by no read of the window. So one that counted as never placed and is
        listed after all is taken up. One that is final here and has more fills there is told: what
        is final is never booked again. Raises InvariantBroken where an intent became several orders
        or another one than we know, TransientExchangeError when the venue cannot be read.
        """
        of_product: dict[str, list[OrderRecord]] = {}
        for record in self._ledger.orders_since(self._clock.now() - LATE):
            of_product.setdefault(record.intent.product_id, []).append(record)
        return tuple(
            difference
            for product_id, records in of_product.items()
            if not self._avoid(ORDERS, product_id)
            for difference in self._compare(product_id, records)
        )

    def _compare(self, product_id: str, records: Sequence[OrderRecord]) -> Iterator[str]:
        start = min(record.intent.created_at for record in records) - LOOKBACK
        with self._heart.phase(ORDERS, self._budgets.read_orders, product_id):
            reports = self._broker.orders_since(product_id, start)
        busy = any(not record.state.final for record in records)
        for record in records:
            report = _only(reports, record.intent.client_order_id)
            if report is None:
                continue
            if record.order_id not in (None, report.order_id):
                msg = f"order {record.order_id} is {report.order_id} in the venue's list"
                raise InvariantBroken(msg)
            if record.order_id is None and record.state in _NEVER_PLACED and not busy:
                self._revive(record, report)
                busy = True  # one in flight per product: the next one follows later
            elif record.state.final and report.filled_quantity > record.filled_quantity:
                yield (
                    f"{record.intent.coin}: order {report.order_id} is {record.state.value} with "
                    f"{plain(record.filled_quantity)} in the ledger, the venue's list says "
                    f"{plain(report.filled_quantity)}"
                )

    def _revive(self, record: OrderRecord, report: OrderReport) -> None:
        client_order_id = record.intent.client_order_id
        orders.advance(record.state, OrderEvent.FOUND)
        self._log.critical("order_found_late", client_order_id=client_order_id)
        with self._heart.phase("ledger.order", self._budgets.ledger, client_order_id):
            self._ledger.revive_order(client_order_id, report.order_id, self._clock.now())

    # -- the steps, in order

    def _write_intent(
        self, decision: Decision, product: Product, request_id: str | None
    ) -> OrderIntent:
        intent = orders.intent(decision, str(uuid.uuid4()), product, request_id)
        with self._heart.phase("ledger.intent", self._budgets.ledger, intent.client_order_id):
            self._ledger.record_intent(intent)
        self._log.info(
            "order_intended",
            coin=intent.coin,
            client_order_id=intent.client_order_id,
            tag=intent.tag.value,
            quote_size=intent.quote_size,
            base_size=intent.base_size,
        )
        return intent

    def _mark_sending(self, intent: OrderIntent) -> OrderRecord:
        return self._move(self._record(intent.client_order_id), OrderEvent.SEND)

    def _send(self, intent: OrderIntent) -> Placement | None:
        """The call itself; None when nobody can say what became of it."""
        detail = intent.client_order_id
        if why := self._forbidden(intent.side):
            return Refused("held_back", why)
        try:
            with self._heart.phase(PLACE, self._budgets.place_order, detail):
                return self._broker.place(intent)
        except (AmbiguousOrder, TransientExchangeError) as error:
            self._log.warning(
                "order_outcome_unknown",
                coin=intent.coin,
                client_order_id=intent.client_order_id,
                error=str(error),
            )
            return None

    def _write_outcome(self, record: OrderRecord, outcome: Placement | None) -> OrderRecord:
        match outcome:
            case Placed(order_id):
                return self._move(record, OrderEvent.ACCEPTED, order_id=order_id)
            case Refused(code, message):
                refusal = f"{code}: {message}" if message else code
                self._log.warning(
                    "order_refused",
                    coin=record.intent.coin,
                    client_order_id=record.intent.client_order_id,
                    refusal=refusal,
                )
                return self._move(record, OrderEvent.REFUSED, refusal=refusal)
            case None:
                return self._move(record, OrderEvent.LOST)

    def _await_settlement(self, record: OrderRecord) -> OrderRecord:
        deadline_ns = self._clock.monotonic_ns() + int(self._patience.settle_s * NANOSECOND)
        pause_s = _FIRST_PAUSE_S
        while not record.state.final:
            record = self._advance_or_leave(record)
            if record.state.final or self._clock.monotonic_ns() >= deadline_ns:
                break
            with self._heart.phase("order.wait", pause_s + self._budgets.idle_slack):
                self._clock.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        return record

    def _advance_or_leave(self, record: OrderRecord) -> OrderRecord:
        """A read that fails changes nothing: the ledger knows how far the order came."""
        try:
            return self.advance(record)
        except TransientExchangeError as error:
            client_order_id = record.intent.client_order_id
            self._log.warning(
                "order_read_failed", client_order_id=client_order_id, error=str(error)
            )
            return self._record(client_order_id)

    # -- learning what became of an order

    def _resolve(self, record: OrderRecord) -> OrderRecord:
        """The venue has given no order id: find the order by our own id in the venue's list."""
        client_order_id = record.intent.client_order_id
        if self._avoid(ORDERS, client_order_id):
            return record
        report = self._find(record.intent)
        if report is None and record.state is OrderState.INTENDED:
            # SENDING is durable before the call, so this one was never sent
            return self._move(record, OrderEvent.ABANDON, refusal="the trader stopped before it")
        record = self._mark_unknown(record)
        if report is None:
            return self._wait_out(record)
        self._absent_since_ns.pop(client_order_id, None)
        self._log.info("order_found", client_order_id=client_order_id)
        record = self._move(record, OrderEvent.ACCEPTED, order_id=report.order_id)
        return self._collect(record, report.order_id, report)

    def _mark_unknown(self, record: OrderRecord) -> OrderRecord:
        """An earlier trader stopped around the call."""
        if record.state is OrderState.INTENDED:
            record = self._move(record, OrderEvent.SEND)
        if record.state is OrderState.SENDING:
            record = self._move(record, OrderEvent.LOST)
        return record

    def _wait_out(self, record: OrderRecord) -> OrderRecord:
        """Absence is believed after the quiet window, on machine time and by this process alone."""
        client_order_id = record.intent.client_order_id
        now_ns = self._clock.monotonic_ns()
        absent_ns = now_ns - self._absent_since_ns.setdefault(client_order_id, now_ns)
        if absent_ns < self._patience.quiet_window_s * NANOSECOND:
            return record
        del self._absent_since_ns[client_order_id]
        refusal = f"absent at the venue for {absent_ns / NANOSECOND:.0f} s"
        self._log.warning("order_not_placed", client_order_id=client_order_id, refusal=refusal)
        return self._move(record, OrderEvent.ABSENT, refusal=refusal)

    def _find(self, intent: OrderIntent) -> OrderReport | None:
        with self._heart.phase(ORDERS, self._budgets.read_orders, intent.client_order_id):
            reports = self._broker.orders_since(intent.product_id, intent.created_at - LOOKBACK)
        return _only(reports, intent.client_order_id)

    def _collect(
        self, record: OrderRecord, order_id: str, report: OrderReport | None = None
    ) -> OrderRecord:
        """Read the order and its fills; book the fills that are new."""
        report = report or self._report_on(record.intent, order_id)
        if report is None or self._avoid(FILLS, order_id):  # not visible yet, or later
            return record
        fills = self._read_fills(order_id)
        state = orders.advance(record.state, _event(report, fills))
        booked = record.filled_quantity == _total(fill.quantity for fill in fills)
        if state is record.state and booked:
            return record
        return self._book(record, fills, state)

    def _report_on(self, intent: OrderIntent, order_id: str) -> OrderReport | None:
        if self._avoid(ORDER, order_id):
            return self._find(intent)
        with self._heart.phase(ORDER, self._budgets.read_orders, order_id):
            report = self._broker.order(order_id)
        if report is not None and report.client_order_id != intent.client_order_id:
            msg = f"asked for order {order_id}, got the one of {report.client_order_id}"
            raise InvalidAnswer(msg)
        return report

    def _read_fills(self, order_id: str) -> tuple[Fill, ...]:
        with self._heart.phase(FILLS, self._budgets.read_orders, order_id):
            fills = self._broker.fills(order_id)
        for fill in fills:
            if fill.order_id != order_id:
                msg = f"asked for fills of order {order_id}, got one of {fill.order_id}"
                raise InvalidAnswer(msg)
        return fills

    def _book(self, record: OrderRecord, fills: Sequence[Fill], state: OrderState) -> OrderRecord:
        client_order_id = record.intent.client_order_id
        with self._heart.phase("ledger.fills", self._budgets.ledger, client_order_id):
            self._ledger.record_fills(client_order_id, fills, state, self._clock.now())
        booked = self._record(client_order_id)
        self._log.info(
            "order_booked",
            coin=record.intent.coin,
            client_order_id=client_order_id,
            tag=record.intent.tag.value,
            state=booked.state.value,
            quantity=booked.filled_quantity,
            value=booked.filled_value,
            fees=booked.fees,
            realised=booked.realised,
        )
        return booked

    # -- the ledger

    def _move(
        self,
        record: OrderRecord,
        event: OrderEvent,
        *,
        order_id: str | None = None,
        refusal: str | None = None,
    ) -> OrderRecord:
        client_order_id = record.intent.client_order_id
        state = orders.advance(record.state, event)
        with self._heart.phase("ledger.order", self._budgets.ledger, client_order_id):
            self._ledger.set_order_state(
                client_order_id, state, self._clock.now(), order_id=order_id, refusal=refusal
            )
        return self._record(client_order_id)

    def _record(self, client_order_id: str) -> OrderRecord:
        record = self._ledger.order(client_order_id)
        if record is None:
            msg = f"order {client_order_id} vanished from the ledger"
            raise InvariantBroken(msg)
        return record


def _only(reports: Sequence[OrderReport], client_order_id: str) -> OrderReport | None:
    """The order of an intent; raises InvariantBroken where there are several."""
    found = [report for report in reports if report.client_order_id == client_order_id]
    if len({report.order_id for report in found}) > 1:
        ids = ", ".join(report.order_id for report in found)
        msg = f"intent {client_order_id} became several orders at the venue: {ids}"
        raise InvariantBroken(msg)
    return found[0] if found else None


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return reduce(EXACT.add, amounts, Decimal(0))


def _event(report: OrderReport, fills: Sequence[Fill]) -> OrderEvent:
    """The venue's final state counts once it is settled and the fills agree with the order."""
    agreed = (
        _total(fill.quantity for fill in fills) == report.filled_quantity
        and _total(fill.fee for fill in fills) == report.fees
    )
    if report.settled and agreed and report.state in _ENDINGS:
        return _ENDINGS[report.state]
    return OrderEvent.PARTLY_FILLED if fills else OrderEvent.ACCEPTED
