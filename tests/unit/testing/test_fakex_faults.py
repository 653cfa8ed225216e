"""Every fault does to the real SDK what it is said to do, before and after the commit."""

import contextlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from coinbase.rest import RESTClient

from powertraderd.testing.rig import until
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


def fills_of(client: RESTClient, order_id: str) -> Any:  # noqa: ANN401 - JSON
    """Those that the exchange shows by now, asked no faster than it allows."""
    time.sleep(0.05)
    return client.get_fills(order_ids=[order_id]).to_dict()["fills"]


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
    until(lambda: "t_end" in venue.get("journal?since=0")[-1], "the entry to be complete")
    venue.stop()
    venue.start()
    (entry,) = [entry for entry in venue.get("journal?since=0") if entry["method"] == "POST"]
    assert entry["commit"] == venue.orders()[0]["order_id"]
    assert entry["client_order_id"] == "c-1"
    assert "eyJ" not in json.dumps(entry)


Rewritten = Callable[[dict[str, Any], dict[str, Any]], bool]
"""(the answer as it should be, the answer as it came)"""


def best(answer: dict[str, Any], side: str) -> Decimal:
    """The best price of a side of the first book."""
    return Decimal(answer["pricebooks"][0][side][0]["price"])


REWRITES: list[tuple[str, dict[str, Any], Rewritten]] = [
    ("crossed_book", {}, lambda good, bad: best(bad, "bids") == best(good, "asks")),
    ("zero_price", {}, lambda _, bad: best(bad, "bids") == best(bad, "asks") == 0),
    ("one_sided", {"side": "asks"}, lambda _, bad: bad["pricebooks"][0]["asks"] == []),
    ("one_sided", {}, lambda _, bad: bad["pricebooks"][0]["bids"] == []),
    ("spike", {"x": 10}, lambda good, bad: best(bad, "bids") == 10 * best(good, "bids")),
    ("stale_price", {}, lambda good, bad: told_at(good, 0) > told_at(bad, 500)),
    (
        "set",
        {"path": "pricebooks.0.bids.0.price", "value": "NaN"},
        lambda _, bad: "NaN" in str(bad),
    ),
    (
        "set",
        {"path": "pricebooks.0.asks", "drop": True},
        lambda _, bad: "asks" not in bad["pricebooks"][0],
    ),
    (
        "wrong_types",
        {},
        lambda good, bad: bad["pricebooks"][0]["bids"][0]["price"] == float(best(good, "bids")),
    ),
    ("wrong_types", {"mode": "nulls"}, lambda _, bad: bad["pricebooks"][0]["time"] is None),
    ("wrong_types", {"mode": "missing"}, lambda _, bad: bad.get("pricebooks") is None),
    ("dup_rows", {}, lambda good, bad: len(bad["pricebooks"]) == 2 * len(good["pricebooks"])),
    (
        "reordered_pages",
        {},
        lambda good, bad: (
            bad["pricebooks"][0]["product_id"] == good["pricebooks"][-1]["product_id"]
        ),
    ),
    ("unknown_fields", {}, lambda _, bad: "field_of_tomorrow" in bad),
]


def told_at(answer: dict[str, Any], later_s: int) -> datetime:
    """The time of the first book, and so many seconds."""
    moment = datetime.fromisoformat(answer["pricebooks"][0]["time"])
    return moment + timedelta(seconds=later_s)


@pytest.mark.parametrize(
    ("action", "params", "came"), REWRITES, ids=lambda value: "" if callable(value) else str(value)
)
def test_an_answer_comes_whole_and_says_something_else(
    venue: Venue, client: RESTClient, action: str, params: dict[str, Any], came: Rewritten
) -> None:
    """Through the real SDK; without the rule all is as before."""
    good = client.get_best_bid_ask().to_dict()
    venue.fault(action, match={"path_regex": "best_bid_ask"}, **params)
    bad = client.get_best_bid_ask().to_dict()
    assert came(good, bad)
    assert not came(good, good)
    assert venue.fired() == 1


def test_a_price_may_stand_still_and_say_that_it_is_new(venue: Venue, client: RESTClient) -> None:
    """Only another source can tell."""
    venue.fault("stale_price", match={"path_regex": "best_bid_ask"}, lie_time=True)
    first = client.get_best_bid_ask(product_ids=["BTC-USD"]).to_dict()
    venue.post("price", id="BTC-USD", price="50000")
    second = client.get_best_bid_ask(product_ids=["BTC-USD"]).to_dict()
    assert best(second, "bids") == best(first, "bids") == 60000
    assert told_at(second, 0) > told_at(first, 0)


def test_strings_may_come_where_truth_values_belong(venue: Venue, client: RESTClient) -> None:
    """The words True and False, both of which are true."""
    venue.fault("wrong_types", match={"path_regex": "key_permissions"}, mode="strings")
    answer = client.get_api_key_permissions().to_dict()
    assert (answer["can_view"], answer["can_transfer"]) == ("True", "False")


