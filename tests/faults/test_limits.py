"""Limits that the kernel enforces on a control group: processes and memory."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from powertraderd.testing.rig import ROLES, Daemon, until

_MIB = 2**20
Limit = Callable[[str, int], Path]


@pytest.fixture
def limit(tmp_path: Path) -> Iterator[Limit]:
    """Makes a control group with one limit; (file, value) -> its folder."""
    made: list[Path] = []

    def make(file: str, value: int) -> Path:
        controller = file.partition(".")[0]
        for root in (Path("/sys/fs/cgroup") / controller, Path("/sys/fs/cgroup")):
            group = root / f"powertraderd-{tmp_path.name}"
            with contextlib.suppress(OSError):
                group.mkdir()
                made.append(group)
                (group / file).write_text(str(value), encoding="ascii")
                return group
        pytest.skip(f"no control group with {file} can be made here")

    yield make
    for group in made:
        until(lambda group=group: _removed(group), f"{group} to be empty")  # type: ignore[misc]


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except OSError:
        return False
    return True


def _enter(group: Path, pid: int) -> None:
    (group / "cgroup.procs").write_text(str(pid), encoding="ascii")


def test_f37_a_supervisor_that_may_not_fork_backs_off_and_recovers(
    limit: Limit, daemon: Daemon
) -> None:
    """EAGAIN on fork, from the kernel's own limit: no half worker, and a whole one afterwards."""
    group = limit("pids.max", 1)
    daemon.start()
    _enter(group, daemon.pid)
    held = daemon.descriptors()
    daemon.order("thinker", "once crash")
    failed = daemon.logged("worker_spawn_failed", "thinker", times=2)
    assert "Resource temporarily unavailable" in failed["error"]
    assert daemon.ask("reload").code == "reload_refused"
    (group / "pids.max").write_text("max", encoding="ascii")
    daemon.in_state("thinker", "running")
    until(lambda: daemon.descriptors() <= held, "as many descriptors as before")
    assert not daemon.logs("worker_parked")
    daemon.stop()


def test_f33_the_kernel_kills_one_worker_for_memory_and_no_other(
    limit: Limit, daemon: Daemon
) -> None:
    """SIGKILL out of nowhere: that worker restarts, its neighbours do not notice."""
    try:
        group = limit("memory.limit_in_bytes", 64 * _MIB)
    except pytest.skip.Exception:
        group = limit("memory.max", 64 * _MIB)
    daemon.start()
    pids = daemon.worker_pids()
    _enter(group, pids["trainer"])
    daemon.order("trainer", "once gorge")
    died = daemon.logged("worker_died", "trainer")
    assert (died["reason"], died["signal"]) == ("signalled", 9)
    daemon.replaced("trainer", pids["trainer"])
    after = daemon.worker_pids()
    assert {role for role in ROLES if after[role] != pids[role]} == {"trainer"}
    assert "oom_kill 1" in _oom(group)


def _oom(group: Path) -> str:
    for name in ("memory.oom_control", "memory.events"):
        if (group / name).exists():
            return (group / name).read_text(encoding="ascii")
    return ""
