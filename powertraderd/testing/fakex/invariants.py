"""What must hold whatever happens (FAKE_EXCHANGE.md, 12): orders and money.

How the client behaved is in conduct.py. The daemon's use of the processor (a part of I7) is
measured by the test, which knows its pids.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from powertraderd.testing.fakex import conduct
from powertraderd.testing.fakex.exchange import Exchange
from powertraderd.testing.fakex.figures import MATH, text, total
from powertraderd.testing.fakex.journal import Entry
from powertraderd.testing.fakex.order import END, Order

Verdict = dict[str, Any]


def examine(
    exchange: Exchange, journal: Sequence[Entry], tokens: Sequence[str] = ()
) -> dict[str, Verdict]:
    """Pass or fail with evidence, by name. ``tokens``: what no log may hold, with the secrets."""
    knobs, declared = exchange.knobs, exchange.declared
    findings: dict[str, Iterator[str]] = {
        "I1": _one_order_per_id(exchange),
        "I2": _one_order_per_intent(exchange),
        "I3": conduct.sent_while_unknown(journal, knobs.reconcile_window_s),
        "I4": _money(exchange),
        "I5": _books(exchange),
        "I6": conduct.outlived(journal, knobs.deadline_s),
        "I7": conduct.too_fast(journal, knobs),
        "I8": conduct.sent_although(journal, declared, knobs.stale_after_s),
        "I9": conduct.secrets_in_logs(declared, tokens),
    }
    return {name: _verdict(list(evidence)) for name, evidence in findings.items()}


def _verdict(evidence: list[str]) -> Verdict:
    return {"ok": not evidence, "evidence": evidence}


def _one_order_per_id(exchange: Exchange) -> Iterator[str]:
    counts = Counter(order.client_order_id for order in exchange.orders.values())
    for name, count in counts.items():
        if count > 1:
            yield f"{name}: {count} orders"


def _one_order_per_intent(exchange: Exchange) -> Iterator[str]:
    """Intents are declared by the test: product, side, from, until, most orders and most quote."""
    for intent in exchange.declared.get("intents", []):
        orders = [order for order in exchange.orders.values() if _within(order, intent)]
        spent = total([order.value() for order in orders])
        if len(orders) > int(intent.get("max_orders", 1)):
            yield f"{len(orders)} orders for {intent}"
        if "max_quote" in intent and spent > Decimal(intent["max_quote"]):
            yield f"{text(spent)} spent for {intent}"


def _within(order: Order, intent: Mapping[str, Any]) -> bool:
    since, until = intent.get("from"), intent.get("until")
    return (
        order.product_id == intent["product"]
        and order.side == intent["side"]
        and (since is None or order.created_at >= datetime.fromisoformat(since))
        and (until is None or order.created_at < datetime.fromisoformat(until))
    )


def _money(exchange: Exchange) -> Iterator[str]:
    """No more spent than the declared budget; nothing sold that was not bought here."""
    orders = list(exchange.orders.values())
    budget = exchange.declared.get("budget")
    spent = total([MATH.add(o.value(), o.fees()) for o in orders if o.buys])
    if budget is not None and spent > Decimal(budget):
        yield f"{text(spent)} spent, the budget is {budget}"
    for product_id in {order.product_id for order in orders}:
        held = Decimal(0)
        mine = (order for order in orders if order.product_id == product_id)
        for order in sorted(mine, key=lambda each: each.created_at):
            held = MATH.add(held, order.size() if order.buys else -order.size())
            if held < 0 and "owned" not in exchange.declared:
                yield f"{product_id}: order {order.order_id} sells more than was bought"


def _books(exchange: Exchange) -> Iterator[str]:
    """The daemon's own ledger, where the test has handed it over."""
    ledger = exchange.declared.get("ledger")
    if ledger is None:
        return
    theirs = {row["order_id"]: row for row in ledger["orders"] if row.get("order_id")}
    for order in exchange.orders.values():
        row = theirs.pop(order.order_id, None)
        truth = (order.client_order_id, order.status(END), order.size(), order.fees())
        if row is None:
            yield f"order {order.order_id} is not in the ledger"
            continue
        told = (
            row["client_order_id"],
            row["status"],
            Decimal(row["filled_size"]),
            Decimal(row["fees"]),
        )
        if told != truth:
            yield f"order {order.order_id}: ledger {told}, exchange {truth}"
    for order_id in theirs:
        yield f"order {order_id} is in the ledger and not here"
