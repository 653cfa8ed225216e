"""The oracle sees every broken promise: each invariant fails when it is broken, and names it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from coinbase.rest import RESTClient

from powertraderd.testing.venue import Venue

PLACING = {"method": "POST", "path_regex": "/orders$", "count": 1}


@pytest.fixture
def client(venue: Venue) -> Iterator[RESTClient]:
    """The SDK; a client without any manners."""
    made = RESTClient(key_file=str(venue.keys["EdDSA"].file), base_url=venue.base_url, timeout=5)
    made.session.trust_env = False
    made.session.verify = str(venue.ca_file)
    yield made
    made.session.close()


def buy(client: RESTClient, name: str, size: str = "50") -> Any:  # noqa: ANN401 - JSON
    """A market buy of BTC."""
    return client.market_order_buy(name, "BTC-USD", quote_size=size).to_dict()


def failing(venue: Venue) -> set[str]:
    """Names of the invariants that do not hold."""
    return {name for name, verdict in venue.get("invariants").items() if not verdict["ok"]}


def test_a_client_that_behaves_breaks_nothing(venue: Venue, client: RESTClient) -> None:
    """All nine are examined."""
    buy(client, "c-1")
    assert failing(venue) == set()
    assert set(venue.get("invariants")) == {f"I{number}" for number in range(1, 10)}


def test_i2_more_orders_than_were_intended(venue: Venue, client: RESTClient) -> None:
    """Two ids for what was declared as one intent."""
    venue.post("declare", intents=[{"product": "BTC-USD", "side": "BUY", "max_orders": 1}])
    buy(client, "c-1")
    assert failing(venue) == set()
    buy(client, "c-2")
    assert failing(venue) == {"I2"}


def test_i3_an_order_sent_while_the_last_one_is_unknown(venue: Venue, client: RESTClient) -> None:
    """Reading the list in between makes it right."""
    venue.fault("close", match=PLACING)
    with pytest.raises(requests.ConnectionError):
        buy(client, "c-1")
    buy(client, "c-2")
    assert failing(venue) == {"I3"}
    venue.post("reset")
    venue.fault("close", match=PLACING)
    with pytest.raises(requests.ConnectionError):
        buy(client, "c-1")
    client.list_orders()
    buy(client, "c-2")
    assert failing(venue) == set()


def test_i3_absence_counts_after_the_window_alone(venue: Venue, client: RESTClient) -> None:
    """One empty list is no proof; lists over the whole window are."""
    venue.post("policy", auth_clock="wall", reconcile_window_s=60)
    venue.fault("close", phase="before_commit", match=PLACING)
    with pytest.raises(requests.ConnectionError):
        buy(client, "c-1")
    client.list_orders(product_ids=["BTC-USD"])
    buy(client, "c-2")
    assert failing(venue) == {"I3"}
    venue.post("reset")
    venue.post("policy", auth_clock="wall", reconcile_window_s=60)
    venue.fault("close", phase="before_commit", match=PLACING)
    with pytest.raises(requests.ConnectionError):
        buy(client, "c-1")
    client.list_orders(product_ids=["BTC-USD"])
    venue.post("clock", step=61)
    client.list_orders(product_ids=["BTC-USD"])
    buy(client, "c-2")
    assert failing(venue) == set()


def test_i4_more_spent_or_sold_than_allowed(venue: Venue, client: RESTClient) -> None:
    """The budget is declared; coins that were there before are not the daemon's."""
    venue.post("declare", budget="60")
    buy(client, "c-1")
    assert failing(venue) == set()
    buy(client, "c-2")
    assert failing(venue) == {"I4"}
    venue.post("reset")
    venue.post("balance", BTC="1")
    client.market_order_sell("s-1", "BTC-USD", base_size="0.1")
    assert failing(venue) == {"I4"}


def test_i5_a_ledger_that_says_something_else(venue: Venue, client: RESTClient) -> None:
    """A fee that is off by the last digit."""
    buy(client, "c-1")
    (order,) = venue.orders()
    row = {name: order[name] for name in ("order_id", "client_order_id", "filled_size", "fees")}
    row["status"] = order["status"]
    venue.post("declare", ledger={"orders": [row]})
    assert failing(venue) == set()
    venue.post("declare", ledger={"orders": [{**row, "fees": row["fees"][:-1] + "1"}]})
    assert failing(venue) == {"I5"}
    venue.post("declare", ledger={"orders": []})
    assert failing(venue) == {"I5"}


