"""The control socket under bad clients, and while everything else hangs."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from powertraderd.testing.babble import messages
from powertraderd.testing.rig import ROLES, Daemon, until

_NOBODY = 65534
STATUS = b'{"id":"s1","verb":"status","args":{}}'


@pytest.fixture
def sockets() -> Iterator[ExitStack]:
    """Closes every connection at the end."""
    with ExitStack() as stack:
        yield stack


def _connect(daemon: Daemon, stack: ExitStack) -> socket.socket:
    connection = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
    connection.settimeout(5)
    until(lambda: _reached(connection, daemon), "room in the queue of the listener")
    return connection


def _reached(connection: socket.socket, daemon: Daemon) -> bool:
    try:
        connection.connect(str(daemon.client.path))
    except BlockingIOError:
        return False
    return True


def _told(connection: socket.socket, message: bytes) -> str:
    connection.send(message)
    return str(json.loads(connection.recv(70_000))["code"])


def _answers_quickly(daemon: Daemon) -> None:
    assert min(_seconds_to_answer(daemon) for _ in range(5)) < 0.2  # the machine may be busy


def _seconds_to_answer(daemon: Daemon) -> float:
    asked = time.monotonic()
    assert daemon.ask("status").ok
    return time.monotonic() - asked


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b'{"id":"x","verb":"sta', "bad_message"),
        (b"\xff\xfe\x00", "bad_message"),
        (b'["id"]', "bad_message"),
        (b"[" * 60_000, "bad_message"),
        (b'{"id":"x","verb":"' + b"a" * 65 * 1024 + b'"}', "too_large"),
        (b'{"id":"x","verb":"__class__","args":{}}', "unknown_verb"),
        (b'{"id":"x","verb":"pause","args":{"reason":7}}', "bad_arguments"),
        (b'{"id":"x","verb":"restart","args":{"worker":"nobody"}}', "bad_arguments"),
    ],
)
def test_f24_a_bad_message_is_refused_by_what_is_wrong_and_status_answers(
    veteran: Daemon, sockets: ExitStack, message: bytes, code: str
) -> None:
    """Half a message, garbage, 65 KiB, unknown verbs: one refusal, and business as usual."""
    connection = _connect(veteran, sockets)
    assert _told(connection, message) == code
    assert _told(connection, STATUS) == "ok", "the same connection may go on"
    _answers_quickly(veteran)


def test_f24_silent_clients_are_hung_up_on_and_a_ninth_is_told_to_come_back(
    veteran: Daemon, sockets: ExitStack
) -> None:
    """Eight that say nothing cannot lock the owner out for longer than two seconds."""
    silent = [_connect(veteran, sockets) for _ in range(8)]
    ninth = _connect(veteran, sockets)
    assert json.loads(ninth.recv(70_000))["code"] == "busy"
    asked = time.monotonic()
    until(lambda: veteran.ask("status").ok, "status to answer again")
    assert time.monotonic() - asked < 10
    assert all(connection.recv(10) == b"" for connection in silent)


def test_f24_a_client_that_dies_in_the_middle_of_its_answer_hurts_nobody(
    veteran: Daemon,
) -> None:
    """Asked and gone, a hundred times."""
    held = veteran.descriptors()
    for _ in range(100):
        with ExitStack() as stack:
            _connect(veteran, stack).send(STATUS)
    until(lambda: veteran.ask("status").ok, "status to answer")
    until(lambda: veteran.descriptors() <= held, "no descriptor to be left")
    _answers_quickly(veteran)


def test_f24_a_client_that_never_reads_does_not_hold_up_the_tick(
    veteran: Daemon, sockets: ExitStack
) -> None:
    """Its answers do not fit into its socket any more; it is dropped."""
    greedy = _connect(veteran, sockets)
    greedy.settimeout(0)
    for _ in range(2000):
        try:
            greedy.send(STATUS)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            break
    _answers_quickly(veteran)
    loops = veteran.worker("trader")["loops"]
    until(lambda: veteran.worker("trader")["loops"] > loops, "the trader to cycle on")


def test_f24_random_messages_in_masses_leave_no_trace(veteran: Daemon) -> None:
    """No traceback, no descriptor, no memory; the daemon does not even slow down.

    Every verb may be hit by chance, so the answers are anything and the workers may restart.
    """
    held, before = veteran.descriptors(), _resident_kib(veteran)
    with ExitStack() as stack:
        connection = _connect(veteran, stack)
        for message in messages(seed=24, count=1500):
            if len(message) in range(1, 60_000) and b"stop" not in message:
                connection = _sent(connection, message, veteran, stack)
    _answers_quickly(veteran)
    until(lambda: veteran.descriptors() <= held, "as many descriptors as before")
    assert _resident_kib(veteran) - before < 8192
    assert veteran.ask("resume").ok
    until(veteran.all_running, "all workers to run")


def _sent(
    connection: socket.socket, message: bytes, daemon: Daemon, stack: ExitStack
) -> socket.socket:
    """Send and read the answer; a new connection where this one was hung up on."""
    try:
        connection.send(message)
        if connection.recv(70_000):
            return connection
    except OSError:
        pass
    connection.close()
    return _connect(daemon, stack)


def _resident_kib(daemon: Daemon) -> int:
    for line in Path(f"/proc/{daemon.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def test_f26_status_answers_at_once_while_every_worker_hangs(daemon: Daemon) -> None:
    """And says in which phase each of them is."""
    daemon.configure(budgets={"cycle": 60, "training_total": 60})
    daemon.start()
    for role in ROLES:
        daemon.order(role, f"block stuck-{role} detail-{role} 30")
    until(
        lambda: all(daemon.worker(role)["phase"] == f"stuck-{role}" for role in ROLES),
        "all workers to hang",
    )
    times = []
    for _ in range(20):
        asked = time.monotonic()
        workers = daemon.status()["workers"]
        times.append(time.monotonic() - asked)
        assert [workers[role]["detail"] for role in ROLES] == [f"detail-{role}" for role in ROLES]
    assert sorted(times)[len(times) // 2] < 0.2  # the worst is a figure of the benchmark


def test_f26_a_command_to_a_trader_that_hangs_is_answered_with_what_it_hangs_in(
    veteran: Daemon,
) -> None:
    """No acknowledgement in time is an answer too."""
    veteran.order("trader", "once block coinbase.list_orders order-9 30")
    until(lambda: veteran.worker("trader")["phase"] == "coinbase.list_orders", "trader to hang")
    answer = veteran.ask("buy", coin="BTC", usd="10")
    assert answer.code == "timed_out"
    assert "in coinbase.list_orders order-9 for" in answer.message


def test_f27_a_second_daemon_is_refused_and_leaves_the_first_ones_socket_alone(
    daemon: Daemon,
) -> None:
    """One trader at most, whatever is started twice."""
    daemon.start()
    first, inode = daemon.process, daemon.client.path.stat().st_ino
    daemon.start(ready=False)
    assert daemon.wait() == 75
    daemon.process = first
    assert daemon.client.path.stat().st_ino == inode
    assert daemon.all_running()
    assert f"held by process {daemon.pid}" in daemon.text()


def test_f27_a_stale_socket_is_replaced(daemon: Daemon) -> None:
    """Left by a daemon that was killed."""
    daemon.runtime_dir.mkdir(mode=0o700)
    stale = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stale.bind(str(daemon.client.path))
    stale.close()
    daemon.start()
    assert daemon.client.path.stat().st_mode & 0o777 == 0o660


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_f25_somebody_else_may_read_status_and_nothing_more(veteran: Daemon) -> None:
    """The kernel says who asks; a refusal leaves an audit line with the uid."""
    veteran.client.path.chmod(0o666)
    for folder in veteran.client.path.parents:
        if folder.stat().st_mode & 0o001 == 0:
            folder.chmod(folder.stat().st_mode | 0o001)
    assert _as_nobody(veteran, "status", "{}") == "ok"
    assert _as_nobody(veteran, "pause", '{"reason":"mine"}') == "forbidden"
    assert _as_nobody(veteran, "restart", '{"worker":"trader"}') == "forbidden"
    assert veteran.status()["trading"]["paused"] is False
    audits = [line for line in veteran.logs("control_request") if line["uid"] == _NOBODY]
    assert [(line["verb"], line["outcome"]) for line in audits] == [
        ("pause", "forbidden"),
        ("restart", "forbidden"),
    ]


def _as_nobody(daemon: Daemon, verb: str, args: str) -> str:
    """The code of the answer to a child of ours that has become somebody else."""
    message = f'{{"id":"n1","verb":"{verb}","args":{args}}}'.encode()
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
                connection.connect(str(daemon.client.path))
                os.write(theirs, _told(connection, message).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    os.waitpid(child, 0)
    with os.fdopen(ours, encoding="ascii") as pipe:
        return pipe.read()
