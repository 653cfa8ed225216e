"""The kill switch: once `ptctl halt` has returned, no order is sent any more, whatever happens."""

import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from powertraderd.adapters.sqlite.ledger_reader import LedgerReader
from powertraderd.supervision import state_file
from powertraderd.supervision.protocol import Answer
from powertraderd.testing.rig import Daemon, alive, until
from powertraderd.workers.wiring import LEDGER_DB, PAPER_DB

PATIENCE_S = 20.0
HANGS = {
    "system call": ("block coinbase.create_order order-1 60", "asked"),
    "loop without the GIL": ("spin compute", "hung"),  # breaks its own promise sooner
    "deaf to SIGTERM": ("deaf", "asked"),
}


def halt(daemon: Daemon, reason: str = "stop it", request_id: str | None = None) -> Answer:
    """Ask and wait."""
    return daemon.client.request("halt", {"reason": reason}, PATIENCE_S, request_id)


def no_excuse(daemon: Daemon) -> None:
    """A hang is judged only after a minute: whoever is killed sooner, is killed for the halt."""
    daemon.configure(budgets={"cycle": 90, "idle_slack": 60})


def test_a_trader_that_hears_is_not_killed(daemon: Daemon) -> None:
    """The answer comes at once, the same process lives on and knows."""
    daemon.start()
    pid = daemon.worker("trader")["pid"]
    answer = halt(daemon)
    assert (answer.ok, answer.message) == (True, "halted: nothing is bought or sold")
    assert daemon.diary("trader", "trading")[-1]["halted"] is True
    assert daemon.worker("trader")["pid"] == pid
    trading = daemon.status()["trading"]
    assert (trading["state"], trading["halted"]) == ("HALTED", True)
    assert trading["causes"] == [{"code": "halted", "why": "stop it"}]


@pytest.mark.parametrize(("order", "reason"), HANGS.values(), ids=HANGS)
def test_a_trader_that_hangs_is_dead_before_the_answer(
    daemon: Daemon, order: str, reason: str
) -> None:
    """Its successor is born halted, and nobody holds a death by the halt against it."""
    no_excuse(daemon)
    daemon.start()
    pid = daemon.worker("trader")["pid"]
    daemon.order("trader", f"once {order}")
    until(lambda: not (daemon.plan / "trader").exists(), "the trader to begin")
    answer = halt(daemon)
    assert answer.ok, answer.message
    assert not alive(pid)
    daemon.replaced("trader", pid)
    assert daemon.diary("trader", "born")[-1]["halted"] is True
    died = daemon.logged("worker_died", "trader")
    assert (died["reason"], died["signal"]) == (reason, 9)
    assert died["counted"] is (reason == "hung")


def test_a_stopped_trader_is_dead_before_the_answer(daemon: Daemon) -> None:
    """SIGSTOP: it cannot even be asked."""
    no_excuse(daemon)
    daemon.start()
    pid = daemon.worker("trader")["pid"]
    os.kill(pid, signal.SIGSTOP)
    assert halt(daemon).ok
    assert not alive(pid)


def test_a_trader_that_is_leaving_is_not_waited_for(daemon: Daemon) -> None:
    """It was asked to finish what it does; after the halt it may not."""
    daemon.configure(budgets={"cycle": 90}, stop_grace_trader=60)
    daemon.start()
    pid = daemon.worker("trader")["pid"]
    daemon.order("trader", "once deaf")
    until(lambda: not (daemon.plan / "trader").exists(), "the trader to begin")
    assert daemon.ask("stop", worker="trader").ok
    assert halt(daemon).ok
    assert not alive(pid)
    daemon.in_state("trader", "STOPPED")


def test_without_a_trader_there_is_nothing_to_wait_for(daemon: Daemon) -> None:
    """It is started later, and born halted."""
    daemon.start()
    daemon.ask("stop", worker="trader")
    daemon.in_state("trader", "STOPPED")
    assert halt(daemon).ok
    daemon.ask("start", worker="trader")
    daemon.in_state("trader", "RUNNING")
    assert daemon.diary("trader", "born")[-1]["halted"] is True


def test_the_same_request_again_repeats_the_answer(daemon: Daemon) -> None:
    """And does not halt again what was resumed meanwhile."""
    daemon.start()
    first = halt(daemon, request_id="h-1")
    assert daemon.ask("resume").ok
    assert halt(daemon, request_id="h-1") == first
    assert daemon.status()["trading"]["state"] == "ACTIVE"


def test_who_waits_for_a_halt_that_is_taken_back_is_told(daemon: Daemon) -> None:
    """The promise was not kept, so it is not given."""
    daemon.configure(budgets={"cycle": 90}, sections={"control": {"halt_seconds": 30}})
    daemon.start()
    daemon.order("trader", "once block here x 60")
    until(lambda: not (daemon.plan / "trader").exists(), "the trader to begin")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(halt, daemon)
        until(lambda: daemon.status()["trading"]["halted"], "the halt to be written down")
        assert daemon.ask("resume").ok
        assert (waiting.result().ok, waiting.result().code) == (False, "resumed")


