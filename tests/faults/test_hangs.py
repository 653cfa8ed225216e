"""Workers that hang, and a supervisor that does."""

import os
import signal
import time

import pytest

from powertraderd.testing.rig import Daemon, alive, until

_PHASE_S = 0.3  # misbehave's budget
_LADDER_S = 0.5 + 4.0  # scaled kill rung, and what a busy machine may add


def _beats_go_on(daemon: Daemon, role: str) -> None:
    seen = len(daemon.diary(role, "cycle"))
    until(lambda: len(daemon.diary(role, "cycle")) > seen + 2, f"{role} to cycle on")


@pytest.mark.parametrize("phase", ["coinbase.list_orders", "quotes"])
def test_f01_a_call_that_never_returns_is_named_dumped_and_dead_in_time(
    veteran: Daemon, phase: str
) -> None:
    """Hung names the phase and its detail, the dump shows the line, the others go on."""
    pid = veteran.worker("trader")["pid"]
    veteran.order("trader", f"once block {phase} order-17")
    hung = veteran.logged("worker_hung", "trader")
    assert (hung["phase"], hung["detail"], hung["pid"]) == (phase, "order-17", pid)
    assert hung["overdue_s"] < 2.0
    until(lambda: not alive(pid), "the hung trader to be dead", _LADDER_S)
    veteran.replaced("trader", pid)
    assert "in block" in veteran.text(), "the stack dump shows the function"
    assert veteran.worker("trader")["last_death"].startswith(f"hung in {phase} (order-17)")
    born = veteran.diary("trader", "born")
    assert born[-1]["last_phase"] == phase
    assert [phase, "order-17"] in born[-1]["quarantines"]
    _beats_go_on(veteran, "thinker")
    assert not veteran.logs("worker_died", "thinker")


def test_f01_a_boot_that_hangs_is_named_too(daemon: Daemon) -> None:
    """Before it was ever ready."""
    daemon.order("thinker", "once block_in_boot load_memory BTC")
    daemon.start(ready=False)
    hung = daemon.logged("worker_hung", "thinker")
    assert (hung["phase"], hung["detail"]) == ("load_memory", "BTC")
    daemon.in_state("thinker", "running")


def test_f02_a_loop_that_holds_the_gil_is_dumped_and_killed_though_term_is_useless(
    veteran: Daemon,
) -> None:
    """No Python handler runs in it; faulthandler's does."""
    pid = veteran.worker("trainer")["pid"]
    veteran.order("trainer", "once spin learn")
    assert veteran.logged("worker_hung", "trainer")["phase"] == "learn"
    veteran.logged("worker_term", "trainer")
    veteran.logged("worker_kill", "trainer")
    died = veteran.logged("worker_died", "trainer")
    assert (died["reason"], died["signal"]) == ("hung", 9)
    assert "in spin" in veteran.text()
    assert not alive(pid)
    veteran.replaced("trainer", pid)


def test_f03_short_phases_without_end_are_caught_by_the_cycle(daemon: Daemon) -> None:
    """Each keeps its own promise, the cycle does not."""
    daemon.configure(budgets={"cycle": 0.8})
    daemon.start()
    pid = daemon.worker("thinker")["pid"]
    daemon.order("thinker", "once endless")
    daemon.logged("worker_overrun", "thinker")
    daemon.replaced("thinker", pid)
    assert not daemon.logs("worker_hung", "thinker")


def test_f04_a_beat_from_a_helper_thread_raises(veteran: Daemon) -> None:
    """It would prove nothing about the main loop."""
    veteran.order("thinker", "once beat_from_thread")
    note = until(lambda: veteran.diary("thinker", "beat from thread"), "the beat to be refused")
    assert "only the main thread may beat" in note[0]["refused"][0]


@pytest.mark.parametrize("role", ["trader", "exporter"])
def test_f05_a_stopped_worker_is_hung_and_dead(veteran: Daemon, role: str) -> None:
    """SIGSTOP is not heard and not survived."""
    pid = veteran.worker(role)["pid"]
    os.kill(pid, signal.SIGSTOP)
    veteran.logged("worker_hung", role)
    veteran.replaced(role, pid)
    assert not alive(pid)


def test_f06_a_stall_of_the_supervisor_kills_nobody_and_is_counted(daemon: Daemon) -> None:
    """All workers break their promises while nobody can look; that is our fault, not theirs."""
    daemon.configure(stall_gap=1.5)
    daemon.start()
    pids = daemon.worker_pids()
    os.kill(daemon.pid, signal.SIGSTOP)
    for pid in pids.values():
        os.kill(pid, signal.SIGSTOP)
    frozen = time.monotonic()
    until(lambda: time.monotonic() - frozen > 4.5, "a standstill longer than any promise")
    os.kill(daemon.pid, signal.SIGCONT)
    daemon.logged("supervisor_stalled")
    for pid in pids.values():
        os.kill(pid, signal.SIGCONT)
    assert daemon.status()["supervisor"]["stalls"] >= 1
    for role in pids:
        _beats_go_on(daemon, role)
    assert daemon.worker_pids() == pids
    assert not daemon.logs("worker_hung")


def test_f28_trading_goes_on_while_the_exporter_hangs_or_dies(veteran: Daemon) -> None:
    """Nobody waits for the exporter."""
    trader = veteran.worker("trader")["pid"]
    veteran.order("exporter", "once block scrape")
    veteran.logged("worker_hung", "exporter")
    _beats_go_on(veteran, "trader")
    exporter = veteran.replaced("exporter", 0)["pid"]
    os.kill(exporter, signal.SIGKILL)
    _beats_go_on(veteran, "trader")
    veteran.replaced("exporter", exporter)
    assert veteran.worker("trader")["pid"] == trader


def test_f35_exchange_calls_that_fail_in_time_kill_nobody(veteran: Daemon) -> None:
    """An outage is progress: logged once, counted, and over when it is over."""
    pid = veteran.worker("trader")["pid"]
    veteran.order("trader", "outage")
    failed = until(
        lambda: [entry for entry in veteran.logs("cycle_failed") if entry["worker"] == "trader"],
        "the failed cycle",
    )
    assert "503 as ordered" in failed[0]["error"]
    loops = veteran.worker("trader")["loops"]
    until(lambda: veteran.worker("trader")["loops"] > loops, "another failed cycle to count")
    veteran.order("trader", "")
    until(
        lambda: [entry for entry in veteran.logs("cycle_recovered") if entry["worker"] == "trader"],
        "the recovery",
    )
    assert veteran.worker("trader")["pid"] == pid
    assert len([e for e in veteran.logs("cycle_failed") if e["worker"] == "trader"]) == 1