def test_optional_fields_may_all_be_missing(venue: Venue, client: RESTClient) -> None:
    """What says which order it is and what it amounts to stays; the SDK has no such attribute."""
    order_id = buy(client)["order_id"]
    venue.post("clock", step=10)
    full = client.get_order(order_id).to_dict()["order"]
    venue.post("policy", omit_optional=True)
    again = client.get_order(full["order_id"])
    assert not hasattr(again.order, "user_id")
    bare = again.to_dict()["order"]
    gone = set(full) - set(bare)
    assert {"user_id", "number_of_fills", "last_fill_time", "filled_value"} <= gone
    assert {"order_id", "client_order_id", "filled_size", "total_fees", "settled"} <= set(bare)
    page = client.list_orders().to_dict()
    assert "sequence" not in page
    assert "cursor" not in page
    placed = buy(client, "c-2")
    assert set(placed) == {"success", "success_response"}
    until(lambda: fills_of(client, full["order_id"]), "the fills, which come a moment later")


def test_a_ladder_is_used_up(venue: Venue, client: RESTClient) -> None:
    """What one order took the next one does not find, over a restart too; a new ladder is whole."""
    asks = [["60000", "0.001"], ["61000", "0.001"]]
    bids = [["59000", "0.0005"]]
    venue.post("book", id="BTC-USD", asks=asks, bids=bids)
    client.market_order_buy("b-1", "BTC-USD", base_size="0.0015")
    left = client.get_product_book("BTC-USD").to_dict()["pricebook"]
    assert [(each["price"], each["size"]) for each in left["asks"]] == [("61000", "0.0005")]
    assert len(left["bids"]) == 1
    venue.stop()
    venue.start()
    client.market_order_buy("b-2", "BTC-USD", base_size="0.001")
    assert [Decimal(order["filled_size"]) for order in venue.orders()] == [
        Decimal("0.0015"),
        Decimal("0.0005"),
    ]
    assert venue.orders()[1]["status"] == "CANCELLED"
    refused = client.market_order_buy("b-3", "BTC-USD", base_size="0.001").to_dict()
    assert refused["error_response"]["error"] == "INVALID_NO_LIQUIDITY"
    venue.post("book", id="BTC-USD", asks=asks)
    assert client.market_order_buy("b-4", "BTC-USD", base_size="0.002").to_dict()["success"]


def test_what_a_cut_order_did_not_take_is_still_there(venue: Venue, client: RESTClient) -> None:
    """Half filled and cancelled: the other half of the ladder serves the next order."""
    venue.post("book", id="BTC-USD", asks=[["60000", "0.002"]], bids=[["59000", "1"]])
    add(venue, "partial_fill", "after_commit", {"pct": 50, "rest": "cancel"})
    client.market_order_buy("b-1", "BTC-USD", base_size="0.002")
    client.market_order_buy("b-2", "BTC-USD", base_size="0.002")
    sizes = [Decimal(order["filled_size"]) for order in venue.orders()]
    assert sizes == [Decimal("0.001"), Decimal("0.001")]


def test_a_script_moves_the_price_by_the_exchanges_own_clock(
    venue: Venue, client: RESTClient
) -> None:
    """Step after step, filling what rests on its way; a price that is set ends it."""
    venue.post("policy", auth_clock="wall")
    venue.post("clock", freeze=True)
    client.limit_order_gtc_buy("l-1", "BTC-USD", "0.01", "50000")
    steps = [{"t": 30, "price": "48000"}, {"t": 10, "price": "61000"}, {"t": 60, "price": "70000"}]
    venue.post("script", id="BTC-USD", steps=steps)

    def price() -> Decimal:
        return Decimal(client.get_product("BTC-USD").to_dict()["price"])

    assert price() == 60000
    venue.post("clock", step=11)
    assert price() == 61000
    assert venue.orders()[0]["status"] == "OPEN"
    venue.stop()
    venue.start()
    venue.post("clock", step=20)
    assert price() == 48000
    assert venue.orders()[0]["status"] == "FILLED"
    venue.post("price", id="BTC-USD", price="49000")
    venue.post("clock", step=60)
    assert price() == 49000


def test_balances_may_be_shown_rounded(venue: Venue, client: RESTClient) -> None:
    """Cut after so many decimals; the truth is as fine as ever."""
    buy(client)
    venue.post("clock", step=10)
    venue.post("policy", balance_decimals=8)
    accounts = {row["currency"]: row for row in client.get_accounts().to_dict()["accounts"]}
    shown = Decimal(accounts["BTC"]["available_balance"]["value"])
    assert 0 < venue.true_balances()["BTC"] - shown < Decimal("0.00000001")


def test_a_seed_at_the_reset_makes_the_same_exchange_again(
    venue: Venue, client: RESTClient
) -> None:
    """Ids, times and the luck of probabilities; another seed makes another one."""

    def life(seed: int) -> tuple[str, list[bool]]:
        venue.post("reset", seed=seed)
        venue.post("policy", public_rps=1000)
        order_id = buy(client)["order_id"]
        venue.fault("close", match={"path_regex": "/time$", "probability": 0.5})
        luck = []
        for _ in range(12):
            try:
                client.get_unix_time()
            except requests.ConnectionError:
                luck.append(False)
            else:
                luck.append(True)
        return order_id, luck

    try:
        first = life(11)
        assert life(12) != first
        assert life(11) == first
        assert len(set(first[1])) == 2
    finally:
        venue.post("reset", seed=venue.seed)
