"""Bad answers to the Coinbase adapter: classified, bounded in time, and nothing comes of them.

The real SDK over TLS against fakex, with each fault of its list on each call of the port.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from powertraderd.adapters.coinbase.broker import CoinbaseBroker
from powertraderd.clock import RealClock
from powertraderd.errors import (
    AmbiguousOrder,
    CredentialsRejected,
    InvalidAnswer,
    RateLimited,
    TransientExchangeError,
)
from powertraderd.model.order import Placed
from powertraderd.settings import BudgetSettings
from powertraderd.testing.examples import BTC, buy_intent
from powertraderd.testing.rig import until
from powertraderd.testing.venue import Venue
from powertraderd.testing.venue_broker import coinbase_broker

BUDGET_S = 2.0
BUDGETS = BudgetSettings(quotes=BUDGET_S, read_orders=BUDGET_S, place_order=BUDGET_S)
Read = Callable[[CoinbaseBroker, str], Any]

READS: dict[str, tuple[str, Read]] = {
    "quotes": ("best_bid_ask", lambda broker, _: broker.quotes([BTC])),
    "products": ("products", lambda broker, _: broker.products([BTC])),
    "balances": ("accounts", lambda broker, _: broker.balances()),
    "fee_rate": ("transaction_summary", lambda broker, _: broker.fee_rate()),
    "verify_key": ("key_permissions", lambda broker, _: broker.verify_key()),
    "clock_skew": ("brokerage/time", lambda broker, _: broker.clock_skew()),
    "order": ("historical/[0-9a-f-]+$", lambda broker, order: broker.order(order)),
    "orders_since": (
        "historical/batch",
        lambda broker, _: broker.orders_since("BTC-USD", RealClock().now() - timedelta(hours=1)),
    ),
    "fills": ("historical/fills", lambda broker, order: broker.fills(order)),
}
"""What is read, the path that it asks, and how."""

INVALID: list[tuple[str, dict[str, Any]]] = [
    ("malformed_json", {}),
    ("html_200", {}),
    ("empty_200", {}),
    ("json_list", {}),
    ("json_null", {}),
    ("wrong_types", {"mode": "nulls"}),
    ("wrong_types", {"mode": "missing"}),
]
SILENT: list[tuple[str, dict[str, Any]]] = [
    ("hang_before_headers", {}),
    ("close", {}),
    ("rst", {}),
    ("truncate", {}),
    ("truncate_chunked", {}),
    ("body_drip", {}),
    ("chunk_drip", {}),
    ("chunk_stall", {}),
    ("infinite_body", {"rate": 100_000_000}),
    ("record_drip", {}),
    ("big_body", {}),
    ("gzip_bomb", {}),
    ("redirect", {"code": 302}),
    ("redirect", {"code": 307}),
    ("status", {"code": 400}),
    ("status", {"code": 403}),
    ("status", {"code": 500}),
    ("status", {"code": 503}),
]


def named(value: object) -> str | None:
    """The id of a case."""
    return "-".join(map(str, value.values())) if isinstance(value, dict) else None


@pytest.fixture
def tries() -> list[type]:
    """How each request ended."""
    return []


@pytest.fixture
def broker(fakex: Venue, tries: list[type]) -> Iterator[CoinbaseBroker]:
    """With budgets that a test can wait for."""
    made = coinbase_broker(
        fakex,
        RealClock(),
        budgets=BUDGETS,
        tried=lambda failure, _spent_ns: tries.append(type(failure)),
        connect_timeout_seconds=0.4,
        read_timeout_seconds=0.5,
    )
    yield made
    made.close()


@pytest.fixture
def order(broker: CoinbaseBroker) -> str:
    """An order that is filled and settled."""
    placed = broker.place(buy_intent("known"))
    assert isinstance(placed, Placed)
    order_id = placed.order_id
    until(lambda: (report := broker.order(order_id)) and report.settled, "the order to settle")
    return order_id


def failing(
    fakex: Venue, what: str, action: str, params: dict[str, Any]
) -> tuple[Read, dict[str, Any]]:
    """Put a fault on everything that a read asks."""
    path, read = READS[what]
    fakex.fault(action, phase="in_body", match={"method": "GET", "path_regex": path}, **params)
    return read, params


@pytest.mark.parametrize("what", list(READS))
@pytest.mark.parametrize(("action", "params"), INVALID, ids=named)
def test_an_answer_that_is_not_what_it_should_be_is_invalid(
    fakex: Venue,
    broker: CoinbaseBroker,
    order: str,
    tries: list[type],
    what: str,
    action: str,
    params: dict[str, Any],
) -> None:
    """Never an empty answer, never a zero; counted, and a healthy answer follows at once."""
    read, _ = failing(fakex, what, action, params)
    with pytest.raises(InvalidAnswer):
        read(broker, order)
    assert InvalidAnswer in tries
    tries.clear()
    fakex.post("faults", clear=True)
    read(broker, order)
    assert set(tries) == {type(None)}


@pytest.mark.parametrize(
    ("mode", "what"),
    [
        *(("numbers", what) for what in READS if what not in {"verify_key", "clock_skew"}),
        *(("strings", what) for what in ("products", "balances", "verify_key", "order")),
    ],
)
def test_a_number_is_no_text_and_a_text_no_truth(
    fakex: Venue, broker: CoinbaseBroker, order: str, mode: str, what: str
) -> None:
    """JSON numbers have lost digits by the time that they are read; "False" would be true."""
    read, _ = failing(fakex, what, "wrong_types", {"mode": mode})
    with pytest.raises(InvalidAnswer):
        read(broker, order)


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("crossed_book", {}),
        ("zero_price", {}),
        ("one_sided", {"side": "bids"}),
        ("one_sided", {"side": "asks"}),
    ],
    ids=named,
)
def test_a_price_that_cannot_be_is_no_price(
    fakex: Venue, broker: CoinbaseBroker, action: str, params: dict[str, Any]
) -> None:
    """The coin is missing; the next healthy answer has it again."""
    failing(fakex, "quotes", action, params)
    assert broker.quotes([BTC]) == {}
    fakex.post("faults", clear=True)
    assert set(broker.quotes([BTC])) == {BTC}


def test_an_old_price_says_how_old_it_is(fakex: Venue, broker: CoinbaseBroker) -> None:
    """Whoever decides refuses it by its time."""
    fresh = broker.quotes([BTC])[BTC]
    failing(fakex, "quotes", "stale_price", {"s": 600})
    old = broker.quotes([BTC])[BTC]
    assert timedelta(seconds=590) < fresh.at - old.at < timedelta(seconds=600)


@pytest.mark.parametrize("what", ["quotes", "fills"])
@pytest.mark.parametrize(("action", "params"), SILENT, ids=named)
def test_no_read_outlives_its_budget(
    fakex: Venue, broker: CoinbaseBroker, order: str, what: str, action: str, params: dict[str, Any]
) -> None:
    """It fails as one that may be tried again."""
    read, _ = failing(fakex, what, action, params)
    begun = time.monotonic()
    with pytest.raises(TransientExchangeError):
        read(broker, order)
    assert time.monotonic() - begun < BUDGET_S + 1, "the slack is this machine's"


@pytest.mark.parametrize(
    ("action", "params"), [*INVALID[:5], *SILENT, ("status", {"code": 401})], ids=named
)
def test_a_placement_without_a_clear_answer_is_ambiguous(
    fakex: Venue, broker: CoinbaseBroker, action: str, params: dict[str, Any]
) -> None:
    """The order exists; it is sent once, and no error says that it failed."""
    fakex.fault(action, phase="after_commit", match={"method": "POST"}, **params)
    with pytest.raises(AmbiguousOrder):
        broker.place(buy_intent("b-1"))
    assert [each["client_order_id"] for each in fakex.orders()] == ["b-1"]


def test_an_answer_about_another_order_is_ambiguous(
    fakex: Venue, broker: CoinbaseBroker, order: str
) -> None:
    """Its id is not taken for ours; and a read of another's order is invalid."""
    fakex.fault("swap_answer", phase="in_body", match={"method": "POST"})
    with pytest.raises(AmbiguousOrder, match="does not say that it is this one"):
        broker.place(buy_intent("b-1"))
    fakex.post("faults", clear=True)
    ours = fakex.orders()[1]["order_id"]
    assert ours != order
    fakex.fault("swap_answer", phase="in_body", match={"path_regex": f"historical/{ours}"})
    with pytest.raises(InvalidAnswer, match=f"got order {order}"):
        broker.order(ours)


