"""S17: what is wrong with KuCoin's candles opens no position, in the real daemon in live mode.

The tests share one daemon and one market, in this order. Its series of hours ends some hours ago,
and the price falls below every level: an entry that is due as soon as good candles come, which the
last test shows. Until then the venue tells the missing hours in every wrong way.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest

from powertraderd.model.candle import Candle
from powertraderd.testing.candle_rows import kucoin_row
from powertraderd.testing.live import COINS, LiveDaemon, lay_out_market
from powertraderd.testing.rig import until
from powertraderd.testing.venue import Venue

pytestmark = pytest.mark.timeout(300)
MISSING = 5
"""Hours that the series is short of: more than signal and limits allow."""
LOOKS = 5
"""So many cycles of the trader pass by after each fault."""
OPEN, CLOSE, HIGH, LOW = 1, 2, 3, 4
Market = Mapping[str, tuple[Candle, ...]]
Row = list[Any]


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    """The exchange and the candle venue."""
    running = Venue(tmp_path_factory.mktemp("venue")).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def market(venue: Venue) -> Market:
    """All hours as they really were; KuCoin tells them but for the last ones."""
    hours = lay_out_market(venue)
    for coin in COINS:
        tell(venue, coin, short(hours, coin))
    return hours


@pytest.fixture(scope="module")
def daemon(
    venue: Venue, market: Market, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveDaemon]:
    """`powertraderd run`, trained on what there is, and the price below all its levels."""
    assert market
    running = LiveDaemon(tmp_path_factory.mktemp("live"), venue)
    running.start()
    until(lambda: all(signal(running, coin) for coin in COINS), "a signal of each coin")
    for coin in COINS:
        before = float(venue.post("product", id=f"{coin}-USD")["price"])
        venue.post("price", id=f"{coin}-USD", price=f"{before * 0.93:.2f}")
    yield running
    running.clean_up()


def rows(candles: tuple[Candle, ...]) -> list[Row]:
    """Newest first, as KuCoin tells them."""
    return [list(kucoin_row(each)) for each in reversed(candles)]


def short(market: Market, coin: str) -> list[Row]:
    """The series that ended hours ago."""
    return rows(market[coin][:-MISSING])


def tell(venue: Venue, coin: str, hours: list[Row]) -> None:
    """Let KuCoin tell these hours of a coin."""
    venue.post("candles", symbol=f"{coin}-USDT", type="1hour", rows=hours)


def signal(daemon: LiveDaemon, coin: str) -> Mapping[str, Any]:
    """The coin's newest one."""
    found: Mapping[str, Any] = daemon.status().get("coins", {}).get(coin, {}).get("signal") or {}
    return found


def reason(daemon: LiveDaemon, coin: str) -> str:
    """Of the coin's newest decision, whether it was an entry or why not."""
    decision = daemon.status().get("coins", {}).get(coin, {}).get("decision") or {}
    return str(decision.get("reason_code", ""))


def newest(daemon: LiveDaemon, coin: str) -> int:
    """When the newest hour opened that the daemon keeps, epoch seconds."""
    address = f"{(daemon.state_dir / 'market.db').as_uri()}?mode=ro"
    query = (
        "SELECT max(opened_s) FROM candle JOIN series ON series.id = candle.series "
        "WHERE coin = ? AND timeframe = '1hour'"
    )
    with closing(sqlite3.connect(address, uri=True, timeout=10)) as connection:
        return int(connection.execute(query, (coin,)).fetchone()[0])


def let_it_look(daemon: LiveDaemon) -> None:
    """The trader goes on, in the same life."""
    trader = daemon.worker("trader")
    until(lambda: daemon.worker("trader")["loops"] >= trader["loops"] + LOOKS, "the trader's looks")
    assert daemon.worker("trader")["pid"] == trader["pid"]


def test_a_series_that_ended_hours_ago_opens_nothing(daemon: LiveDaemon, venue: Venue) -> None:
    """The signal says that its candles are too old, and the trader says why it does not buy."""
    until(lambda: {reason(daemon, coin) for coin in COINS} == {"signal_blocked"}, "refusals")
    for coin in COINS:
        assert "1hour candles end at" in signal(daemon, coin)["blocked_because"]
    let_it_look(daemon)
    assert venue.orders() == []


def spoiled(row: Row, **cells: object) -> Row:
    """The row with other cells."""
    places = {"opened": 0, "open": OPEN, "close": CLOSE, "high": HIGH, "low": LOW, "volume": 5}
    changed = list(row)
    for name, cell in cells.items():
        changed[places[name]] = cell
    return changed


REFUSED: dict[str, Any] = {
    "high below low": lambda row: [spoiled(row, high=row[LOW], low=row[HIGH])],
    "not a number": lambda row: [spoiled(row, close="NaN")],
    "an empty cell": lambda row: [spoiled(row, open="")],
    "null": lambda row: [spoiled(row, close=None)],
    "six columns": lambda row: [row[:6]],
    "eight columns": lambda row: [[*row, "1"]],
    "a price of zero": lambda row: [spoiled(row, low="0")],
    "told twice and differently": lambda row: [row, spoiled(row, volume="1234.5")],
    "beside the grid": lambda row: [spoiled(row, opened=str(int(row[0]) + 60))],
    "a time that is none": lambda row: [spoiled(row, opened="yesterday")],
}
"""What becomes of a good row; the answer that holds it is untrue as a whole."""


