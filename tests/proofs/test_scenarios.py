"""Scenarios of the exchange's life around the real trader (FAKE_EXCHANGE.md, 13).

S2, S4, S9 and S10 are in test_disconnects.py, S5 in test_crash_points.py, S17 and S20 in
tests/acceptance with the whole daemon. Each runs with both kinds of key and several seeds.
"""

import json
import resource
import signal
import time
import uuid
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from powertraderd.errors import ExitCode
from powertraderd.model.order import OrderRecord, OrderState
from powertraderd.testing.proof.books import fresh_state
from powertraderd.testing.proof.comparison import disagreements
from powertraderd.testing.proof.draws import Draw
from powertraderd.testing.proof.lane import Lane
from powertraderd.testing.proof.trader import (
    PATIENCE_S,
    QUIET_WINDOW_S,
    Trader,
    records,
    until_final,
)
from powertraderd.testing.rig import until
from powertraderd.workers.wiring import LEDGER_DB

PLACING = {"method": "POST", "path_regex": "/orders$"}
DEFINITE = (
    "UNSUPPORTED_ORDER_CONFIGURATION",
    "INVALID_SIDE",
    "INVALID_PRODUCT_ID",
    "INVALID_SIZE_PRECISION",
    "INVALID_PRICE_PRECISION",
    "INSUFFICIENT_FUND",
    "INSUFFICIENT_FUNDS",
    "INVALID_LEDGER_BALANCE",
    "ORDER_ENTRY_DISABLED",
    "INELIGIBLE_PAIR",
    "INVALID_LIMIT_PRICE_POST_ONLY",
    "INVALID_LIMIT_PRICE",
    "INVALID_NO_LIQUIDITY",
    "INVALID_REQUEST",
    "UNTRADABLE_PRODUCT",
    "GEOFENCING_RESTRICTION",
)
DOUBTFUL = ("UNKNOWN_FAILURE_REASON", "COMMANDER_REJECTED_NEW_ORDER", "A_CODE_OF_TOMORROW")


class World:
    """One exchange, one state folder, and the traders that live on them one after another."""

    def __init__(self, lane: Lane, folder: Path, draw: Draw) -> None:
        """Nobody trades yet."""
        self.lane = lane
        self.venue = lane.venue
        self.folder = folder
        self.traders: list[Trader] = []
        fresh_state(folder)
        lane.prepare(draw, reconcile_window_s=QUIET_WINDOW_S)

    def start(self, *, ready: bool = True, **settings: Mapping[str, object]) -> Trader:
        """The next trader."""
        trader = Trader(self.lane, self.folder, len(self.traders) + 1, None, **settings)
        self.traders.append(trader)
        if ready:
            assert trader.ready()
        return trader

    def ask(self, trader: Trader, request_id: str, verb: str, **args: object) -> Mapping[str, Any]:
        """A command's answer; the trader must live."""
        trader.command(request_id, verb, coin="BTC", **args)
        answer = trader.hear("answer", request_id)
        assert answer is not None, "the trader died"
        return answer

    def buys_again(self, trader: Trader) -> bool:
        """What is unknown after an outage refuses for a while; a refusal is not repeated."""
        time.sleep(0.5)
        code = self.ask(trader, str(uuid.uuid4()), "buy", usd="50")["code"]
        assert code in {"ok", "order_unsettled"} or code.endswith(("_unknown", "_stale")), code
        return code in {"ok", "order_unsettled"}

    def order(self, side: str = "BUY") -> OrderRecord:
        """The newest order of this side."""
        return next(each for each in records(self.folder) if each.intent.side == side)

    def settle(self, trader: Trader) -> None:
        """All orders final, books and exchange the same, no promise broken."""
        until_final(self.folder)
        assert trader.agrees() == ""
        self.compare()

    def compare(self) -> None:
        """The oracle's word."""
        truth, journal = self.venue.orders(), self.venue.get("journal?since=0")
        balances = self.venue.true_balances()
        assert disagreements(self.folder / LEDGER_DB, truth, balances, journal) == []
        broken = {k: v for k, v in self.venue.get("invariants").items() if not v["ok"]}
        assert broken == {}

    def posts(self) -> list[dict[str, Any]]:
        """Bodies of all requests to place an order."""
        journal = self.venue.get("journal?since=0")
        return [json.loads(entry["body"]) for entry in journal if entry["method"] == "POST"]

    def close(self) -> None:
        """Nobody is left."""
        for trader in self.traders:
            trader.end()


