"""One connection after another: read, let faults happen, perform, answer, note it down."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from powertraderd.testing.fakex.clock import moment_of
from powertraderd.testing.fakex.deliveries import DELIVERIES, hang
from powertraderd.testing.fakex.exchange import Exchange
from powertraderd.testing.fakex.faults import Faults, Occasion, Rule
from powertraderd.testing.fakex.journal import Entry, Journal
from powertraderd.testing.fakex.message import Answer, Request
from powertraderd.testing.fakex.mischief import Mischief
from powertraderd.testing.fakex.optional_fields import bare
from powertraderd.testing.fakex.rewrites import REWRITES, rewritten
from powertraderd.testing.fakex.stream import Gone, PlainStream

_REQUEST_PHASES = (
    "before_read",
    "before_commit",
    "after_commit",
    "in_headers",
    "in_body",
    "after_response",
)
_DELIVERED = frozenset(
    {"latency", "double_commit", "missing_order", "partial_fill", "big_body", "refuse"}
)
"""Faults after which the client has an answer in its hands."""
Admit = Callable[[Request], tuple[Answer | None, str]]
Perform = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True)
class Api:
    """What a listener serves."""

    name: str
    admit: Admit
    perform: Perform
    headers: Callable[[Request], dict[str, str]]


class Service:
    """Serves connections of one listener."""

    def __init__(self, api: Api, exchange: Exchange, faults: Faults, journal: Journal) -> None:
        """Serve ``api``."""
        self._api = api
        self._exchange = exchange
        self._faults = faults
        self._journal = journal
        self._mischief = Mischief(exchange, api.perform)

    def converse(self, stream: PlainStream, connection: int) -> None:
        """All requests of a connection; ends it."""
        try:
            while self._one(stream, connection):
                pass
        except Gone:
            pass
        finally:
            stream.close()

    def _one(self, stream: PlainStream, connection: int) -> bool:
        request = stream.read_request()
        if request is None:
            return False
        self._exchange.follow_scripts()
        occasion = _described(self._api.name, request)
        rule = self._pick(occasion, _REQUEST_PHASES)
        entry = self._begin(request, connection, occasion, rule)
        sent = stream.sent
        try:
            self._answer(stream, request, rule, entry)
        finally:
            self._journal.end(
                entry,
                bytes_sent=stream.sent - sent,
                closed_by=stream.closed_by,
                t_end=self._exchange.clock.monotonic(),
            )
        return True

    def _pick(self, occasion: Occasion, phases: tuple[str, ...]) -> Rule | None:
        return self._faults.pick(occasion, phases, self._exchange.clock.monotonic())

    def _begin(
        self, request: Request, connection: int, occasion: Occasion, rule: Rule | None
    ) -> Entry:
        if "authorization" in request.headers:
            self._journal.tokens.append(request.headers["authorization"].split(" ")[-1])
        return self._journal.begin(
            t_mono=self._exchange.clock.monotonic(),
            t_virtual=self._exchange.now().isoformat(),
            conn=connection,
            listener=self._api.name,
            method=request.method,
            path=request.path,
            query=request.query,
            body_sha256=hashlib.sha256(request.body).hexdigest(),
            body=request.body.decode(errors="replace") if request.method == "POST" else "",
            product=occasion.product,
            client_order_id=occasion.client_order_id,
            jwt_ok=None,
            fault_id=rule and rule.id,
            action=rule and rule.action,
            phase=rule and rule.phase,
            commit=None,
            status=None,
            delivered=False,
        )

    def _answer(
        self, stream: PlainStream, request: Request, rule: Rule | None, entry: Entry
    ) -> None:
        if rule is not None and rule.phase == "before_read":
            self._leave_unread(stream, rule)
            rule = None
        answer, objection = self._api.admit(request)
        entry["jwt_ok"] = not objection
        entry["jwt_objection"] = objection
        admitted = answer is None
        if answer is None:
            answer = self._performed(request, rule, entry)
        answer = answer.with_headers(self._api.headers(request))
        answer = self._knobs(answer)
        entry["status"] = answer.status
        if rule is None or not admitted:
            entry.update(_contents(answer.document, self._exchange.now()))
            stream.send(answer.encoded())
            entry["delivered"] = True
            return
        self._deliver(stream, answer, rule, entry)

    def _leave_unread(self, stream: PlainStream, rule: Rule) -> None:
        """As if the request lay in the kernel's buffer: for ever, or (stall) for ``s`` seconds."""
        if rule.action != "stall":
            hang(stream, rule)
        rule.released.wait(rule.number("s", 1))

    def _performed(self, request: Request, rule: Rule | None, entry: Entry) -> Answer:
        """The right answer; before a commit, what would be said of an order that is not made."""
        if rule is None:
            answer = self._api.perform(request)
        elif rule.phase == "before_commit":
            if rule.action == "latency":
                time.sleep(rule.number("ms", 1000) / 1000)
                answer = self._api.perform(request)
            else:
                answer = self._mischief.untrue(request, rule)
        else:
            answer = self._mischief.perform(request, rule)
        entry["commit"] = answer.commit
        return answer

    def _deliver(self, stream: PlainStream, answer: Answer, rule: Rule, entry: Entry) -> None:
        if rule.action in REWRITES and answer.document is not None:
            answer = replace(answer, document=rewritten(answer.document, rule))
        if rule.action == "swap_answer":
            answer = self._mischief.swapped(answer)
        if rule.action == "latency" and rule.phase != "before_commit":
            time.sleep(rule.number("ms", 1000) / 1000)
        manner = str(rule.params.get("then", rule.action))
        deliver = DELIVERIES.get(manner, DELIVERIES["latency"])
        entry.update(_contents(answer.document, self._exchange.now()))
        entry["in_delivery"] = True
        if rule.action == "refuse":
            entry["status"] = 200  # a refusal is no error of HTTP
        elif rule.action == "status":
            entry["status"] = int(rule.number("code", 503))
        deliver(stream, answer, rule)
        entry["delivered"] = rule.action in _DELIVERED or rule.action in REWRITES

    def _knobs(self, answer: Answer) -> Answer:
        knobs, document = self._exchange.knobs, answer.document
        if document is None or self._api.name != "rest":
            return answer
        if knobs.omit_optional:
            document = bare(document)
        if knobs.unknown_fields:
            document = rewritten(document, Rule(id="knob", action="unknown_fields"))
        return replace(answer, document=document)


