"""Every fault does to the real SDK what it is said to do, before and after the commit."""

import contextlib
import json
import signal
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests
from coinbase.rest import RESTClient

from powertraderd.testing.venue import Venue

TIMEOUT_S = 0.5
POST = {"method": "POST", "path_regex": "/orders$", "count": 1}
RETURNS: dict[str, tuple[dict[str, Any], type[Exception] | None]] = {
    "latency": ({"ms": 20}, None),
    "hang_before_headers": ({}, requests.ReadTimeout),
    "chunk_stall": ({}, requests.ConnectionError),
    "record_drip": ({"pause_s": 0.1}, requests.ReadTimeout),
    "close": ({}, requests.ConnectionError),
    "rst": ({}, requests.ConnectionError),
    "truncate": ({}, requests.exceptions.ChunkedEncodingError),
    "truncate_chunked": ({}, requests.exceptions.ChunkedEncodingError),
    "truncate_no_length": ({}, requests.JSONDecodeError),
    "malformed_json": ({}, requests.JSONDecodeError),
    "html_200": ({}, requests.JSONDecodeError),
    "empty_200": ({}, requests.JSONDecodeError),
    "json_list": ({}, TypeError),
    "json_null": ({}, TypeError),
    "gzip_bomb": ({"mib": 8}, requests.JSONDecodeError),
    "redirect": ({"code": 302, "location": "/api/v3/brokerage/time"}, None),
    "stale_keepalive": ({}, None),
    **{f"status {c}": ({"code": c}, requests.HTTPError) for c in (400, 401, 409, 429, 502, 503)},
}
NEVER_RETURNS = {
    "header_drip": {"pause_s": 0.1},
    "continue_flood": {},
    "body_drip": {"pause_s": 0.1},
    "chunk_drip": {"pause_s": 0.1},
    "infinite_body": {},
}


@pytest.fixture
def client(venue: Venue) -> Iterator[RESTClient]:
    """The SDK with a short timeout."""
    made = RESTClient(
        key_file=str(venue.keys["ES256"].file), base_url=venue.base_url, timeout=TIMEOUT_S
    )
    made.session.trust_env = False
    made.session.verify = str(venue.ca_file)
    yield made
    made.session.close()


def buy(client: RESTClient, name: str = "c-1", size: str = "50") -> Any:  # noqa: ANN401 - JSON
    """A market buy of BTC."""
    return client.market_order_buy(name, "BTC-USD", quote_size=size).to_dict()


def add(venue: Venue, name: str, phase: str, params: dict[str, Any]) -> None:
    """A rule for the next order."""
    action = name.split(maxsplit=1)[0]
    venue.post("faults", add={"action": action, "phase": phase, "match": POST, **params})


@pytest.mark.parametrize("phase", ["before_commit", "after_commit"])
@pytest.mark.parametrize("name", RETURNS)
def test_a_fault_is_what_it_is_called(
    venue: Venue, client: RESTClient, name: str, phase: str
) -> None:
    """The SDK raises what it was seen to raise, and the order exists exactly after a commit."""
    params, expected = RETURNS[name]
    add(venue, name, phase, params)
    raised: type[BaseException] | None = None
    try:
        buy(client)
    except (requests.RequestException, TypeError) as error:
        raised = type(error)
    normally = name in {"latency", "stale_keepalive"} and phase == "before_commit"
    if expected is None:
        assert raised in (None, requests.HTTPError)
    else:
        assert raised is not None
        assert issubclass(raised, expected)
    placed = phase == "after_commit" or (normally and name == "latency")
    assert len(venue.orders()) == placed
    assert venue.fired() == 1


@pytest.mark.parametrize("name", NEVER_RETURNS)
def test_from_some_answers_the_sdk_never_returns(
    venue: Venue, client: RESTClient, name: str
) -> None:
    """Long after its timeout it still waits; only the end of the connection frees it."""
    venue.post("faults", add={"id": "it", "action": name, "match": POST, **NEVER_RETURNS[name]})
    ended = threading.Event()

    def call() -> None:
        with contextlib.suppress(requests.RequestException):
            buy(client)
        ended.set()

    threading.Thread(target=call, daemon=True).start()
    assert not ended.wait(3 * TIMEOUT_S)
    venue.post("faults", release="it")
    assert ended.wait(10)
    assert len(venue.orders()) == 1