@pytest.mark.parametrize("code", ["UNKNOWN_FAILURE_REASON", "COMMANDER_REJECTED_NEW_ORDER", "NEW"])
def test_a_refusal_without_a_definite_code_is_ambiguous(
    fakex: Venue, broker: CoinbaseBroker, code: str
) -> None:
    """The order may exist all the same."""
    body = json.dumps({"success": False, "error_response": {"error": code, "message": "sorry"}})
    fakex.fault("status", phase="after_commit", match={"method": "POST"}, code=200, body=body)
    with pytest.raises(AmbiguousOrder, match=code):
        broker.place(buy_intent("b-1"))
    assert len(fakex.orders()) == 1


@pytest.mark.parametrize("fault", ["cursor_loop"])
@pytest.mark.parametrize("what", ["balances", "orders_since", "fills"])
def test_pages_that_go_in_a_circle_end(
    fakex: Venue, broker: CoinbaseBroker, order: str, what: str, fault: str
) -> None:
    """As an invalid answer, after few requests."""
    read, _ = failing(fakex, what, fault, {})
    with pytest.raises(InvalidAnswer, match="circle"):
        read(broker, order)


@pytest.mark.parametrize("knob", ["dup_across_pages", "empty_page_with_has_next"])
def test_odd_pages_change_nothing(
    fakex: Venue, broker: CoinbaseBroker, order: str, knob: str
) -> None:
    """Rows that come twice count once; an empty page is not the end."""
    for number in range(120):
        fakex.post("balance", **{f"COIN{number}": "1"})
    expected = broker.balances()
    fills = broker.fills(order)
    fakex.post("policy", **{knob: True}, page_size=7)
    assert broker.balances() == expected
    assert broker.fills(order) == fills
    assert len(expected) > 120