@pytest.fixture(scope="module")
def lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lane]:
    """One exchange for all scenarios, emptied before each."""
    made = Lane(tmp_path_factory.mktemp("scenarios"), 7)
    yield made
    made.close()


@pytest.fixture
def world(lane: Lane, tmp_path: Path, draw: Draw) -> Iterator[World]:
    """The exchange at its beginning; keys and seeds are drawn in conftest.py."""
    made = World(lane, tmp_path, draw)
    yield made
    made.close()


def test_s1_a_buy_and_a_sale(world: World) -> None:
    """Books and exchange agree to the last digit."""
    trader = world.start()
    assert world.ask(trader, "b", "buy", usd="100")["ok"]
    assert world.ask(trader, "s", "sell", all=True)["ok"]
    world.settle(trader)
    assert [order["status"] for order in world.venue.orders()] == ["FILLED", "FILLED"]


def test_s3_a_definite_refusal_ends_the_intent_at_once(world: World) -> None:
    """Every code; the owner hears it, and the next order is free to go."""
    trader = world.start()
    for code in DEFINITE:
        world.venue.post("faults", clear=True)
        world.venue.fault("refuse", phase="before_commit", match=PLACING, code=code)
        answer = world.ask(trader, code, "buy", usd="50")
        assert answer["code"] == "order_refused"
        assert code in answer["message"]
        assert world.order().state is OrderState.REJECTED
    assert world.venue.orders() == []
    world.settle(trader)


@pytest.mark.parametrize("phase", ["before_commit", "after_commit"])
@pytest.mark.parametrize("code", DOUBTFUL)
def test_s3_a_doubtful_refusal_is_resolved_by_reading(world: World, code: str, phase: str) -> None:
    """The order may exist or not: the list says which."""
    trader = world.start()
    world.venue.fault("refuse", phase=phase, match={**PLACING, "count": 1}, code=code)
    world.ask(trader, "b", "buy", usd="50")
    world.settle(trader)
    placed = phase == "after_commit"
    assert world.order().state is (OrderState.FILLED if placed else OrderState.NOT_PLACED)
    assert len(world.venue.orders()) == placed
    assert len(world.posts()) == 1


def test_s6_the_exchange_dies_with_the_order_in_its_hands(world: World) -> None:
    """SIGKILL after the commit, before the answer; it comes back and is asked."""
    trader = world.start()
    world.venue.fault("hang_before_headers", match={**PLACING, "count": 1})
    trader.command("b", "buy", coin="BTC", usd="50")
    until = time.monotonic() + PATIENCE_S
    while not world.venue.orders() and time.monotonic() < until:
        time.sleep(0.01)
    world.venue.stop()
    world.venue.start()
    world.venue.post("policy", private_rps=1000, public_rps=1000)
    world.settle(trader)
    assert world.order().state is OrderState.FILLED
    assert len(world.posts()) == 1


@pytest.mark.timeout(480)
@pytest.mark.parametrize("minutes", [0, pytest.param(5, marks=pytest.mark.nightly)])
def test_s7_a_stopped_exchange_stops_nothing_but_trading(world: World, minutes: float) -> None:
    """SIGSTOP around an order for several timeouts; after SIGCONT all is as it should be."""
    trader = world.start(exchange={"read_timeout_seconds": 1})
    world.venue.signal(signal.SIGSTOP)
    end = time.monotonic() + 60 * minutes
    try:
        assert not world.ask(trader, "b", "buy", usd="50")["ok"]
        answer = world.ask(trader, "r", "buy", usd="60")
        assert not answer["ok"]
        while time.monotonic() < end:
            assert not world.ask(trader, str(uuid.uuid4()), "buy", usd="60")["ok"]
            time.sleep(5)
    finally:
        world.venue.signal(signal.SIGCONT)
    world.venue.post("policy", deadline_s=600)  # it counts its own sleep as the client's patience
    assert trader.agrees() == ""
    until(lambda: world.buys_again(trader), "what was unknown to be read again", 90)
    world.settle(trader)


@pytest.mark.parametrize(
    ("rest", "state"), [("cancel", OrderState.CANCELLED), ("later", OrderState.FILLED)]
)
def test_s8_a_partly_filled_order_ends_as_the_exchange_says(
    world: World, rest: str, state: OrderState
) -> None:
    """Cancelled with half of it, or filled later: every fill is booked."""
    trader = world.start()
    match = {**PLACING, "count": 1}
    world.venue.fault("partial_fill", match=match, pct=50, rest=rest, s=3)
    world.ask(trader, "b", "buy", usd="50")
    world.settle(trader)
    assert world.order().state is state
    assert world.order().filled_quantity > 0