@pytest.mark.parametrize("kind", ["untrusted", "wrong_name", "expired"])
def test_a_bad_certificate_is_refused(venue: Venue, client: RESTClient, kind: str) -> None:
    """Nothing is sent."""
    match = {"listener": "rest"}
    venue.post(
        "faults", add={"action": "tls_bad_cert", "phase": "tls", "kind": kind, "match": match}
    )
    with pytest.raises(requests.exceptions.SSLError):
        buy(client)
    assert venue.get("journal?since=0") == []


@pytest.mark.parametrize("action", ["tls_never", "tls_drip"])
def test_tls_that_does_not_begin_is_a_timeout(
    venue: Venue, client: RESTClient, action: str
) -> None:
    """The handshake is bounded by the timeout, also when it drips."""
    venue.post("faults", add={"action": action, "phase": "tls", "match": {"listener": "rest"}})
    began = time.monotonic()
    with pytest.raises((requests.ReadTimeout, requests.ConnectionError)):
        buy(client)
    assert time.monotonic() - began < 20 * TIMEOUT_S


def test_connections_can_be_refused_and_left_waiting(venue: Venue, client: RESTClient) -> None:
    """ConnectionError at once, ConnectTimeout after the timeout, and all is well again."""
    venue.post("listener", name="rest", state="refuse")
    with pytest.raises(requests.ConnectionError):
        buy(client)
    venue.post("listener", name="rest", state="backlog_full")
    with pytest.raises(requests.ConnectTimeout):
        buy(client)
    venue.post("listener", name="rest", state="open")
    assert buy(client)["success"]


def test_a_redirect_of_a_post_places_the_order_again_or_reads(
    venue: Venue, client: RESTClient
) -> None:
    """307 sends the same order once more: the duplicate policy decides what comes of it."""
    venue.post("policy", dup_policy="allow", nonce_replay="ignore")
    add(venue, "redirect", "after_commit", {"code": 307})
    client.session.max_redirects = 3
    with contextlib.suppress(requests.RequestException):
        buy(client)
    assert len(venue.orders()) == 2
    assert not venue.get("invariants")["I1"]["ok"]


@pytest.mark.parametrize(
    ("policy", "orders"),
    [("return_existing", 1), ("reject", 1), ("allow", 2), ("return_existing_within_ttl:30", 2)],
)
def test_a_repeated_client_id_meets_the_policy(
    venue: Venue, client: RESTClient, policy: str, orders: int
) -> None:
    """A minute later, with another size."""
    venue.post("policy", dup_policy=policy, auth_clock="wall")
    first = buy(client)["order_id"]
    venue.post("clock", step=60)
    again = buy(client, size="60")
    assert again["success"] is (policy != "reject")
    assert len(venue.orders()) == orders
    if policy == "return_existing":
        assert again["order_id"] == first


def test_a_repeated_client_id_may_be_a_conflict(venue: Venue, client: RESTClient) -> None:
    """HTTP 409 with the error envelope."""
    venue.post("policy", dup_policy="reject_409")
    buy(client)
    with pytest.raises(requests.HTTPError, match="409"):
        buy(client)


def test_concurrent_twins_become_one_order(venue: Venue) -> None:
    """Two identical requests at once are served one after the other."""
    ids: list[str] = []

    def call() -> None:
        made = RESTClient(key_file=str(venue.keys["ES256"].file), base_url=venue.base_url)
        made.session.trust_env = False
        made.session.verify = str(venue.ca_file)
        ids.append(buy(made)["order_id"])
        made.session.close()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 1
    assert len(venue.orders()) == 1


