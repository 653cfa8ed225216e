"""sd_notify towards a real datagram socket."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from powertraderd.supervision.notify import SilentNotifier, SystemdNotifier, from_environment


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Listens as a service manager does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(1)
        yield listener


def _notifier(manager: socket.socket) -> SystemdNotifier:
    return SystemdNotifier(manager.getsockname())


def test_every_word_is_one_datagram(manager: socket.socket) -> None:
    """The lines that systemd reads, with MONOTONIC_USEC beside RELOADING."""
    notifier = _notifier(manager)
    notifier.ready("all\nwell")
    notifier.status("all well again")
    notifier.status("all well again")
    notifier.watchdog()
    notifier.reloading(5_000_000)
    notifier.extend_timeout(30)
    notifier.stopping("bye")
    notifier.close()
    assert [manager.recv(1000).decode() for _ in range(6)] == [
        "READY=1\nSTATUS=all well",
        "STATUS=all well again",
        "WATCHDOG=1",
        "RELOADING=1\nMONOTONIC_USEC=5000",
        "EXTEND_TIMEOUT_USEC=30000000",
        "STOPPING=1\nSTATUS=bye",
    ]


def test_a_manager_that_is_gone_or_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    """A full queue drops words; it does not stop the tick."""
    gone = SystemdNotifier(str(tmp_path / "nowhere"))
    gone.watchdog()
    gone.close()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(tmp_path / "deaf"))
        notifier = SystemdNotifier(str(tmp_path / "deaf"))
        for _ in range(2000):
            notifier.watchdog()
        notifier.close()


def test_what_a_busy_manager_did_not_hear_is_said_again_in_order(tmp_path: Path) -> None:
    """A lost READY=1 would let the start time out, a lost status would stay wrong for ever."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as busy:
        busy.bind(str(tmp_path / "busy"))
        busy.settimeout(0)
        notifier = SystemdNotifier(str(tmp_path / "busy"))
        for _ in range(2000):
            notifier.watchdog()
        notifier.reloading(5_000_000)
        notifier.ready("running")
        notifier.status("trader PARKED")
        _drain(busy)
        notifier.status("trader PARKED")
        assert _drain(busy) == [
            "RELOADING=1\nMONOTONIC_USEC=5000",
            "READY=1\nSTATUS=running",
            "STATUS=trader PARKED",
        ]
        notifier.status("trader PARKED")
        assert _drain(busy) == []
        notifier.close()


def _drain(manager: socket.socket) -> list[str]:
    heard = []
    while True:
        try:
            heard.append(manager.recv(1000).decode())
        except BlockingIOError:
            return heard


def test_the_variables_are_taken_out_of_the_environment() -> None:
    """No child can inherit what is no longer there."""
    environ = {"NOTIFY_SOCKET": "@abstract", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "2", "HOME": "/"}
    notifier = from_environment(environ)
    assert isinstance(notifier, SystemdNotifier)
    notifier.close()
    assert environ == {"HOME": "/"}


def test_without_a_manager_every_word_is_welcome_and_goes_nowhere() -> None:
    """Callers never ask whether somebody listens."""
    notifier = from_environment({})
    assert isinstance(notifier, SilentNotifier)
    notifier.ready("")
    notifier.status("")
    notifier.watchdog()
    notifier.reloading(1)
    notifier.extend_timeout(1)
    notifier.stopping("")
    notifier.close()
