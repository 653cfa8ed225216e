"""Stops, deaths from outside, and what must not be left behind."""

import os
import signal
import subprocess
import time

import pytest

from powertraderd.testing.rig import ROLES, Daemon, alive, until


def _zombies(parent: int) -> list[str]:
    listed = subprocess.run(
        ["ps", "-o", "stat=", "--ppid", str(parent)], check=False, capture_output=True, text=True
    )
    return [stat for stat in listed.stdout.split() if stat.startswith("Z")]


def test_a_stop_is_clean_and_in_reverse_order(daemon: Daemon) -> None:
    """Everybody drains; nobody is killed; the exit code is 0."""
    daemon.start()
    pids = daemon.worker_pids()
    assert daemon.stop() == 0
    assert not any(alive(pid) for pid in pids.values())
    assert [entry["of"] for entry in daemon.logs("worker_died")] == list(reversed(ROLES))
    assert not daemon.logs("worker_kill")
    assert all(daemon.diary(role, "closed") for role in ROLES)
    assert not daemon.client.path.exists()


def test_f11_a_worker_that_ignores_term_is_killed_at_the_grace(daemon: Daemon) -> None:
    """And not before."""
    daemon.configure(budgets={"cycle": 60})
    daemon.start()
    pid = daemon.worker("thinker")["pid"]
    daemon.order("thinker", "once deaf")
    daemon.in_phase("thinker", "deaf")
    asked = time.monotonic()
    assert daemon.ask("restart", worker="thinker").ok
    until(lambda: not alive(pid), "the deaf thinker to be dead")
    assert time.monotonic() - asked > 0.9
    died = daemon.logged("worker_died", "thinker")
    assert (died["reason"], died["signal"], died["counted"]) == ("asked", 9, False)
    daemon.replaced("thinker", pid)


def test_f12_nobody_outlives_a_killed_supervisor(daemon: Daemon) -> None:
    """Also a worker that is stuck; the locks are free and the next daemon starts."""
    daemon.configure(budgets={"cycle": 60})
    daemon.start()
    daemon.order("trader", "once deaf")
    daemon.order("trainer", "once deaf")
    for role in ("trader", "trainer"):
        daemon.in_phase(role, "deaf")
    pids = daemon.worker_pids()
    assert set(pids) == set(ROLES)
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.wait()
    died = time.monotonic()
    until(lambda: not any(alive(pid) for pid in pids.values()), "all workers to be gone")
    assert time.monotonic() - died < 2  # promised are 100 ms; the rest is for a busy machine
    daemon.start()
    assert daemon.stop() == 0


def test_f13_a_grandchild_in_the_group_is_swept(veteran: Daemon) -> None:
    """Killing the leader alone would leave it."""
    veteran.order("trainer", "once grandchild same")
    grandchild = until(lambda: veteran.diary("trainer", "grandchild"), "a grandchild")[0]["child"]
    veteran.logged("worker_died", "trainer")
    until(lambda: not alive(grandchild), "the grandchild to be swept")


def test_f13_a_grandchild_in_a_session_of_its_own_is_left_to_the_unit(veteran: Daemon) -> None:
    """Documented: only the control group of the service manager reaches it."""
    veteran.order("trainer", "once grandchild own")
    grandchild = until(lambda: veteran.diary("trainer", "grandchild"), "a grandchild")[0]["child"]
    try:
        veteran.logged("worker_died", "trainer")
        assert alive(grandchild)
    finally:
        os.kill(grandchild, signal.SIGKILL)


def test_f15_many_exits_at_once_leave_no_zombie(daemon: Daemon) -> None:
    """All four workers die together, ten times; each death is seen once."""
    daemon.configure(breaker_fast_deaths=100, breaker_slow_deaths=100)
    daemon.start()
    for number in range(1, 11):
        pids = daemon.worker_pids()
        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
        for role, pid in pids.items():
            daemon.replaced(role, pid)
        assert all(len(daemon.logs("worker_died", role)) == number for role in ROLES)
    assert _zombies(daemon.pid) == []