def test_an_order_may_be_made_after_the_client_gave_up(venue: Venue, client: RESTClient) -> None:
    """Late by the exchange's own clock."""
    venue.post("policy", auth_clock="wall")
    venue.post("clock", freeze=True)
    add(venue, "late_commit", "after_commit", {"s": 30})
    with pytest.raises(requests.ConnectionError):
        buy(client)
    assert venue.orders() == []
    venue.post("clock", step=31)
    deadline = time.monotonic() + 20
    while not venue.orders() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(venue.orders()) == 1


def test_lags_hide_an_order_from_each_view_alone(venue: Venue, client: RESTClient) -> None:
    """get_order, list_orders, fills and balances follow at their own times."""
    venue.post("policy", auth_clock="wall")
    venue.post("policy", order_lag_s=10, list_lag_s=20, fills_lag_s=30, balance_lag_s=40)
    venue.post("clock", freeze=True)
    order_id = buy(client)["order_id"]

    def seen() -> tuple[bool, bool, bool, bool]:
        try:
            got = bool(client.get_order(order_id).to_dict())
        except requests.HTTPError:
            got = False
        listed = bool(client.list_orders().to_dict()["orders"])
        fills = bool(client.get_fills(order_ids=[order_id]).to_dict()["fills"])
        rows = client.get_accounts().to_dict()["accounts"]
        return got, listed, fills, any(row["currency"] == "BTC" for row in rows)

    views = [seen()]
    for _ in range(4):
        venue.post("clock", step=11)
        views.append(seen())
    assert views == [tuple(n < shown for n in range(4)) for shown in range(5)]


@pytest.mark.parametrize("rest", ["cancel", "later", "never"])
def test_a_partial_fill_ends_as_it_was_told(venue: Venue, client: RESTClient, rest: str) -> None:
    """Half of it, and then nothing, the rest later, or waiting for ever."""
    venue.post("policy", auth_clock="wall")
    add(venue, "partial_fill", "after_commit", {"pct": 50, "rest": rest, "s": 60})
    order_id = buy(client)["order_id"]
    venue.post("clock", step=30)
    order = client.get_order(order_id).to_dict()["order"]
    assert order["status"] == {"cancel": "CANCELLED"}.get(rest, "OPEN")
    assert order["number_of_fills"] == "1"
    venue.post("clock", step=60)
    order = client.get_order(order_id).to_dict()["order"]
    assert order["status"] == {"cancel": "CANCELLED", "later": "FILLED"}.get(rest, "OPEN")


def test_a_token_outside_its_time_is_refused(venue: Venue, client: RESTClient) -> None:
    """A skewed clock of the exchange, either way."""
    for skew_ms, good in ((3000, True), (-3000, True), (200_000, False), (-10_000, False)):
        venue.post("clock", skew_ms=skew_ms)
        if good:
            client.get_accounts()
            continue
        with pytest.raises(requests.HTTPError, match="401"):
            client.get_accounts()


def test_too_many_requests_are_turned_away(venue: Venue, client: RESTClient) -> None:
    """429 with the headers in lower case, then a page for abusers."""
    venue.post("policy", private_rps=1, abuse_429s=2, retry_after="seconds")
    client.get_accounts()
    statuses = []
    for _ in range(4):
        with pytest.raises(requests.HTTPError) as caught:
            client.get_accounts()
        statuses.append(caught.value.response.status_code)
        if statuses[-1] == 429:
            assert caught.value.response.headers["retry-after"] == "1"
    assert statuses == [429, 429, 403, 403]


def test_a_stopped_exchange_is_a_timeout(venue: Venue, client: RESTClient) -> None:
    """SIGSTOP; after SIGCONT all is well."""
    client.get_accounts()
    venue.signal(signal.SIGSTOP)
    try:
        with pytest.raises(requests.ReadTimeout):
            client.get_accounts()
    finally:
        venue.signal(signal.SIGCONT)
    assert client.get_accounts().to_dict()["accounts"]


