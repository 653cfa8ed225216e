"""Promises of the documentation: it says what the code does."""

import re
from pathlib import Path

from powertraderd.model.decision import ReasonCode
from powertraderd.model.order import OrderEvent, OrderState
from powertraderd.strategy.orders import TABLE

DOCS = Path(__file__).parents[3] / "docs"
MOVES = [(state, event, after) for state, row in TABLE.items() for event, after in row.items()]


def read(name: str) -> str:
    """A page of the documentation."""
    return (DOCS / name).read_text(encoding="utf-8")


def test_every_reason_code_is_explained_once() -> None:
    """The table of docs/strategy.md lists exactly the codes that a decision can carry."""
    listed = re.findall(r"^\| `(\w+)` \| \S", read("strategy.md"), re.MULTILINE)
    assert sorted(listed) == sorted(code.value for code in ReasonCode)


def test_the_order_table_is_the_codes_table() -> None:
    """Page orders.md holds exactly the moves that the code knows, in its order."""
    listed = re.findall(r"^\| (\w+) \| (\w+) \| (\w+) \|$", read("orders.md"), re.MULTILINE)
    assert listed == MOVES


def test_the_order_diagram_is_the_codes_table() -> None:
    """The diagram shows the same moves, and an end for exactly the final states."""
    page = read("orders.md")
    drawn = re.findall(r"^    (\w+) --> (\w+): (\w+)$", page, re.MULTILINE)
    assert drawn == [(state, after, event) for state, event, after in MOVES]
    ends = re.findall(r"^    (\w+) --> \[\*\]$", page, re.MULTILINE)
    assert ends == [state for state in OrderState if state.final]


def test_every_order_event_is_explained() -> None:
    """In the order of the code."""
    page = read("orders.md")
    events = page[page.index("| event | meaning |") : page.index("| state | event |")]
    assert re.findall(r"^\| ([A-Z_]+) \| \S", events, re.MULTILINE) == list(OrderEvent)
