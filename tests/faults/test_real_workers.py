"""Faults that only the real workers can show: trader, trainer, exporter on the paper exchange."""

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from powertraderd.adapters.sqlite.ledger_reader import LedgerReader
from powertraderd.adapters.sqlite.signal_board import SqliteSignalBoard
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.order import OrderRecord
from powertraderd.model.prediction import Prediction
from powertraderd.model.signal import Levels, Side, Signal
from powertraderd.strategy import ledgering
from powertraderd.testing.rig import Daemon, until
from powertraderd.testing.service_manager import ServiceManager
from powertraderd.workers.wiring import LEDGER_DB, SIGNAL_DB

BTC = Coin("BTC")
REAL_CLOCK: dict[str, dict[str, object]] = {
    "trading": {"coins": ["BTC"], "tick_seconds": 0.05, "quiet_window_seconds": 1},
    "clock": {"kind": "real"},
    "candles": {"history_start": "2020-01-01T00:00:00Z"},
    "paper": {"latency_ms": 100},
}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    """Daemons with the real roles that are named."""
    made: list[Daemon] = []

    def make(*real: str) -> Daemon:
        made.append(Daemon(tmp_path, *real))
        return made[-1]

    yield make
    for daemon in made:
        daemon.clean_up()


def _orders(daemon: Daemon) -> tuple[OrderRecord, ...]:
    with closing(LedgerReader(daemon.state_dir / LEDGER_DB)) as reader:
        assert ledgering.residual(reader.books()) == 0
        return reader.orders(1000)


def _say_long(daemon: Daemon, now: datetime) -> None:
    """Publish a signal that every timeframe agrees on: the trader's reason to buy."""
    frames = tuple(Timeframe)
    said = Signal(
        coin=BTC,
        made_at=now,
        trained_at=now,
        ask=100.0,
        ask_at=now,
        predictions=tuple(Prediction(frame, now, 103.0, 99.0) for frame in frames),
        levels=Levels(low=dict.fromkeys(frames, 98.5), high=dict.fromkeys(frames, 103.5)),
        sides=dict.fromkeys(frames, Side.WITHIN),
        long_count=7,
        short_count=0,
        long_margin_pct=0.25,
        short_margin_pct=0.25,
    )
    with closing(SqliteSignalBoard(daemon.state_dir / SIGNAL_DB, writable=True)) as board:
        board.publish(said)


def _market_now(daemon: Daemon) -> datetime:
    return datetime.fromisoformat(daemon.status()["supervisor"]["market_time"])


def _cycles_on(daemon: Daemon, role: str) -> None:
    loops = daemon.worker(role)["loops"]
    until(lambda: (daemon.worker(role).get("loops") or 0) > loops, f"{role} to cycle on")


@pytest.mark.parametrize(("code", "word"), [(78, "config"), (77, "credentials")])
def test_f09_a_parked_trader_is_shown_in_log_metric_status_line_and_ptctl(
    rig: Callable[..., Daemon], tmp_path: Path, code: int, word: str
) -> None:
    """Four places, so that nobody has to know where to look."""
    daemon = rig("exporter")
    daemon.order("trader", f"exit {code}")
    with ServiceManager(tmp_path) as manager:
        daemon.start(ready=False, environment=manager.environment)
        why = daemon.logged("worker_parked", "trader")["why"]
        assert why == f"exit code {code} ({word})"
        until(lambda: manager.hears(f"STATUS=trader PARKED ({why})"), "the status line")
        since = manager.count()
        until(lambda: manager.hears("WATCHDOG=1", since), "the watchdog to be fed all the same")
    metrics = daemon.metrics()
    assert metrics['powertraderd_worker_state{state="PARKED",worker="trader"}'] == 1
    assert metrics['powertraderd_worker_state{state="RUNNING",worker="exporter"}'] == 1
    shown = daemon.ptctl("status")
    assert shown.returncode == 0
    words = " ".join(shown.stdout.split())  # a long line is wrapped
    assert f"! trader is parked (exit code {code} ({word}))" in words
    assert "ptctl unpark trader" in words


def test_f10_in_safe_mode_the_real_trader_enters_nothing(rig: Callable[..., Daemon]) -> None:
    """The same signal that makes a sound trader buy; another trip parks it."""
    daemon = rig("trainer", "trader")
    daemon.order("trader", "kill_before broker.quotes")
    daemon.start(ready=False)
    daemon.logged("worker_safe_mode", "trader")
    daemon.order("trader", "")
    daemon.in_state("trader", "running")
    assert daemon.worker("trader")["safe_mode"] is True
    _say_long(daemon, _market_now(daemon))
    until(
        lambda: [e for e in daemon.logs("decision") if e["reason_code"] == "safe_mode"],
        "an entry to be refused because of safe mode",
    )
    assert _orders(daemon) == ()
    daemon.order("trader", "kill_before broker.quotes")
    daemon.in_state("trader", "parked")
    assert _orders(daemon) == ()
    daemon.order("trader", "")
    assert daemon.ptctl("unpark", "trader").returncode == 0
    daemon.in_state("trader", "running")
    _say_long(daemon, _market_now(daemon))
    until(lambda: _orders(daemon), "the sound trader to buy")