@pytest.mark.parametrize("knob", ["unknown_fields", "omit_optional"])
def test_fields_of_tomorrow_and_missing_optional_ones_are_fine(
    fakex: Venue, broker: CoinbaseBroker, order: str, knob: str
) -> None:
    """Everything is read as before."""
    moving = {"quotes", "clock_skew"}
    before = {what: read(broker, order) for what, (_, read) in READS.items() if what not in moving}
    fakex.post("policy", **{knob: True})
    for what, expected in before.items():
        found = READS[what][1](broker, order)
        if knob == "omit_optional" and what in {"order", "orders_since"}:
            found, expected = without_value(found), without_value(expected)  # noqa: PLW2901
        assert found == expected, what
    assert set(broker.quotes([BTC])) == {BTC}
    assert isinstance(broker.place(buy_intent("b-2")), Placed)
    fakex.post("product", id="BTC-USD", patch={"trading_disabled": True})
    refused = broker.place(buy_intent("b-3"))
    assert not isinstance(refused, Placed)
    assert refused.code == "ORDER_ENTRY_DISABLED"


def without_value(told: Any) -> Any:  # noqa: ANN401 - a report or several
    """Where filled_value is missing, it is worked out from a price that was rounded."""
    reports = told if isinstance(told, tuple) else (told,)
    return [replace(each, filled_value=round(each.filled_value, 8)) for each in reports]


def test_an_order_that_does_not_say_that_it_is_settled_is_not(
    fakex: Venue, broker: CoinbaseBroker, order: str
) -> None:
    """What is not told is not known: it is read again, and nothing is final."""
    fakex.fault("set", match={"path_regex": "historical/"}, path="order.settled", drop=True)
    report = broker.order(order)
    assert report is not None
    assert not report.settled


