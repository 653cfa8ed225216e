"""Live mode from settings alone: the real daemon against a loopback exchange that knows the truth.

The tests share one daemon and one exchange, in this order. Beside the daemon's budget the account
holds the owner's own cash and coins, which nobody may touch.
"""

import os
import re
import signal
import urllib.request
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from powertraderd.adapters.credentials.key_text import read_key
from powertraderd.testing.live import BUDGET, COINS, LiveDaemon, lay_out_market, true_fills
from powertraderd.testing.rig import until
from powertraderd.testing.venue import Venue

pytestmark = pytest.mark.timeout(300)
OWNERS = {"USD": Decimal(5000), "BTC": Decimal("0.5"), "ETH": Decimal(3)}
"""10,000 USD less the budget, and coins."""
ASKING = ("trainer", "thinker", "trader")
ORDERS = {"method": "POST", "path_regex": "/orders$", "count": 1}


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    """The exchange and the candle venue, with the owner's own coins on the account."""
    running = Venue(tmp_path_factory.mktemp("venue")).start()
    lay_out_market(running)
    running.post("balance", BTC="0.5", ETH="3")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def daemon(venue: Venue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveDaemon]:
    """`powertraderd run` with settings that lead there."""
    running = LiveDaemon(tmp_path_factory.mktemp("live"), venue)
    running.start()
    yield running
    running.clean_up()


def price(venue: Venue, coin: str, factor: float = 1.0) -> float:
    """The last price; moved by ``factor`` first."""
    before = float(product(venue, coin)["price"])
    venue.post("price", id=f"{coin}-USD", price=f"{before * factor:.2f}")
    return before * factor


def product(venue: Venue, coin: str) -> dict[str, Any]:
    """Its fields."""
    found: dict[str, Any] = venue.post("product", id=f"{coin}-USD")
    return found


def tried(daemon: LiveDaemon, *words: str) -> str:
    """What the daemon said to an order by hand, whatever that was."""
    answer = daemon.ptctl(*words, "--yes", "--timeout", "40")
    return answer.stdout + answer.stderr


def settled(daemon: LiveDaemon) -> None:
    """Wait until no order is under way."""
    until(lambda: not daemon.in_flight(), "orders to come to their end", 60)


def agree(daemon: LiveDaemon, venue: Venue) -> None:
    """The ledger knows every order that was placed, every fill and every fee; and no other."""
    settled(daemon)
    assert daemon.filled() == true_fills(venue)
    per_intent = Counter(order["client_order_id"] for order in venue.orders())
    assert {name: count for name, count in per_intent.items() if count > 1} == {}


def test_it_starts_with_its_budget_and_nothing_of_the_owners(
    daemon: LiveDaemon, venue: Venue
) -> None:
    """Cash is the budget; coins that it did not buy are no position."""
    until(lambda: daemon.status()["account"].get("cash"), "the account")
    notes = daemon.rows("SELECT amount, note FROM cash_flow")
    assert notes == [(str(BUDGET), "exchange.budget")]
    assert not daemon.status()["trading"]["halted"]
    assert all(order["side"] == "BUY" for order in venue.orders())


def test_it_buys_by_signal_and_sells_by_the_trailing_exit(daemon: LiveDaemon, venue: Venue) -> None:
    """The price falls below all lows, then rises, then falls a little."""
    price(venue, "ETH", 0.93)
    until(lambda: "ENTRY" in daemon.tags(), "an entry", 60)
    settled(daemon)
    bought = {str(row[0]) for row in daemon.rows("SELECT coin FROM position")}
    for coin in bought:
        price(venue, coin, 1.12)
    until(
        lambda: all(
            (daemon.status()["coins"][coin]["position"] or {"trail_armed": True})["trail_armed"]
            for coin in bought
        ),
        "the exit to be armed",
        60,
    )
    for coin in bought:
        price(venue, coin, 0.985)
    until(lambda: "TRAIL_SELL" in daemon.tags(), "the trailing exit", 60)
    agree(daemon, venue)


def test_it_buys_and_sells_by_hand_once_per_request(daemon: LiveDaemon, venue: Venue) -> None:
    """Repeating a request repeats the answer and not the deed."""
    settled(daemon)
    before = len(venue.orders())
    words = ("buy", "BTC", "120", "--yes", "--request-id", "b1")
    first, again = daemon.ptctl(*words), daemon.ptctl(*words)
    assert (first.returncode, again.returncode) == (0, 0), first.stderr
    assert len(venue.orders()) == before + 1
    sold = daemon.ptctl("sell", "BTC", "--all", "--yes")
    assert sold.returncode == 0, sold.stderr
    assert "sold" in sold.stdout
    agree(daemon, venue)
    for coin in COINS:
        assert venue.true_balances()[coin] >= OWNERS[coin]


@pytest.mark.parametrize("phase", ["before_commit", "after_commit"])
@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("rst", {}),
        ("hang_before_headers", {}),
        ("header_drip", {}),
        ("status", {"code": 401}),
        ("malformed_json", {}),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else str(value.get("code", "")),
)
def test_an_order_whose_answer_is_lost_is_neither_lost_nor_doubled(
    daemon: LiveDaemon, venue: Venue, phase: str, action: str, params: dict[str, Any]
) -> None:
    """The oracle has at most one order for the intent, and the ledger knows what became of it."""
    settled(daemon)
    before = len(venue.orders())
    venue.fault(action, phase=phase, match=ORDERS, **params)
    until(lambda: tried(daemon, "buy", "BTC", "20") and venue.fired(), "the fault to fire")
    settled(daemon)
    venue.post("faults", clear=True)
    assert len(venue.orders()) - before == (phase == "after_commit")
    agree(daemon, venue)


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("status", {"code": 503}),
        ("status", {"code": 401}),
        ("wrong_types", {}),
        ("truncate", {}),
        ("gzip_bomb", {}),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else str(value.get("code", "")),
)
def test_reads_that_fail_now_and_then_change_nothing(
    daemon: LiveDaemon, venue: Venue, action: str, params: dict[str, Any]
) -> None:
    """Four in ten answers are bad while an order is made and sold again; no worker dies of it."""
    settled(daemon)
    pids = daemon.worker_pids()
    venue.fault(action, phase="after_commit", match={"method": "GET", "probability": 0.4}, **params)
    until(lambda: tried(daemon, "buy", "BTC", "20") and venue.fired(), "the fault to fire")
    settled(daemon)
    venue.post("faults", clear=True)
    agree(daemon, venue)
    assert daemon.worker_pids() == pids


