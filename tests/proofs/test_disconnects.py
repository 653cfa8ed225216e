"""Accepted, then disconnected: at most one order for an intent, and none forgotten.

The order desk with the real adapter, the real SDK and the real ledger, over TLS, on the exchange's
virtual clock. What the SDK never returns from is ended by SIGKILL, as the heartbeat would.
"""

from collections.abc import Callable
from typing import Any

import pytest

from powertraderd.testing.proof.disconnect import Case, cases

CASES = list(cases())
TITLES = (
    "accepted, then disconnected: what happens to the answer of POST /orders",
    "the same, to the reads on which the order's fate hangs",
)


@pytest.mark.timeout(300)
def test_one_intent_is_at_most_one_order_and_the_books_know_it(
    case: Case,
    disconnects: Any,  # noqa: ANN401 - see conftest.py
    record_property: Callable[[str, object], None],
) -> None:
    """Books and exchange agree to the last digit, whatever the line did to the answer."""
    result = disconnects.result(case)
    where = case.read or case.phase.replace("_", " ")
    row = f"{case.action}, {where}"
    figures = (result.killed, result.orders, result.posts, bool(result.broken))
    record_property("proof", (TITLES[bool(case.read)], row, *figures))
    assert not result.broken
    assert result.posts == 1
    if case.phase == "after_commit":
        assert result.orders == 1