def test_i6_a_request_that_outlives_its_deadline(venue: Venue, client: RESTClient) -> None:
    """Measured at the server's end."""
    venue.post("policy", deadline_s=-0.9)
    venue.fault("latency", ms=300, match=PLACING)
    buy(client, "c-1")
    assert failing(venue) == {"I6"}


def test_i7_the_same_question_over_and_over(venue: Venue, client: RESTClient) -> None:
    """A loop without a pause."""
    venue.post("policy", same_gets_per_s=2)
    for _ in range(10):
        client.get_accounts()
    assert "I7" in failing(venue)


def test_i8_an_order_after_the_halt_or_on_an_old_price(venue: Venue, client: RESTClient) -> None:
    """The halt is declared in machine seconds; the price told its age."""
    venue.fault("stale_price", s=600, match={"path_regex": "best_bid_ask"})
    client.get_best_bid_ask(product_ids=["BTC-USD"])
    buy(client, "c-1")
    assert failing(venue) == {"I8"}
    venue.post("reset")
    venue.post("declare", halted_at_mono=0.0)
    buy(client, "c-1")
    assert failing(venue) == {"I8"}


def test_i9_a_secret_in_a_log(venue: Venue, client: RESTClient, tmp_path: Path) -> None:
    """Declared secrets, and every token that the client has signed."""
    log = tmp_path / "daemon.log"
    log.write_text("nothing to see\n", encoding="utf-8")
    secret = venue.keys["EdDSA"].secret
    venue.post("declare", logs=[str(log)], secrets=[secret])
    buy(client, "c-1")
    assert failing(venue) == set()
    log.write_text(f"key={secret}\n", encoding="utf-8")
    assert failing(venue) == {"I9"}
    token = client.set_headers("GET", "/api/v3/brokerage/accounts")["Authorization"]
    client.session.get(
        f"https://{venue.base_url}/api/v3/brokerage/accounts",
        headers={"Authorization": token},
        timeout=5,
    )
    log.write_text(f"sent {token.split()[-1]}\n", encoding="utf-8")
    assert failing(venue) == {"I9"}


# -- KuCoin


def candles(venue: Venue, **query: str | int) -> requests.Response:
    """KuCoin's candles of BTC."""
    usual: dict[str, str | int] = {
        "type": "1hour",
        "symbol": "BTC-USDT",
        "startAt": 1700000000,
        "endAt": 1700010000,
    }
    return requests.get(
        f"{venue.kucoin_url}/api/v1/market/candles", params={**usual, **query}, timeout=5
    )


def test_kucoin_words_its_limits_as_the_knob_says(venue: Venue) -> None:
    """HTTP 429, code 429000 with HTTP 200, or a page of HTML."""
    for knob, status, word in (
        ("http", 429, "429000"),
        ("code", 200, "429000"),
        ("html", 429, "1015"),
    ):
        venue.post("reset")
        venue.post("policy", kucoin_pool=3, kucoin_limit=knob)
        assert candles(venue).json()["code"] == "200000"
        limited = candles(venue)
        assert limited.status_code == status
        assert word in limited.text


def test_kucoin_refuses_what_it_does_not_know(venue: Venue) -> None:
    """A type, a symbol; a range that is missing is empty or the latest."""
    assert candles(venue, type="7hour").json()["code"] == "400100"
    assert candles(venue, symbol="NOPE-USDT").json()["code"] == "900001"
    assert candles(venue, startAt=0, endAt=0).json()["data"] == []
    venue.post("policy", kucoin_no_range="latest")
    assert len(candles(venue, startAt=0, endAt=0).json()["data"]) == 1500


def test_kucoin_shows_the_bucket_in_progress_unless_told_otherwise(venue: Venue) -> None:
    """The newest row of a range that covers now."""
    venue.post("clock", freeze="2026-11-24T12:30:00+00:00")
    now = 1795523400
    query = {"startAt": now - 7200, "endAt": now + 3600}
    with_it = candles(venue, **query).json()["data"]
    venue.post("policy", kucoin_in_progress="exclude")
    without = candles(venue, **query).json()["data"]
    assert with_it[1:] == without
    assert int(with_it[0][0]) == now - 1800


def test_kucoin_tells_rows_that_a_test_has_set(venue: Venue) -> None:
    """Odd ones, too: duplicates, blanks, too few columns, a price of NaN."""
    rows = [["1700006400", "1", "", "NaN", "1", "1"], ["1700006400"], ["x"], []]
    venue.post("candles", symbol="BTC-USDT", type="1hour", rows=rows)
    assert candles(venue).json()["data"] == rows
