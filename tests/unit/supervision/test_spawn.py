"""Spawning without leaving anything behind when it fails."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from powertraderd.supervision import spawn
from powertraderd.supervision.channel import BadMessage, ChannelClosed, pair

FIRST = {"type": "start"}


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _python(program: str) -> spawn.WorkerCommand:
    return lambda *_numbers: [sys.executable, "-c", program]


def _end(child: spawn.Child) -> None:
    child.kill_group()
    child.process.wait()
    child.close()


def test_the_start_message_waits_for_the_child() -> None:
    """It is in the channel before the process exists."""
    program = (
        "import socket, sys; s = socket.socket(fileno=int(sys.argv[1]));"
        "s.send(s.recv(100)); s.close()"
    )
    before = _descriptors()
    child = spawn.spawn(
        "trader", 1, lambda _r, _p, c: [sys.executable, "-c", program, str(c)], FIRST, 0
    )
    child.process.wait()
    assert child.channel.receive() == FIRST
    with pytest.raises(ChannelClosed):
        child.channel.receive()
    child.close()
    assert _descriptors() == before


def test_a_command_that_does_not_exist_leaves_nothing_behind() -> None:
    """F37: no half worker."""
    before = _descriptors()
    with pytest.raises(FileNotFoundError):
        spawn.spawn("trader", 1, lambda *_: ["/nowhere/python"], FIRST, 0)
    assert _descriptors() == before


def _children() -> set[str]:
    """Processes of ours, dead ones that nobody has reaped among them; other tests may have some."""
    lists = Path("/proc/self/task").glob("*/children")
    return {pid for each in lists for pid in each.read_text(encoding="ascii").split()}


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    """Room for a page and a channel, and for nothing else."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("few_descriptors")
def test_running_out_of_descriptors_at_any_point_leaves_nothing_behind() -> None:
    """EMFILE at the page, the channel, the fork or the pidfd: an OSError, and no process."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    before, children = _descriptors(), _children()
    taken = {int(path.name) for path in Path("/proc/self/fd").iterdir()}
    free = [number for number in range(256) if number not in taken]
    failures = 0
    for room in range(12):
        resource.setrlimit(resource.RLIMIT_NOFILE, (free[room], most))
        try:
            child = spawn.spawn("trader", 1, _python("import time; time.sleep(60)"), FIRST, 0)
        except OSError:
            failures += 1
        else:
            _end(child)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        assert _descriptors() == before
        assert _children() == children
    assert failures > 3


def test_a_start_message_that_does_not_fit_is_refused_before_anything_exists() -> None:
    """Settings of more than 64 KiB."""
    before = _descriptors()
    with pytest.raises(BadMessage, match="at most"):
        spawn.spawn("trader", 1, _python(""), {"type": "start", "x": "y" * 70_000}, 0)
    assert _descriptors() == before


def test_killing_the_group_sweeps_grandchildren(tmp_path: Path) -> None:
    """F13: also when the leader is a zombie already."""
    path = tmp_path / "pid"
    program = (
        "import subprocess, pathlib;"
        f"p = subprocess.Popen(['sleep', '60']); pathlib.Path({str(path)!r}).write_text(str(p.pid))"
    )
    child = spawn.spawn("trader", 1, _python(program), FIRST, 0)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    grandchild = os.pidfd_open(int(path.read_text()))
    child.kill_group()
    signal.pidfd_send_signal(grandchild, 0)  # killed, and perhaps not yet reaped by init
    os.close(grandchild)
    assert child.reap() == 0
    _wait_until_gone(int(path.read_text()))
    child.kill_group()
    child.signal(signal.SIGTERM)
    child.close()


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
        except (FileNotFoundError, ProcessLookupError):
            return
        if stat.rpartition(")")[2].split()[0] in "ZX":
            return
        time.sleep(0.01)
    raise AssertionError("the grandchild lives")


def test_warning_filters_are_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """F39: python -W error means all processes."""
    monkeypatch.setattr(sys, "warnoptions", ["error"])
    command = spawn.worker_command("trader", 5, 6)
    assert command[1:5] == ["-W", "error", "-P", "-m"]
    assert command[5:] == [
        *("powertraderd.workers", "trader", "--page-fd", "5", "--channel-fd", "6"),
        *("--supervisor-pid", str(os.getpid())),
    ]


def test_only_harmless_names_pass() -> None:
    """The environment is a list of what may pass, not of what may not."""
    environ = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "CREDENTIALS_DIRECTORY": "/secret",
        "NOTIFY_SOCKET": "/run/notify",
        "LISTEN_FDS": "1",
        "WATCHDOG_USEC": "1",
        "POWERTRADERD_TRADING__MODE": "live",
        "AWS_SECRET_ACCESS_KEY": "x",
        "OMP_NUM_THREADS": "8",
    }
    ours = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"}
    ours |= {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"}
    passed = spawn.scrubbed("thinker", environ)
    assert set(passed) == {"PATH", "LC_ALL", *ours}
    assert passed["OMP_NUM_THREADS"] == "1"
    assert spawn.scrubbed("trader", environ)["CREDENTIALS_DIRECTORY"] == "/secret"


def test_a_channel_refuses_what_is_no_message() -> None:
    """Garbage is an error of its own, so that the reader can go on with the next one."""
    ours, theirs = pair()
    with theirs:
        assert ours.receive() is None
        for junk in (b"\xff", b"[1]", b'{"kind": 1}', b'{"type": 1}', b"[" * 60_000, b"x" * 70_000):
            theirs.send(junk)
            with pytest.raises(BadMessage):
                ours.receive()
        theirs.send(b'{"type":"ready"}')
        assert ours.receive() == {"type": "ready"}
    with pytest.raises(ChannelClosed):
        ours.receive()
    assert not ours.send({"type": "drain"})
    ours.close()
    with pytest.raises(ChannelClosed):
        ours.receive()


def test_a_channel_nobody_reads_does_not_hold_the_writer_up() -> None:
    """It says so instead."""
    ours, theirs = pair()
    sent = 0
    while ours.send({"type": "x", "filling": "y" * 1000}):
        sent += 1
    assert sent > 10
    theirs.close()
    ours.close()


def test_the_undone_process_is_reaped(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the pidfd cannot be had, the process that exists already must not stay."""

    def refuse(_pid: int) -> int:
        raise OSError(24, "Too many open files")

    children = _children()
    monkeypatch.setattr(os, "pidfd_open", refuse)
    with pytest.raises(OSError, match="Too many"):
        spawn.spawn("trader", 1, _python("import time; time.sleep(60)"), FIRST, 0)
    assert _children() == children
    assert subprocess.run(["true"], check=True).returncode == 0
