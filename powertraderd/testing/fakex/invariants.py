"""What must hold whatever happens (FAKE_EXCHANGE.md, 12)."""

from collections import Counter
from typing import Any

from powertraderd.testing.fakex.exchange import Exchange
from powertraderd.testing.fakex.journal import Entry

Verdict = dict[str, Any]


def examine(exchange: Exchange, journal: list[Entry]) -> dict[str, Verdict]:
    """Pass or fail with evidence, by name."""
    return {"I1": _one_order_per_id(exchange), "requests": verdict([])} if journal else {}


def verdict(evidence: list[Any]) -> Verdict:
    """A pass where there is no evidence against it."""
    return {"ok": not evidence, "evidence": evidence}


def _one_order_per_id(exchange: Exchange) -> Verdict:
    counts = Counter(order.client_order_id for order in exchange.orders.values())
    return verdict([f"{name}: {count} orders" for name, count in counts.items() if count > 1])