def test_reducing_kills_nobody_and_says_that_it_was_not_heard(daemon: Daemon) -> None:
    """Exits go on, so a trader in the middle of one must live."""
    no_excuse(daemon)
    daemon.start()
    pid = daemon.worker("trader")["pid"]
    heard = daemon.client.request("reduce", {"reason": "tax day"}, PATIENCE_S)
    assert (heard.ok, heard.message) == (True, "reducing: nothing is bought; exits go on")
    assert daemon.status()["trading"]["state"] == "REDUCING"
    daemon.ask("resume")
    until(lambda: not daemon.diary("trader", "trading")[-1]["paused"], "the trader to hear")
    daemon.order("trader", "once block here x 60")
    until(lambda: not (daemon.plan / "trader").exists(), "the trader to begin")
    unheard = daemon.client.request("reduce", {"reason": "tax day"}, PATIENCE_S)
    assert unheard.ok
    assert "has not heard of it yet" in unheard.message
    assert daemon.worker("trader")["pid"] == pid


def test_a_halt_outlives_the_death_of_everything(daemon: Daemon) -> None:
    """Kill all processes the moment that the word is on the disk, as a power cut would."""
    no_excuse(daemon)
    daemon.start()
    pids = daemon.worker_pids()
    os.kill(pids["trader"], signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(daemon.client.request, "halt", {"reason": "now"}, PATIENCE_S)
        until(lambda: state_file.load(daemon.state_dir).halted, "the state file")
        for pid in (daemon.pid, *pids.values()):
            os.kill(pid, signal.SIGKILL)
        assert answer.exception() is not None or not answer.result().ok
    daemon.wait()
    until(lambda: not any(alive(pid) for pid in pids.values()), "everybody to be gone")
    daemon.start()
    assert daemon.status()["trading"]["state"] == "HALTED"
    assert daemon.diary("trader", "born")[-1]["halted"] is True


# The proof on the paper exchange's book: a real trader under load

FREE = ("max_orders_per_hour", "max_position_pct", "max_exposure_pct", "max_close_distance_pct")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with the real trader, which no limit holds back."""
    under_test = Daemon(tmp_path_factory.mktemp("busy"), "trainer", "trader")
    under_test.configure(
        sections={
            "control": {"halt_seconds": 0.3, "ack_seconds": 1},
            "risk": {
                **dict.fromkeys(FREE, "none"),
                "candle_max_age_seconds": 1_000_000,
                "quote_max_age_seconds": 1_000_000,
            },
        },
        budgets={"cycle": 90, "place_order": 60},
    )
    under_test.start()
    until(under_test.bought, "the first candles")
    yield under_test
    under_test.clean_up()


class Buyers:
    """People who buy as fast as they are answered."""

    def __init__(self, daemon: Daemon, number: int) -> None:
        """Begin."""
        self._daemon = daemon
        self._over = threading.Event()
        self.answers: list[Answer] = []
        self._threads = [threading.Thread(target=self._buy) for _ in range(number)]
        for thread in self._threads:
            thread.start()

    def _buy(self) -> None:
        while not self._over.is_set():
            self.answers.append(self._daemon.client.request("buy", {"coin": "BTC", "usd": "1"}, 20))

    def end(self) -> None:
        """Go home."""
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)


def placed(daemon: Daemon) -> int:
    """Orders in the exchange's own book, read without our own code."""
    path = daemon.state_dir / PAPER_DB
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as book:
        return int(book.execute("SELECT count(*) FROM orders").fetchone()[0])


@pytest.mark.timeout(600)
def test_after_a_halt_has_returned_no_order_reaches_the_exchange(busy: Daemon) -> None:
    """25 halts under load, every fifth with a stopped trader; tests/acceptance has a hundred."""
    dice = random.Random(7)  # noqa: S311 - the same dice for everybody
    killed = 0
    for repetition in range(25):
        until(busy.all_running, "all workers to run")
        pid = busy.worker("trader")["pid"]
        before = placed(busy)
        buyers = Buyers(busy, 3)
        until(lambda: placed(busy) > before, "the first order")  # noqa: B023 - waited for here
        time.sleep(dice.uniform(0, 0.15))
        if repetition % 5 == 4:
            os.kill(pid, signal.SIGSTOP)
        answer = halt(busy, f"repetition {repetition}")
        after = placed(busy)
        assert answer.ok, answer.message
        killed += not alive(pid)
        until(lambda: len(buyers.answers) > 3, "the buyers to be refused")  # noqa: B023
        time.sleep(0.05)
        buyers.end()
        assert placed(busy) == after, f"repetition {repetition}"
        assert {each.code for each in buyers.answers[-2:]} <= {"halted", "not_ready", "timed_out"}
        until(busy.all_running, "all workers to run")
        assert busy.ask("resume").ok
    assert killed >= 5
    reader = LedgerReader(busy.state_dir / LEDGER_DB)
    assert not any(r.state == "UNKNOWN" for r in reader.orders(500))
    reader.close()
