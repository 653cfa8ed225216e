"""The first moments of a worker process."""

import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

from powertraderd.supervision.spawn import python_command
from powertraderd.testing.stage import Stage, page_of

PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
print(child.pid, flush=True)
time.sleep(60)
"""
CHILD = """
import os, time
from powertraderd.workers import boot
from powertraderd.supervision import page
boot.harden(os.getppid(), page.create())
os.write(1, b"hardened\\n")
while True:
    pass
"""


def _gone(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


def test_a_busy_worker_dies_with_its_supervisor_within_100_ms() -> None:
    """Promise c, and F12: SIGKILL leaves the supervisor no time to say anything.

    The best of five counts, for the machine may be busy.
    """
    assert min(_seconds_outlived() for _ in range(5)) < 0.1


def _seconds_outlived() -> float:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert parent.stdout.readline() == "hardened\n"
        killed = time.monotonic()
        parent.kill()
        while not _gone(pid):
            assert time.monotonic() - killed < 60
            time.sleep(0.001)
        return time.monotonic() - killed


def test_a_worker_whose_supervisor_died_before_the_prctl_leaves_with_70() -> None:
    """F14: its parent is not who it should be."""
    command = python_command("powertraderd.workers", "trader", "--supervisor-pid", "999999999")
    numbers = ["--page-fd", "0", "--channel-fd", "0"]
    assert subprocess.run([*command, *numbers], check=False, timeout=20).returncode == 70


def test_usr1_dumps_all_stacks_and_hurts_nobody(stage: Stage) -> None:
    """Also while the worker is stuck in a system call."""
    child = stage.perform("stuck")
    page_of(child, "stuck.call")
    child.signal(signal.SIGUSR1)
    deadline = time.monotonic() + 10
    while "performer.py" not in child.page.dump() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "in cycle" in child.page.dump()
    assert child.reap() is None


def test_a_worker_leaves_no_core_and_does_not_hear_ctrl_c(stage: Stage) -> None:
    """A core would hold the trading key; Ctrl-C and HUP are the supervisor's to judge."""
    child = stage.perform("")
    page_of(child, "idle")
    assert resource.prlimit(child.pid, resource.RLIMIT_CORE) == (0, 0)
    ignored = next(
        int(line.split()[1], 16)
        for line in Path(f"/proc/{child.pid}/status").read_text(encoding="ascii").splitlines()
        if line.startswith("SigIgn")
    )
    assert ignored & (1 << signal.SIGINT - 1)
    assert ignored & (1 << signal.SIGHUP - 1)