def test_f22_a_wall_clock_that_steps_an_hour_kills_nobody_and_starts_nobody_early(
    rig: Callable[..., Daemon],
) -> None:
    """Deadlines and pauses know machine time alone. The step is made at RealClock.now."""
    daemon = rig("trader")
    daemon.configure(sections=REAL_CLOCK, backoff_base=2.0, backoff_cap=2.0)
    daemon.start()
    pids = daemon.worker_pids()
    for offset_s in (3600.0, -3600.0, 0.0):
        daemon.wall(offset_s)
        _cycles_on(daemon, "trader")
        off_s = (_market_now(daemon) - datetime.now(UTC)).total_seconds()
        assert abs(off_s - offset_s) < 60, "the step was seen"
    assert daemon.worker_pids() == pids
    assert not daemon.logs("worker_hung")
    os.kill(pids["thinker"], signal.SIGKILL)
    daemon.in_state("thinker", "backoff")
    daemon.wall(3600.0)
    daemon.replaced("thinker", pids["thinker"])
    died, spawned = (
        datetime.fromisoformat(daemon.logs(event, "thinker")[-1]["ts"])
        for event in ("worker_died", "worker_spawned")
    )
    assert (spawned - died).total_seconds() >= 2.0


def test_f28_with_the_real_exporter_hung_and_dead_the_real_trader_goes_on(
    rig: Callable[..., Daemon],
) -> None:
    """Metrics are nobody's condition."""
    daemon = rig("exporter", "trainer", "trader").start()
    until(daemon.bought, "the first candles")
    trader, exporter = (daemon.worker(role)["pid"] for role in ("trader", "exporter"))
    os.kill(exporter, signal.SIGSTOP)
    assert daemon.bought()
    daemon.logged("worker_hung", "exporter")
    assert daemon.bought()
    exporter = daemon.replaced("exporter", exporter)["pid"]
    os.kill(exporter, signal.SIGKILL)
    assert daemon.bought()
    daemon.replaced("exporter", exporter)
    assert daemon.worker("trader")["pid"] == trader


def test_f29_a_scrape_while_the_trader_hangs_says_so(rig: Callable[..., Daemon]) -> None:
    """The age of the phase rises, the time left falls, and then the state is no longer RUNNING."""
    daemon = rig("exporter")
    daemon.configure(budgets={"cycle": 60}, ladder_term=4, ladder_kill=5, ladder_unkillable=8)
    daemon.start()
    daemon.order("trader", "once block coinbase.get_order order-9 2")
    daemon.in_phase("trader", "coinbase.get_order")
    age = 'powertraderd_worker_phase_age_seconds{phase="coinbase.get_order",worker="trader"}'
    left = 'powertraderd_worker_deadline_seconds{worker="trader"}'
    scrapes = [daemon.metrics()]

    def older() -> bool:
        scrapes.append(daemon.metrics())
        return scrapes[-1].get(age, 0.0) > scrapes[0][age]

    until(older, "an older phase")
    assert scrapes[-1][left] < scrapes[0][left] < 2
    daemon.logged("worker_hung", "trader")
    assert daemon.metrics()['powertraderd_worker_state{state="STOPPING",worker="trader"}'] == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with very little room, as the state folder of the daemon."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", str(folder)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            return ballast
    raise AssertionError("the disk did not fill")


def test_f31_a_full_disk_stops_orders_says_why_and_heals_by_itself(
    rig: Callable[..., Daemon], small_disk: Path
) -> None:
    """What cannot be written down is not ordered; the books stay whole."""
    daemon = rig("trainer", "trader").start()
    until(daemon.bought, "the first candles")
    before = len(_orders(daemon))
    ballast = _fill(small_disk)
    until(lambda: not daemon.bought(), "an order to be refused")
    failed = until(lambda: _said(daemon, "ledger.db", "full"), "the reason")
    assert "check free space" in failed[0]["error"]
    assert daemon.status()["workers"]["trader"]["last_error"]
    until(lambda: _pause_refused(daemon, ballast), "a pause that cannot be written down")
    ballast.unlink()
    assert daemon.ask("resume").ok  # the pause is in force, although it could not be written down
    until(daemon.bought, "trading to go on when there is room")
    assert len(_orders(daemon)) > before
    assert not daemon.logs("worker_parked", "trader")