def test_an_order_made_twice_halts_trading(world: World) -> None:
    """The exchange's own mistake: detected, told, and nothing leaves any more."""
    trader = world.start()
    world.venue.fault("double_commit", match={**PLACING, "count": 1})
    world.ask(trader, "b", "buy", usd="50")
    trader.command("r", "reconcile")
    answer = trader.hear("answer", "r")
    assert answer is not None
    assert not answer["ok"]
    assert "several orders" in answer["message"]
    assert world.ask(trader, "b2", "buy", usd="50")["code"] == "halted"
    assert len(world.posts()) == 1
    assert not world.venue.get("invariants")["I1"]["ok"]


def test_s11_a_storm_of_429_delays_and_breaks_nothing(world: World) -> None:
    """Two of three requests are turned away, with every kind of advice."""
    trader = world.start()
    world.venue.post("policy", retry_after="garbage")
    match = {"listener": "rest", "probability": 0.66}
    world.venue.fault("status", phase="before_commit", match=match, code=429, body="slow down")
    world.ask(trader, "b", "buy", usd="50")
    world.venue.post("faults", clear=True)
    assert trader.agrees() == ""
    if records(world.folder):
        world.settle(trader)
    assert len(world.posts()) <= 1


def test_s12_a_key_that_is_refused_now_and_then_is_weather(world: World) -> None:
    """401 for 40 % of all requests: the trader lives and trades on."""
    trader = world.start()
    match = {"listener": "rest", "probability": 0.4}
    world.venue.fault("status", phase="before_commit", match=match, code=401, body="Unauthorized")
    for number in range(3):
        world.ask(trader, f"b{number}", "buy", usd="50")
    world.venue.post("faults", clear=True)
    assert trader.agrees() == ""
    if records(world.folder):
        world.settle(trader)


@pytest.mark.parametrize("skew_s", [10, -10, 200, -200])
def test_s12_a_clock_that_differs_keeps_orders_from_leaving(world: World, skew_s: int) -> None:
    """Nothing is bought until the clocks agree."""
    world.venue.post("policy", leeway_s=15)
    world.venue.post("clock", skew_ms=skew_s * 1000)
    trader = world.start()
    assert not world.ask(trader, "b", "buy", usd="50")["ok"]
    assert world.posts() == []


@pytest.mark.parametrize("knob", ["", "dup_across_pages", "empty_page_with_has_next"])
def test_s13_six_hundred_accounts_are_read_over_all_pages(world: World, knob: str) -> None:
    """Rows that come twice and a page that is empty change nothing."""
    world.venue.post("balance", **{f"COIN{number}": "1" for number in range(600)})
    if knob:
        world.venue.post("policy", **{knob: True})
    trader = world.start()
    assert trader.agrees() == ""


def test_s13_pages_without_an_end_are_no_answer(world: World) -> None:
    """The same cursor for ever: the trader lives, says so, and sends no order."""
    trader = world.start()
    world.venue.post("policy", cursor_loop=True)
    trader.command("r", "reconcile")
    answer = trader.hear("answer", "r")
    assert answer is not None
    assert not answer["ok"]
    world.venue.post("policy", cursor_loop=False)
    assert trader.agrees() == ""


def test_s14_a_sale_is_rounded_down_to_what_can_be_sold(world: World) -> None:
    """filled_size has 14 decimals; the order has 8, and the rest becomes dust."""
    trader = world.start()
    assert world.ask(trader, "b", "buy", usd="77.77")["ok"]
    assert world.ask(trader, "s", "sell", all=True)["ok"]
    world.settle(trader)
    buy, sale = world.venue.orders()
    size = world.posts()[-1]["order_configuration"]["market_market_ioc"]["base_size"]
    assert Decimal(size) == Decimal(sale["filled_size"])
    assert len(size.partition(".")[2]) <= 8
    assert 0 < Decimal(buy["filled_size"]) - Decimal(size) < Decimal("0.00000001")


def test_balances_that_are_rounded_hold_nothing_back(world: World) -> None:
    """The exchange shows eight decimals, the fills have fourteen: no difference, and so on."""
    world.venue.post("policy", balance_decimals=8)
    trader = world.start()
    assert world.ask(trader, "b", "buy", usd="77.77")["ok"]
    assert trader.agrees(patience_s=0) == ""
    assert world.ask(trader, "b2", "buy", usd="33.33")["ok"]
    assert world.ask(trader, "s", "sell", pct="50")["ok"]
    world.settle(trader)