def test_the_exchange_dies_and_comes_back(daemon: LiveDaemon, venue: Venue) -> None:
    """Nobody is killed for its absence, and afterwards trading goes on."""
    settled(daemon)
    pids = daemon.worker_pids()
    venue.stop()
    until(lambda: daemon.logs("cycle_failed") or daemon.logs("venue_read_failed"), "an outage")
    venue.start()
    until(lambda: daemon.ptctl("buy", "BTC", "20", "--yes").returncode == 0, "a buy", 60)
    agree(daemon, venue)
    assert daemon.worker_pids() == pids


def test_a_stopped_exchange_kills_nobody(daemon: LiveDaemon, venue: Venue) -> None:
    """SIGSTOP for longer than any phase may take."""
    settled(daemon)
    pids = daemon.worker_pids()
    daemon.forget()
    venue.signal(signal.SIGSTOP)
    try:
        until(lambda: daemon.logs("cycle_failed", "trader") or daemon.logs("cycle_failed"), "fail")
        loops = daemon.worker("trader")["loops"]
        until(lambda: daemon.worker("trader")["loops"] > loops + 2, "cycles that fail in time", 90)
    finally:
        venue.signal(signal.SIGCONT)
    until(lambda: daemon.ptctl("buy", "BTC", "20", "--yes").returncode == 0, "a buy", 60)
    agree(daemon, venue)
    assert daemon.worker_pids() == pids


def test_the_key_is_nowhere_but_in_the_trader(daemon: LiveDaemon) -> None:
    """Not in files, logs, arguments, environments, metrics, nor in anybody else's memory."""
    kept = read_key(daemon.key.file.read_text(encoding="utf-8"), "the key").private_key
    secrets = [*planted(daemon.key.secret), *planted(kept)]
    written = [path for path in daemon.folder.rglob("*") if path.is_file()]
    assert len(written) > 5
    for path in written:
        content = path.read_bytes()
        assert [secret for secret in secrets if secret in content] == [], path
        assert not re.search(rb"eyJ[\w-]{10,}\.[\w-]+\.[\w-]+", content), path
    metrics = scraped(daemon)
    assert not any(secret in metrics for secret in secrets)
    pids = {"supervisor": daemon.pid, **daemon.worker_pids()}
    for role, pid in pids.items():
        for name in ("cmdline", "environ"):
            assert not any(s in Path(f"/proc/{pid}/{name}").read_bytes() for s in secrets), role
        limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
        assert role == "supervisor" or re.search(r"Max core file size +0 +0 ", limits), role
    assert {role for role, pid in pids.items() if in_memory(pid, secrets)} == {"trader"}


def scraped(daemon: LiveDaemon) -> bytes:
    """The metrics page."""
    address = daemon.status()["exporter"]["listen"]
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=20) as page:
        text: bytes = page.read()
    return text


def test_every_request_is_counted_by_its_outcome(daemon: LiveDaemon) -> None:
    """Of the three workers that ask a venue, and beside the phases."""
    requests = [line for line in scraped(daemon).decode().splitlines() if "venue.request" in line]
    counted = [line for line in requests if 'outcome="ok"' in line]
    assert all(any(f'worker="{role}"' in line for line in counted) for role in ASKING)


def planted(secret: str) -> list[bytes]:
    """The key's own lines, without the words around them; the file's form and the kept one."""
    return [line.encode() for line in secret.splitlines() if line and "-----" not in line]


def in_memory(pid: int, secrets: list[bytes]) -> bool:
    """Whether a process holds one of the secrets."""
    areas = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for area in areas:
            span, rights = area.split()[:2]
            if not rights.startswith("rw"):
                continue
            start, end = (int(text, 16) for text in span.split("-"))
            try:
                content = os.pread(memory.fileno(), end - start, start)
            except OSError:
                continue
            if any(secret in content for secret in secrets):
                return True
    return False


def test_the_owners_money_is_untouched(daemon: LiveDaemon, venue: Venue) -> None:
    """What is on the account beyond the ledger is what the owner had there, to the last coin."""
    settled(daemon)
    assert daemon.ptctl("sell", "BTC", "--all", "--yes").returncode == 0
    agree(daemon, venue)
    query = "SELECT coin, quantity FROM position UNION ALL SELECT coin, quantity FROM dust"
    held = {str(coin): Decimal(str(quantity)) for coin, quantity in daemon.rows(query)}
    for coin in COINS:
        assert venue.true_balances()[coin] - held.get(coin, Decimal(0)) == OWNERS[coin]
    ((cash,),) = daemon.rows("SELECT cash FROM account")
    difference = venue.true_balances()["USD"] - Decimal(str(cash)) - OWNERS["USD"]
    assert abs(difference) < Decimal("1e-9")
    compared = daemon.ask("reconcile", timeout_s=30)
    assert (compared.ok, compared.data) == (True, {"differences": []})
    assert not daemon.status()["trading"]["halted"]