def _pause_refused(daemon: Daemon, ballast: Path) -> bool:
    """A trader that dies gives some room back: what it gave is taken before each try."""
    with ballast.open("ab", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 512):
            pass
    pause = daemon.ask("pause", reason="disk")
    if pause.ok:
        assert daemon.ask("resume").ok
        return False
    assert pause.code == "not_durable"
    return True


def _said(daemon: Daemon, *words: str) -> list[dict[str, str]]:
    return [e for e in daemon.logs("worker_failed") if all(word in e["error"] for word in words)]


def test_f31_a_ledger_locked_by_somebody_else_stops_orders_until_it_is_free(
    rig: Callable[..., Daemon],
) -> None:
    """A backup tool that holds the lock: temporary, never parked, never sent unwritten."""
    daemon = rig("trainer", "trader")
    daemon.configure(budgets={"ledger": 8, "cycle": 12})
    daemon.start()
    until(daemon.bought, "the first candles")
    before = len(_orders(daemon))
    with closing(sqlite3.connect(daemon.state_dir / LEDGER_DB, isolation_level=None)) as thief:
        thief.execute("BEGIN IMMEDIATE")
        assert not daemon.bought()
        until(lambda: _said(daemon, "ledger.db", "locked"), "the reason")
        assert len(_orders(daemon)) == before
    until(daemon.bought, "trading to go on when the lock is gone")
    assert len(_orders(daemon)) > before
    assert not daemon.logs("worker_parked", "trader")


def test_f31_a_damaged_ledger_is_left_as_it_is_and_the_trader_parked_with_the_reason(
    rig: Callable[..., Daemon],
) -> None:
    """No restart mends it; nothing is overwritten; ptctl says what and where."""
    daemon = rig("trainer", "trader").start()
    until(daemon.bought, "the first candles")
    pid = daemon.worker("trader")["pid"]
    assert daemon.ask("stop", worker="trader").ok
    daemon.in_state("trader", "stopped")
    ledger = daemon.state_dir / LEDGER_DB
    damaged = bytearray(ledger.read_bytes())
    damaged[100:2000] = b"\xa5" * 1900
    ledger.write_bytes(damaged)
    assert daemon.ask("start", worker="trader").ok
    parked = daemon.in_state("trader", "parked")
    assert (parked["pid"], parked["pid"] == pid) == (None, False)
    assert f"{ledger}: damaged" in parked["last_error"]
    assert ledger.read_bytes() == damaged
    assert "ledger.db: damaged" in " ".join(daemon.ptctl("status").stdout.split())
    until(lambda: daemon.worker("trainer")["state"] == "RUNNING", "the trainer to go on")


@pytest.mark.parametrize("accident", ["down", "too_many"])
def test_f35_an_exchange_that_fails_in_time_kills_nobody_and_orders_nothing_twice(
    rig: Callable[..., Daemon], accident: str
) -> None:
    """Outage and 429: cycles fail, are counted, and go on when the exchange does."""
    daemon = rig("trainer", "trader").start()
    until(daemon.bought, "the first candles")
    pid = daemon.worker("trader")["pid"]
    daemon.order("trader", f"{accident} broker.quotes")
    until(lambda: len(daemon.diary("trader", "accident")) >= 3, "three failed cycles")
    assert not daemon.bought()
    daemon.order("trader", "")
    until(daemon.bought, "trading to go on")
    assert daemon.worker("trader")["pid"] == pid
    assert not daemon.logs("worker_died", "trader")


@pytest.mark.parametrize("accident", ["half_open", "drip"])
def test_f35_a_call_that_neither_fails_nor_ends_is_ended_by_its_deadline(
    rig: Callable[..., Daemon], accident: str
) -> None:
    """Half-open TCP, and a byte now and then that no timeout of a single read ever notices."""
    daemon = rig("trainer", "trader")
    daemon.configure(budgets={"read_orders": 0.5, "cycle": 20})
    daemon.start()
    until(daemon.bought, "the first candles")
    pid = daemon.worker("trader")["pid"]
    daemon.order("trader", f"once {accident} broker.order")
    daemon.buy("slow")
    hung = daemon.logged("worker_hung", "trader")
    assert (hung["phase"], hung["pid"]) == ("broker.order", pid)
    daemon.replaced("trader", pid)
    answer = until(lambda: a if (a := daemon.buy("slow")).ok else None, "the outcome")
    assert answer.data["state"] == "FILLED"
    assert len([each for each in _orders(daemon) if each.intent.request_id == "slow"]) == 1