def test_a_satoshi_that_is_missing_is_a_difference(world: World) -> None:
    """One increment less than the ledger says: nothing is bought, and it is said."""
    trader = world.start()
    assert world.ask(trader, "b", "buy", usd="50")["ok"]
    world.venue.post("balance", BTC="-0.00000001")
    assert "0.00000001 missing" in trader.agrees(patience_s=0)
    assert world.ask(trader, "b2", "buy", usd="50")["code"] == "differences"
    assert len(world.posts()) == 1


def test_a_price_that_cannot_be_sends_nothing(world: World) -> None:
    """Crossed, zero, one-sided, old or ten times the market: refused with the reason."""
    trader = world.start()
    match = {"path_regex": "best_bid_ask"}
    for action, params, code in (
        ("crossed_book", {}, "quote_unknown"),
        ("zero_price", {}, "quote_unknown"),
        ("one_sided", {"side": "asks"}, "quote_unknown"),
        ("stale_price", {"s": 600}, "quote_stale"),
        ("spike", {"x": 10}, "close_distance_limit"),
    ):
        world.venue.fault(action, match=match, **params)
        assert world.ask(trader, action + str(params), "buy", usd="50")["code"] == code
        world.venue.post("faults", clear=True)
    assert world.posts() == []
    assert world.ask(trader, "b", "buy", usd="50")["ok"]
    world.settle(trader)


def test_answers_without_their_optional_fields_are_enough(world: World) -> None:
    """And fields and values of tomorrow change nothing."""
    world.venue.post("policy", omit_optional=True, unknown_fields=True)
    trader = world.start()
    assert world.ask(trader, "b", "buy", usd="77.77")["ok"]
    assert world.ask(trader, "s", "sell", all=True)["ok"]
    world.settle(trader)


def test_a_thin_book_fills_what_it_holds_and_no_more(world: World) -> None:
    """Two buys meet the same ladder: the second finds what the first one left."""
    asks = [["60000.01", "0.001"], ["60010", "0.0005"]]
    world.venue.post("book", id="BTC-USD", asks=asks, bids=[["60000", "5"]])
    trader = world.start()
    assert world.ask(trader, "b1", "buy", usd="50")["ok"]
    assert world.ask(trader, "b2", "buy", usd="50")["ok"]
    world.settle(trader)
    first, second = world.venue.orders()
    assert (first["status"], second["status"]) == ("FILLED", "CANCELLED")
    assert Decimal(first["filled_size"]) + Decimal(second["filled_size"]) == Decimal("0.0015")


def test_s15_what_is_below_the_minimum_is_not_sent(world: World) -> None:
    """The position is smaller than the product's least size."""
    trader = world.start()
    assert world.ask(trader, "b", "buy", usd="50")["ok"]
    world.venue.post("product", id="BTC-USD", patch={"base_min_size": "1"})
    trader.end()
    trader = world.start()
    answer = world.ask(trader, "s", "sell", all=True)
    assert not answer["ok"]
    assert len(world.posts()) == 1
    world.settle(trader)


def test_s18_of_two_traders_one_trades(world: World) -> None:
    """The second one leaves at once; the first one is not disturbed."""
    first = world.start()
    second = world.start(ready=False)
    assert second.child.ended(PATIENCE_S)
    assert world.ask(first, "b", "buy", usd="50")["ok"]
    world.settle(first)
    log = (world.folder / "trader.log").read_text(encoding="utf-8")
    assert ExitCode.TEMPORARY.name in log


def test_s19_a_full_disk_sends_nothing_and_forgets_nothing(world: World) -> None:
    """The intent cannot be written, so the order does not leave; with space it does."""
    trader = world.start()
    largest = (world.folder / f"{LEDGER_DB}-wal").stat().st_size
    resource.prlimit(trader.child.pid, resource.RLIMIT_FSIZE, (largest, largest))
    trader.command("b", "buy", coin="BTC", usd="50")
    trader.hear("answer", "b")
    assert world.posts() == []
    trader.end()
    trader = world.start()
    assert world.ask(trader, "b", "buy", usd="50")["code"] in {"ok", "order_unsettled"}
    world.settle(trader)
    assert len(world.posts()) == 1