def test_rate_limits_are_named_and_waited_out(fakex: Venue, broker: CoinbaseBroker) -> None:
    """A pause that the exchange names is kept by every call, and nothing is placed meanwhile."""
    headers = {"retry-after": "30"}
    match = {"path_regex": "best_bid_ask", "count": 1}
    fakex.fault("status", phase="in_body", match=match, code=429, headers=headers)
    with pytest.raises(RateLimited):
        broker.quotes([BTC])
    refused = broker.place(buy_intent("b-1"))
    assert not isinstance(refused, Placed)
    assert refused.code == "NOT_SENT"
    assert fakex.orders() == []


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        ({"can_trade": False}, "may not view and trade"),
        ({"can_view": False}, "may not view and trade"),
        ({"can_transfer": True}, "may transfer money away"),
    ],
)
def test_a_key_with_wrong_rights_is_refused(
    fakex: Venue, broker: CoinbaseBroker, rights: dict[str, bool], words: str
) -> None:
    """With what to do about it."""
    broker.verify_key()
    path = next(iter(rights))
    fakex.fault(
        "set",
        phase="in_body",
        match={"path_regex": "key_permissions"},
        path=path,
        value=rights[path],
    )
    with pytest.raises(CredentialsRejected, match=words):
        broker.verify_key()


def test_a_key_that_may_transfer_is_taken_when_the_owner_says_so(fakex: Venue) -> None:
    """One setting."""
    made = coinbase_broker(fakex, RealClock(), allow_transfer_key=True)
    fakex.post("policy", can_transfer=True)
    made.verify_key()
    made.close()


def test_a_401_now_and_then_is_no_refused_key_and_nothing_else_for_long_is(fakex: Venue) -> None:
    """Transient first; refused when it stays; forgotten when the key is taken once."""
    made = coinbase_broker(fakex, RealClock(), budgets=BUDGETS, rejected_after_seconds=1)
    fakex.fault("status", phase="in_body", match={"method": "GET"}, code=401)
    with pytest.raises(TransientExchangeError, match="asking again"):
        made.fee_rate()
    fakex.post("faults", clear=True)
    made.fee_rate()
    fakex.fault("status", phase="in_body", match={"method": "GET"}, code=401)
    until(lambda: refused(made), "the key to count as refused")
    made.close()


def refused(broker: CoinbaseBroker) -> bool:
    """Whether the key is believed to be refused by now."""
    try:
        broker.fee_rate()
    except CredentialsRejected as error:
        return "make a new key" in str(error)
    except TransientExchangeError:
        return False
    raise AssertionError("the fault does not work")


@pytest.mark.parametrize("skew_ms", [-20_000, 20_000])
def test_the_difference_of_the_clocks_is_measured(fakex: Venue, skew_ms: int) -> None:
    """With its sign."""
    fakex.post("policy", auth_clock="wall")
    fakex.post("clock", skew_ms=skew_ms)
    made = coinbase_broker(fakex, RealClock())
    assert abs(made.clock_skew() - skew_ms / 1000) <= 1.5
    made.close()


@pytest.mark.parametrize("size", ["20", "123.45", "7.77", "999.99"])
def test_fills_counted_in_quote_currency_come_to_the_same(
    fakex: Venue, broker: CoinbaseBroker, size: str
) -> None:
    """Quantity, value and fees add up to the order's own figures, whichever way it is told."""
    placed = broker.place(buy_intent("b-1", size))
    assert isinstance(placed, Placed)
    order_id = placed.order_id
    until(lambda: (report := broker.order(order_id)) and report.settled, "the order to settle")
    in_coins = broker.fills(order_id)
    fakex.post("policy", fill_size_in_quote=True)
    assert broker.fills(order_id) == in_coins
    report = broker.order(order_id)
    assert report is not None
    assert sum(fill.quantity for fill in in_coins) == report.filled_quantity