@pytest.mark.parametrize(
    ("first", "second"), list(zip(list(REFUSED)[::2], list(REFUSED)[1::2], strict=True))
)
def test_an_answer_with_an_impossible_row_changes_nothing(
    daemon: LiveDaemon, venue: Venue, market: Market, first: str, second: str
) -> None:
    """One kind at each coin: refused, said, nothing of it kept, no order; and mended by itself."""
    kept = {coin: newest(daemon, coin) for coin in COINS}
    daemon.forget()
    for coin, kind in zip(COINS, (first, second), strict=True):
        good = rows(market[coin])
        tell(venue, coin, [*good[: MISSING - 2], *REFUSED[kind](good[MISSING - 2]), *good[4:]])
    told = until(
        lambda: {line["coin"] for line in daemon.logs("candles_failed")} == set(COINS), "refusals"
    )
    assert told
    let_it_look(daemon)
    assert {coin: newest(daemon, coin) for coin in COINS} == kept
    assert venue.orders() == []
    recover(daemon, venue, market)


def recover(daemon: LiveDaemon, venue: Venue, market: Market) -> None:
    """The series as short as before, and the trainer at ease."""
    venue.post("faults", clear=True)
    for coin in COINS:
        tell(venue, coin, short(market, coin))
    until(
        lambda: {line["coin"] for line in daemon.logs("candles_recovered")} == set(COINS),
        "the trainer to read candles again",
    )


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("close", {}),
        ("html_200", {}),
        ("status", {"code": 200, "body": json.dumps({"code": "429000", "msg": "Too many"})}),
    ],
    ids=["closed", "a page of HTML", "429000"],
)
def test_a_venue_that_cannot_be_read_changes_nothing(
    daemon: LiveDaemon, venue: Venue, market: Market, action: str, params: dict[str, Any]
) -> None:
    """The good candles are there, and do not arrive."""
    kept = {coin: newest(daemon, coin) for coin in COINS}
    daemon.forget()
    venue.fault(action, phase="in_body", match={"listener": "kucoin"}, **params)
    for coin in COINS:
        tell(venue, coin, rows(market[coin]))
    until(
        lambda: {line["coin"] for line in daemon.logs("candles_failed")} == set(COINS), "refusals"
    )
    let_it_look(daemon)
    assert {coin: newest(daemon, coin) for coin in COINS} == kept
    assert venue.orders() == []
    for coin in COINS:  # before the line is free again
        tell(venue, coin, short(market, coin))
    recover(daemon, venue, market)


def test_hours_that_change_after_their_close_and_hours_to_come_open_nothing(
    daemon: LiveDaemon, venue: Venue, market: Market
) -> None:
    """What is kept stays, the same last candle again is no news, the future is not believed."""
    kept = {coin: newest(daemon, coin) for coin in COINS}
    for coin in COINS:
        told = short(market, coin)
        cheap = [str(float(cell) / 2) for cell in told[0][1:5]]
        soon = [str(int(market[coin][-1].opened_at.timestamp()) + 7200), *told[0][1:]]
        tell(venue, coin, [soon, [told[0][0], *cheap, *told[0][5:]], *told[1:]])
    stuck = {"code": "200000", "data": [short(market, COINS[0])[0]]}
    match = {"listener": "kucoin", "every": 2}
    venue.fault("status", phase="in_body", match=match, code=200, body=json.dumps(stuck))
    asked = venue.fired()
    until(lambda: venue.fired() >= asked + LOOKS, "the trainer to ask")
    let_it_look(daemon)
    assert {coin: newest(daemon, coin) for coin in COINS} == kept
    assert venue.orders() == []
    venue.post("faults", clear=True)


def test_good_candles_are_traded_on_and_another_symbols_are_not(
    daemon: LiveDaemon, venue: Venue, market: Market
) -> None:
    """In any order and some twice: that is no fault. ETH at the price of BTC looks like a bargain.

    So everything before was refused for its faults and not because nothing was to be bought.
    """
    good = rows(market["BTC"])
    tell(venue, "BTC", [*good[2:], good[1], good[0], good[1]])
    own = rows(market["ETH"])
    strange = [[row[0], *other[1:]] for row, other in zip(own, good, strict=True)][:MISSING]
    tell(venue, "ETH", [*strange, *own[MISSING:]])
    until(lambda: "ENTRY" in daemon.tags(), "an entry", 60)
    until(lambda: newest(daemon, "ETH") == int(own[0][0]), "the strange hours to be kept")
    until(lambda: signal(daemon, "ETH").get("long", 0) > 0, "ETH to look cheap")
    until(lambda: reason(daemon, "ETH") == "close_distance_limit", "ETH to be refused")
    let_it_look(daemon)
    assert {order["product_id"] for order in venue.orders()} == {"BTC-USD"}