@pytest.mark.parametrize(
    ("patch", "code"),
    [
        ({"trading_disabled": True}, "ORDER_ENTRY_DISABLED"),
        ({"is_disabled": True}, "ORDER_ENTRY_DISABLED"),
        ({"view_only": True}, "ORDER_ENTRY_DISABLED"),
        ({"cancel_only": True}, "ORDER_ENTRY_DISABLED"),
        ({"status": "offline"}, "UNTRADABLE_PRODUCT"),
        ({"limit_only": True}, "UNSUPPORTED_ORDER_CONFIGURATION"),
        ({"post_only": True}, "UNSUPPORTED_ORDER_CONFIGURATION"),
        ({"delisted": True}, "INVALID_PRODUCT_ID"),
    ],
)
def test_flags_refuse_an_order(
    venue: Venue, client: RESTClient, patch: dict[str, Any], code: str
) -> None:
    """HTTP 200, success false, the exchange's own word."""
    venue.post("product", id="BTC-USD", patch=patch)
    answer = buy(client)
    assert not answer["success"]
    assert answer["error_response"]["error"] == code
    assert venue.orders() == []


@pytest.mark.parametrize(
    ("size", "code"),
    [
        ("100.001", "INVALID_SIZE_PRECISION"),
        ("0.5", "INVALID_REQUEST"),
        ("10000.01", "INSUFFICIENT_FUND"),
        ("1e2", "INVALID_REQUEST"),
        ("-5", "INVALID_REQUEST"),
    ],
)
def test_a_size_that_cannot_be_is_refused(
    venue: Venue, client: RESTClient, size: str, code: str
) -> None:
    """Too precise, too small, too dear, no plain decimal."""
    assert buy(client, size=size)["error_response"]["error"] == code
    assert venue.orders() == []


def test_a_ladder_is_walked_and_its_end_cancels_the_rest(venue: Venue, client: RESTClient) -> None:
    """Two levels; what they do not hold is not filled."""
    asks = [["60000", "0.001"], ["61000", "0.001"]]
    venue.post("book", id="BTC-USD", asks=asks, bids=[["59000", "1"]])
    buy(client, size="500")
    (order,) = venue.orders()
    assert order["status"] == "CANCELLED"
    assert Decimal(order["filled_size"]) == Decimal("0.002")
    assert Decimal(order["filled_value"]) == 121
    assert len(order["fills"]) == 4


def test_a_limit_order_rests_holds_and_is_filled_by_the_book(
    venue: Venue, client: RESTClient
) -> None:
    """Its money is held back, and a falling market fills it as a maker."""
    placed = client.limit_order_gtc_buy("l-1", "BTC-USD", "0.01", "50000").to_dict()
    assert placed["success"]
    accounts = {row["currency"]: row for row in client.get_accounts().to_dict()["accounts"]}
    assert Decimal(accounts["USD"]["hold"]["value"]) == Decimal(503)
    assert client.get_order(placed["order_id"]).to_dict()["order"]["status"] == "OPEN"
    venue.post("price", id="BTC-USD", price="49000")
    (order,) = venue.orders()
    assert order["status"] == "FILLED"
    row = client.get_fills(order_ids=[placed["order_id"]]).to_dict()["fills"][0]
    assert row["liquidity_indicator"] == "MAKER"


def test_a_cancelled_order_stays_cancelled_over_a_restart(venue: Venue, client: RESTClient) -> None:
    """And its money is free again."""
    placed = client.limit_order_gtc_buy("l-1", "BTC-USD", "0.01", "50000").to_dict()
    results = client.cancel_orders([placed["order_id"], "nobody"]).to_dict()["results"]
    assert [row["success"] for row in results] == [True, False]
    venue.stop()
    venue.start()
    venue.post("price", id="BTC-USD", price="49000")
    (order,) = venue.orders()
    assert order["status"] == "CANCELLED"
    assert Decimal(order["filled_size"]) == 0
    assert venue.true_balances()["USD"] == 10_000


def test_the_journal_outlives_the_process_and_holds_no_token(
    venue: Venue, client: RESTClient
) -> None:
    """Whoever checks by hand finds every request and no secret."""
    buy(client)
    venue.stop()
    venue.start()
    (entry,) = [entry for entry in venue.get("journal?since=0") if entry["method"] == "POST"]
    assert entry["commit"] == venue.orders()[0]["order_id"]
    assert entry["client_order_id"] == "c-1"
    assert "eyJ" not in json.dumps(entry)
