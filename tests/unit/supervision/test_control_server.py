"""The control socket with real connections, served by hand."""

import json
import os
import selectors
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from powertraderd.errors import ConfigError, StateLocked
from powertraderd.supervision.control_server import ControlServer
from powertraderd.supervision.peer import Peer
from powertraderd.supervision.protocol import Answer, Request

STATUS = b'{"id":"s","verb":"status","args":{}}'
PAUSE = b'{"id":"p","verb":"pause","args":{}}'


class Office:
    """A server, its selector and what it was asked."""

    def __init__(self, path: Path) -> None:
        """Status is answered at once, pause later, reload fails."""
        self.path = path
        self.selector = selectors.DefaultSelector()
        self.server = ControlServer(path, None, self.selector)
        self.owed: list[int] = []
        self.left: list[int] = []
        self.server.attach(self.handle, self.left.append)
        self.peers: list[Peer] = []
        self.stack = ExitStack()

    def handle(self, request: Request, peer: Peer, client: int) -> Answer | None:
        """What a desk does."""
        self.peers.append(peer)
        if request.verb == "pause":
            self.owed.append(client)
            return None
        if request.verb == "reload":
            raise ValueError("broken on purpose")
        return Answer(request.id, ok=True, code="ok")

    def connect(self) -> socket.socket:
        """A client."""
        client = self.stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        client.settimeout(2)
        client.connect(str(self.path))
        return client

    def serve(self) -> None:
        """Serve until nothing is left to be read."""
        while ready := self.selector.select(0):
            for key, _ in ready:
                key.data.serve()

    def told(self, client: socket.socket, message: bytes) -> dict[str, Any]:
        """One request and its answer."""
        client.send(message)
        self.serve()
        return _read(client)


def _read(client: socket.socket) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(client.recv(70_000))
    return answer


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An open one."""
    opened = Office(tmp_path / "control.sock")
    yield opened
    opened.stack.close()
    opened.server.close()
    opened.selector.close()
    assert not opened.path.exists()


def test_the_socket_is_born_closed_to_others(office: Office) -> None:
    """0660 from the first moment on."""
    mode = office.path.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert mode & 0o777 == 0o660


def test_requests_come_one_after_the_other_on_one_connection(office: Office) -> None:
    """And the peer is whom the kernel says it is."""
    client = office.connect()
    assert office.told(client, STATUS)["code"] == "ok"
    assert office.told(client, STATUS)["code"] == "ok"
    assert {(peer.pid, peer.uid) for peer in office.peers} == {(os.getpid(), os.getuid())}
    assert os.getgid() in office.peers[0].gids


def test_a_request_that_fails_fails_alone(office: Office) -> None:
    """The border of a control request: the client is told, the server goes on."""
    client = office.connect()
    answer = office.told(client, b'{"id":"r","verb":"reload","args":{}}')
    assert (answer["id"], answer["code"]) == ("r", "internal")
    assert office.told(client, STATUS)["code"] == "ok"


def test_an_answer_may_come_later(office: Office) -> None:
    """The client waits as long as we owe it an answer, and not two seconds."""
    client = office.connect()
    client.send(PAUSE)
    office.serve()
    office.server.sweep(time.monotonic_ns() + 60_000_000_000)
    assert office.server.next_due_ns() is None
    office.server.answer(office.owed[0], Answer("p", ok=True, code="ok", message="done"))
    assert _read(client)["message"] == "done"


def test_whoever_does_not_wait_for_the_answer_is_hung_up_on(office: Office) -> None:
    """One request after the other; and the owed answer then goes nowhere."""
    client = office.connect()
    client.send(PAUSE)
    office.serve()
    client.send(STATUS)
    office.serve()
    assert client.recv(10) == b""
    assert office.left == office.owed
    office.server.answer(office.owed[0], Answer("p", ok=True, code="ok"))


def test_a_silent_client_is_hung_up_on_after_two_seconds(office: Office) -> None:
    """Two seconds of machine time, counted anew after each answer."""
    client = office.connect()
    office.serve()
    office.server.sweep(time.monotonic_ns() + 1_900_000_000)
    assert office.told(client, STATUS)["code"] == "ok"
    office.server.sweep(time.monotonic_ns() + 2_100_000_000)
    assert client.recv(10) == b""


def test_eight_clients_are_served_and_a_ninth_is_told_to_come_back(office: Office) -> None:
    """Those that wait for an answer do not count: eight slow orders must not lock status out."""
    slow = [office.connect() for _ in range(8)]
    for client in slow:
        client.send(PAUSE)
    office.serve()
    silent = [office.connect() for _ in range(8)]
    office.serve()
    ninth = office.connect()
    office.serve()
    assert _read(ninth)["code"] == "busy"
    assert ninth.recv(10) == b""
    assert office.told(silent[0], STATUS)["code"] == "ok"


def test_a_client_that_dies_before_its_answer_is_forgotten(office: Office) -> None:
    """Nobody is left to answer."""
    client = office.connect()
    client.send(PAUSE)
    office.serve()
    client.close()
    office.serve()
    assert office.left == office.owed


def test_a_client_that_never_reads_cannot_hold_us_up(office: Office) -> None:
    """Its queue fills, and it is dropped."""
    client = office.connect()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    client.settimeout(0)
    asked = 0
    while not office.left and asked < 5000:
        try:
            client.send(STATUS)
            asked += 1
        except OSError:
            break
        office.serve()
    assert office.left


def test_a_stale_socket_is_replaced_and_a_living_one_left_alone(tmp_path: Path) -> None:
    """F27."""
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as dead:
        dead.bind(str(path))
    with selectors.DefaultSelector() as selector:
        first = ControlServer(path, None, selector)
        inode = path.stat().st_ino
        with pytest.raises(StateLocked, match="another daemon answers"):
            ControlServer(path, None, selector)
        assert path.stat().st_ino == inode
        first.close()
    assert not path.exists()


def test_a_file_in_the_way_is_not_removed(tmp_path: Path) -> None:
    """It may be somebody's data."""
    path = tmp_path / "control.sock"
    path.write_text("precious")
    with selectors.DefaultSelector() as selector, pytest.raises(ConfigError, match="is no socket"):
        ControlServer(path, None, selector)
    assert path.read_text() == "precious"


def test_a_path_that_cannot_be_bound_says_so(tmp_path: Path) -> None:
    """Names longer than 107 bytes, for example."""
    path = tmp_path / ("x" * 120)
    with (
        selectors.DefaultSelector() as selector,
        pytest.raises(ConfigError, match=r"cannot be bound.*runtime_dir"),
    ):
        ControlServer(path, None, selector)


def test_another_ones_socket_is_not_removed_at_the_end(tmp_path: Path) -> None:
    """Somebody replaced ours meanwhile."""
    path = tmp_path / "control.sock"
    with selectors.DefaultSelector() as selector:
        server = ControlServer(path, None, selector)
        path.unlink()
        path.write_text("other")
        server.close()
    assert path.exists()


def test_before_the_desk_is_open_clients_are_told_to_wait(tmp_path: Path) -> None:
    """The socket exists before everything behind it does."""
    path = tmp_path / "control.sock"
    with selectors.DefaultSelector() as selector:
        server = ControlServer(path, None, selector)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.connect(str(path))
            client.send(STATUS)
            for _ in range(2):
                for key, _mask in selector.select(0):
                    key.data.serve()
            assert _read(client)["code"] == "not_ready"
        server.close()
