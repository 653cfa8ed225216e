"""The client of the control socket: every way to fail is a sentence with the remedy."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from powertraderd.supervision.client import Client, DaemonUnreachable, SocketForbidden, find_socket
from powertraderd.supervision.protocol import MAX_MESSAGE
from powertraderd.testing.control_server import RecordedDaemon, good


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[RecordedDaemon]:
    """A daemon on a socket of its own."""
    recorded = RecordedDaemon(tmp_path / "control.sock")
    yield recorded
    recorded.close()


def test_a_question_has_an_answer(daemon: RecordedDaemon) -> None:
    """With the id that was sent."""
    daemon.replies["status"] = good({"price": 0.1})
    answer = Client(daemon.path).request("status", request_id="q-1")
    assert (answer.id, answer.ok, answer.data) == ("q-1", True, {"price": 0.1})


def test_a_wrong_question_is_refused_before_it_is_sent(daemon: RecordedDaemon) -> None:
    """With the same words as the daemon would use."""
    answer = Client(daemon.path).request("buy", {"coin": "BTC"})
    assert (answer.code, answer.message) == ("bad_arguments", "buy: needs usd")
    assert Client(daemon.path).request("statu").code == "unknown_verb"
    assert not daemon.requests


def test_no_answer_in_time_is_an_answer_too(daemon: RecordedDaemon) -> None:
    """It names the id with which to ask again."""
    daemon.replies["status"] = None
    answer = Client(daemon.path).request("status", timeout_s=0.05, request_id="q-1")
    assert answer.code == "timed_out"
    assert "--request-id q-1" in answer.message


def test_nobody_there(tmp_path: Path) -> None:
    """Names the place, and says how to start one."""
    with pytest.raises(DaemonUnreachable, match=r"No daemon at .*nobody.sock.*powertraderd run"):
        Client(tmp_path / "nobody.sock").request("status")


def test_a_socket_that_was_left_behind(tmp_path: Path) -> None:
    """The daemon was killed."""
    path = tmp_path / "stale.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stale:
        stale.bind(str(path))
    with pytest.raises(DaemonUnreachable, match="Nobody listens"):
        Client(path).request("status")


def test_a_daemon_that_hangs_up(daemon: RecordedDaemon) -> None:
    """It died while it was asked."""
    daemon.replies["status"] = b""
    with pytest.raises(DaemonUnreachable, match="hung up"):
        Client(daemon.path).request("status")


@pytest.mark.parametrize(
    "reply",
    [
        b"hello",
        b"[]",
        b"{}",
        b'{"id":1,"ok":true,"code":"","message":""}',
        b'{"id":"1","ok":true,"code":"","message":"","data":[1]}',
        b"\xff",
        b"x" * (MAX_MESSAGE + 9),
    ],
)
def test_an_answer_that_is_none(reply: bytes, daemon: RecordedDaemon) -> None:
    """Another program, or another version."""
    daemon.replies["status"] = reply
    with pytest.raises(DaemonUnreachable, match="not as this version"):
        Client(daemon.path).request("status")


def test_a_path_that_is_no_socket(tmp_path: Path) -> None:
    """Or too long for one."""
    with pytest.raises(DaemonUnreachable):
        Client(tmp_path).request("status")
    with pytest.raises(DaemonUnreachable):
        Client(tmp_path / ("x" * 200)).request("status")


def test_no_permission_names_the_group_that_has_it(
    daemon: RecordedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may open everything, so the refusal itself is played here."""

    def refuse(_socket: socket.socket, _path: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(SocketForbidden, match="member of group"):
        Client(daemon.path).request("status")
    with pytest.raises(SocketForbidden, match="the daemon's admin group"):
        Client(daemon.path.parent / "unseen").request("status")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_stranger_is_told_so(tmp_path: Path, daemon: RecordedDaemon) -> None:
    """The same for real: another user, and a folder that lets nobody in."""
    tmp_path.chmod(0o700)
    child = os.fork()
    if child == 0:
        os.setresuid(65534, 65534, 65534)
        try:
            Client(daemon.path).request("status")
        except SocketForbidden:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


class Places:
    """A system folder and a user folder."""

    def __init__(self, base: Path) -> None:
        """Neither has a socket yet."""
        self.system, self.user = base / "run", base / "user"
        self.system.mkdir()
        (self.user / "powertraderd").mkdir(parents=True)

    def find(self, explicit: Path | None = None) -> Path:
        """Look in these."""
        return find_socket(explicit, system_dir=self.system)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """The user's folder is made known by XDG_RUNTIME_DIR."""
    found = Places(tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(found.user))
    monkeypatch.delenv("POWERTRADERD_SOCKET", raising=False)
    return found


def test_the_socket_is_looked_for_in_order(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """--socket, the environment, /run, the user's own."""
    assert places.find() == places.user / "powertraderd/control.sock"
    (places.system / "control.sock").touch()
    assert places.find() == places.system / "control.sock"
    monkeypatch.setenv("POWERTRADERD_SOCKET", "/from/environment")
    assert places.find() == Path("/from/environment")
    assert places.find(Path("/explicit")) == Path("/explicit")


def test_a_system_folder_that_may_not_be_looked_into_is_taken(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the person hears about the permission, and not about a daemon that is not there."""

    def refuse(_path: Path) -> bool:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr(Path, "exists", refuse)
        assert places.find() == places.system / "control.sock"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a folder away")
def test_a_folder_of_somebody_else_is_not_trusted(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody can make /tmp/powertraderd-1000 before user 1000 does."""
    os.chown(places.user / "powertraderd", 65534, -1)
    with pytest.raises(DaemonUnreachable, match="belongs to somebody else"):
        places.find()
    monkeypatch.setattr(os, "getuid", lambda: 65534)
    assert places.find()


def test_without_a_runtime_dir_the_folder_is_in_tmp(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the user's number in its name."""
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(os, "getuid", lambda: 123_456_789)
    assert places.find() == Path("/tmp/powertraderd-123456789/control.sock")  # noqa: S108