def _contents(document: Any, now: datetime) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """What the invariants ask of an answer: whose orders it shows, how old its prices are.

    A fault may have spoiled the document: what is not there is left out.
    """
    if not isinstance(document, dict):
        return {}
    listed = document.get("orders")
    orders = listed if isinstance(listed, list) else [document.get("order")]
    shown = [order["client_order_id"] for order in _with(orders, "client_order_id")]
    ages = {
        book["product_id"]: (now - moment_of(book["time"])).total_seconds()
        for book in _with(document.get("pricebooks") or [], "product_id", "time")
    }
    return {**({"shows": shown} if shown else {}), **({"quote_ages": ages} if ages else {})}


def _with(parts: list[Any], *names: str) -> list[dict[str, Any]]:
    """Those parts that have texts under all these names."""
    return [
        part
        for part in parts
        if isinstance(part, dict) and all(isinstance(part.get(name), str) for name in names)
    ]


def _described(listener: str, request: Request) -> Occasion:
    body: dict[str, Any] = {}
    if request.method == "POST":
        try:
            body = request.json()
        except (ValueError, json.JSONDecodeError):
            body = {}
    return Occasion(
        listener,
        request.method,
        request.path,
        str(body.get("product_id", request.value("product_ids") or request.value("symbol"))),
        str(body.get("side", "")),
        str(body.get("client_order_id", "")),
    )
