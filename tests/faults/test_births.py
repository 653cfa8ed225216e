"""Starts that fail: back-off, breaker, parking, safe mode."""

import resource
import signal
import subprocess
from itertools import pairwise
from typing import Any

import pytest

from powertraderd.supervision.spawn import python_command
from powertraderd.testing.rig import Daemon, until


def _spawn_gaps_s(daemon: Daemon, role: str) -> list[float]:
    times = [_seconds(entry) for entry in daemon.logs("worker_spawned", role)]
    return [later - earlier for earlier, later in pairwise(times)]


def _seconds(entry: dict[str, Any]) -> float:
    hours, minutes, seconds = entry["ts"].rstrip("Z").split("T")[1].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def test_f07_a_slow_import_under_the_start_deadline_lives(daemon: Daemon) -> None:
    """Importing is not hanging."""
    daemon.order("trainer", "once slow_import 1.0")
    daemon.start()
    assert daemon.worker("trainer")["incarnation"] == 1
    assert not daemon.logs("worker_died")


def test_f07_an_import_over_the_start_deadline_is_mute(daemon: Daemon) -> None:
    """It says nothing, so nothing can be believed of it."""
    daemon.configure(budgets={"boot": 2.0})
    daemon.order("exporter", "once slow_import 60")
    daemon.start(ready=False)
    assert "start deadline" in daemon.logged("worker_mute", "exporter")["why"]
    daemon.configure()
    daemon.signal(signal.SIGHUP)
    daemon.in_state("exporter", "running")


@pytest.mark.parametrize("order", ["crash_at_import", "crash", "crash_at_age 0.8"])
def test_f08_a_crash_loop_backs_off_and_is_parked_and_never_tight(
    daemon: Daemon, order: str
) -> None:
    """At import, at once, and before the mark where it would count as stable."""
    daemon.configure(stable_after=10)
    daemon.order("thinker", order)
    daemon.start(ready=False)
    daemon.logged("worker_parked", "thinker")
    parked = daemon.worker("thinker")
    assert (parked["state"], parked["incarnation"]) == ("PARKED", 5)
    backoffs = daemon.logs("worker_backoff", "thinker")
    assert [entry["attempt"] for entry in backoffs] == [1, 2, 3, 4]
    assert all(0.1 <= entry["delay_s"] <= 0.4 for entry in backoffs)
    assert all(gap > 0.1 for gap in _spawn_gaps_s(daemon, "thinker"))
    daemon.in_state("trader", "running")
    assert daemon.ask("start", worker="thinker").ok is False
    daemon.order("thinker", "")
    assert daemon.ask("unpark", worker="thinker").ok
    daemon.in_state("thinker", "running")


@pytest.mark.parametrize(("code", "word"), [(78, "config"), (77, "credentials")])
def test_f09_an_exit_that_says_why_parks_at_once_and_is_shown(
    daemon: Daemon, code: int, word: str
) -> None:
    """A restart would mend neither settings nor keys."""
    daemon.order("trader", f"exit {code}")
    daemon.start(ready=False)
    assert word in daemon.logged("worker_parked", "trader")["why"]
    parked = daemon.in_state("trader", "parked")
    assert parked["incarnation"] == 1
    assert word in parked["parked_because"]
    assert daemon.ask("buy", coin="BTC", usd="10").code == "not_ready"


def test_f10_the_trader_gets_one_start_in_safe_mode_and_is_then_parked(daemon: Daemon) -> None:
    """Five deaths, one start that may only manage exits, and no other."""
    daemon.order("trader", "crash")
    daemon.start(ready=False)
    daemon.logged("worker_safe_mode", "trader")
    daemon.in_state("trader", "parked")
    born = daemon.diary("trader", "born")
    assert [entry["safe_mode"] for entry in born] == [False] * 5 + [True]
    assert daemon.status()["trading"]["safe_mode"] is True
    daemon.order("trader", "")
    assert daemon.ask("unpark", worker="trader").ok
    daemon.in_state("trader", "running")
    assert daemon.diary("trader", "born")[-1]["safe_mode"] is False


def test_a_temporary_failure_at_start_never_parks(daemon: Daemon) -> None:
    """The exchange was down when the trader started: more than five times."""
    daemon.order("trader", "fail_in_boot")
    daemon.start(ready=False)
    daemon.logged("worker_died", "trader", times=7)
    assert {entry["reason"] for entry in daemon.logs("worker_died", "trader")} == {"temporary"}
    daemon.order("trader", "")
    daemon.in_state("trader", "running")


def test_f14_a_child_whose_supervisor_is_gone_already_leaves() -> None:
    """It died between our fork and our prctl."""
    arguments = ("--page-fd", "0", "--channel-fd", "1", "--supervisor-pid", "1")
    orphan = subprocess.run(
        python_command("powertraderd.workers", "trader", *arguments),
        check=False,
        capture_output=True,
    )
    assert orphan.returncode == 70


def test_f37_a_supervisor_without_descriptors_backs_off_and_leaves_nothing_half_made(
    veteran: Daemon,
) -> None:
    """EMFILE on spawn: no half worker, and a whole one when there is room again."""
    held = veteran.descriptors()
    _limit_files(veteran.pid, held + 1)
    veteran.order("thinker", "once crash")
    veteran.logged("worker_spawn_failed", "thinker", times=2)
    assert veteran.ask("status").ok
    _limit_files(veteran.pid, 1024)
    veteran.in_state("thinker", "running")
    until(lambda: veteran.descriptors() <= held, "as many descriptors as before")
    assert not veteran.logs("worker_parked")


def _limit_files(pid: int, most: int) -> None:
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, hard))
