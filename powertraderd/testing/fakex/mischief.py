"""Faults that need the exchange itself: late, double, partial, missing and swapped orders."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from powertraderd.testing.fakex.exchange import Exchange
from powertraderd.testing.fakex.faults import Rule
from powertraderd.testing.fakex.figures import MATH
from powertraderd.testing.fakex.message import Answer, Request, error
from powertraderd.testing.fakex.order import NEVER, Order
from powertraderd.testing.fakex.rest_orders import accepted

_LOOK_S = 0.01
_ORDERS = "/api/v3/brokerage/orders"
_NOBODY = "aaaaaaaa-0000-4000-8000-00000000dead"

_CUT = frozenset(
    {
        "truncate",
        "truncate_chunked",
        "truncate_no_length",
        "malformed_json",
        "body_drip",
        "chunk_stall",
        "record_drip",
    }
)
"""What never arrives whole may look like an acceptance of an order that does not exist."""


class Mischief:
    """Performs requests in the way a rule wants."""

    def __init__(self, exchange: Exchange, perform: Callable[[Request], Answer]) -> None:
        """Perform on ``exchange``."""
        self._exchange = exchange
        self._perform = perform

    def perform(self, request: Request, rule: Rule) -> Answer:
        """Perform, with the rule's own twist."""
        with self._exchange.lock:
            if rule.action == "late_commit":
                self._later(request, rule)
                return Answer({})
            answer = self._perform(request)
            order = self._exchange.orders.get(answer.commit or "")
            if order is None:
                return answer
            match rule.action:
                case "double_commit":
                    self._again(request)
                case "missing_order":
                    until = self._exchange.now() + timedelta(seconds=rule.number("s", 60))
                    order.seen_at = until
                    self._exchange.commit(order)
                case "partial_fill":
                    self._cut(order, rule)
            return answer

    def untrue(self, request: Request, rule: Rule) -> Answer:
        """What an order would be told that is never made; reads are told the truth."""
        if rule.action == "late_commit":
            return self.perform(request, rule)
        if request.method != "POST" or request.path != _ORDERS:
            return self._perform(request)
        if rule.action in _CUT:
            return Answer(_acceptance(request))
        return error(503, "UNAVAILABLE", "the order was not taken", self._exchange.knobs.envelope)

    def swapped(self, answer: Answer) -> Answer:
        """The answer about another order."""
        with self._exchange.lock:
            now = self._exchange.now()
            mine = answer.commit
            others = [o for o in self._exchange.orders.values() if o.order_id != mine]
            order = others[0] if others else None
        if order is None or not isinstance(answer.document, dict):
            return answer
        if "success" in answer.document:
            return replace(accepted(self._exchange, order), commit=mine)
        from powertraderd.testing.fakex.order_json import order_json  # noqa: PLC0415

        return replace(answer, document={"order": order_json(order, now)})

    def _later(self, request: Request, rule: Rule) -> None:
        """Commit after ``s`` seconds of the exchange's time."""
        due = self._exchange.now() + timedelta(seconds=rule.number("s", 30))

        def wait() -> None:
            while self._exchange.now() < due:
                if rule.released.wait(_LOOK_S):
                    return
            self._perform(request)

        threading.Thread(target=wait, daemon=True).start()

    def _again(self, request: Request) -> None:
        knobs = self._exchange.knobs
        policy, knobs.dup_policy = knobs.dup_policy, "allow"
        self._perform(request)
        knobs.dup_policy = policy

    def _cut(self, order: Order, rule: Rule) -> None:
        """Fill ``pct`` percent of it; ``rest``: cancel, later (after ``s`` seconds) or never."""
        wanted = MATH.multiply(order.size(), Decimal(str(rule.number("pct", 50))) / 100)
        filled, kept = Decimal(0), 0
        for each in order.executions:
            if filled >= wanted:
                break
            filled, kept = filled + each.size, kept + 1
        done, rest = order.executions[:kept], order.executions[kept:]
        match rule.params.get("rest", "cancel"):
            case "cancel":
                order.executions, order.ending = done, "CANCELLED"
                order.cancel_message = "Internal error"
            case "later":
                pause = timedelta(seconds=rule.number("s", 5))
                for each in rest:
                    each.at += pause
                order.done_at, order.settle_at = order.done_at + pause, order.settle_at + pause
            case _:
                order.executions, order.done_at, order.settle_at = done, NEVER, NEVER
        self._exchange.commit(order)


def _acceptance(request: Request) -> dict[str, Any]:
    """What the acceptance of this order would look like."""
    body = request.json()
    names = ("product_id", "side", "client_order_id")
    response = {"order_id": _NOBODY, **{name: body.get(name) for name in names}}
    return {"success": True, "order_id": _NOBODY, "success_response": response}