@pytest.mark.parametrize("age_s", [0, 1])
def test_f15_a_foreign_child_that_exits_3_is_reaped_and_halts_nothing(
    daemon: Daemon, age_s: float
) -> None:
    """Left by whoever executed us, dead already or soon; gunicorn took it for its own worker."""
    daemon.start(before=lambda: _leave_a_child_behind(age_s))
    stranger = daemon.logged("stranger_reaped")
    assert stranger["status"] == 3
    assert daemon.all_running()
    assert not daemon.logs("worker_died")
    assert _zombies(daemon.pid) == []


def _leave_a_child_behind(age_s: float) -> None:
    if os.fork() == 0:
        time.sleep(age_s)
        os._exit(3)


def test_f16_an_exit_between_judging_and_killing_is_one_event(veteran: Daemon) -> None:
    """The ladder stops with the process; its signals hit nobody else."""
    pid = veteran.worker("thinker")["pid"]
    veteran.order("thinker", "once block quotes")
    veteran.logged("worker_hung", "thinker")
    os.kill(pid, signal.SIGKILL)
    veteran.replaced("thinker", pid)
    assert len(veteran.logs("worker_died", "thinker")) == 1
    assert not veteran.logs("worker_kill", "thinker")


def test_f18_two_hundred_restarts_leak_no_descriptor(daemon: Daemon) -> None:
    """The count stays flat."""
    daemon.configure(
        breaker_fast_deaths=1000, breaker_slow_deaths=1000, backoff_base=0.01, backoff_cap=0.02
    )
    daemon.start()
    held = daemon.descriptors()
    for role in ROLES:
        daemon.order(role, "stillborn")
        os.kill(daemon.worker(role)["pid"], signal.SIGKILL)
    until(lambda: len(daemon.logs("worker_died")) >= 200, "two hundred deaths", patience_s=60)
    for role in ROLES:
        daemon.order(role, "")
    until(daemon.all_running, "all workers to run")
    until(lambda: daemon.descriptors() <= held, f"{held} descriptors")


@pytest.mark.parametrize("order", ["slow_import 30", "crash", "deaf"])
def test_f21_term_stops_whatever_the_workers_are_at(daemon: Daemon, order: str) -> None:
    """STARTING, BACKOFF, in the middle of a stop: a second TERM is quick."""
    daemon.configure(backoff_base=5, backoff_cap=5, stop_grace=10, stop_grace_trader=10)
    daemon.order("exporter", order)
    daemon.start(ready=False)
    until(lambda: daemon.worker("exporter").get("state"), "the control socket")
    if order == "crash":
        daemon.in_state("exporter", "backoff")
    if order == "deaf":
        daemon.in_phase("exporter", "deaf")
    asked = time.monotonic()
    daemon.signal(signal.SIGTERM)
    daemon.logged("supervisor_stopping")
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    assert time.monotonic() - asked < 9.5, "sooner than the grace"


def test_f21_term_stops_in_the_middle_of_a_reload(daemon: Daemon) -> None:
    """The settings file never comes to its end, and nobody waits for it."""
    daemon.start()
    daemon.config.unlink()
    os.mkfifo(daemon.config)
    daemon.signal(signal.SIGHUP)
    until(lambda: daemon.status()["supervisor"]["state"] == "reloading", "the reload")
    pids = daemon.worker_pids()
    assert daemon.stop() == 0
    assert not any(alive(pid) for pid in pids.values())
    assert "settings_reloaded" not in daemon.text()


def test_f33_a_worker_out_of_memory_is_the_only_one_to_restart(veteran: Daemon) -> None:
    """Its neighbours do not notice."""
    pids = veteran.worker_pids()
    veteran.order("trainer", "once overeat")
    veteran.replaced("trainer", pids["trainer"])
    after = veteran.worker_pids()
    assert {role for role in ROLES if after[role] != pids[role]} == {"trainer"}


def test_a_crash_inside_a_library_is_dumped_and_healed(veteran: Daemon) -> None:
    """SIGSEGV: the dump of faulthandler, and a new incarnation."""
    pid = veteran.worker("thinker")["pid"]
    veteran.order("thinker", "once segfault")
    veteran.replaced("thinker", pid)
    assert veteran.logged("worker_died", "thinker")["signal"] == signal.SIGSEGV
    assert "Segmentation fault" in veteran.text()
