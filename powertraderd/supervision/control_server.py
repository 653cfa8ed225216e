"""The control socket: at most eight clients, 64 KiB and two seconds each, and never a wait.

SOCK_SEQPACKET keeps messages whole, so half a message cannot hold up anybody. One request after
the other on each connection.
"""

import contextlib
import os
import selectors
import socket
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from powertraderd import log
from powertraderd.errors import ConfigError, StateLocked
from powertraderd.supervision.peer import Peer, identify
from powertraderd.supervision.protocol import (
    MAX_MESSAGE,
    Answer,
    Code,
    Request,
    encode_answer,
    parse_request,
    refusal,
)
from powertraderd.supervision.turns import Order, Turn

_NS = 1_000_000_000
_MOST_CLIENTS = 8
_QUEUE = 64  # who finds it full is told EAGAIN, which nobody can read
_PATIENCE_NS = 2 * _NS
_SOCKET_UMASK = 0o117  # 0660 at birth: binding first and narrowing later leaves a gap

Handle = Callable[[Request, Peer, int], Answer | None]
"""(request, peer, client) -> the answer, or None when it will come through answer()"""


@dataclass(slots=True)
class _Client:
    """A connection; ``until_ns`` is when its patience ends, 0 while the answer is owed by us."""

    connection: socket.socket
    peer: Peer
    until_ns: int


class ControlServer:
    """Listens, reads requests and writes answers, all from the supervisor's selector."""

    def __init__(self, path: Path, admin_gid: int | None, selector: selectors.BaseSelector) -> None:
        """Bind ``path``; raises StateLocked when another daemon answers there."""
        self._path = path
        self._selector = selector
        self._clients: dict[int, _Client] = {}
        self._newest = 0
        self._log = log.get(__name__)
        self._handle: Handle = _nobody_home
        self._hung_up: Callable[[int], None] = _ignore
        self._listener = _listen(path, admin_gid)
        self._inode = path.stat().st_ino
        selector.register(self._listener, selectors.EVENT_READ, Turn(Order.CONTROL, self._accept))

    def attach(self, handle: Handle, hung_up: Callable[[int], None]) -> None:
        """From now on ``handle`` answers requests; ``hung_up`` hears who left while waiting."""
        self._handle = handle
        self._hung_up = hung_up

    def answer(self, client_id: int, answer: Answer) -> None:
        """Send an answer that was owed; nothing happens when the client is gone."""
        client = self._clients.get(client_id)
        if client is None:
            return
        client.until_ns = time.monotonic_ns() + _PATIENCE_NS
        try:
            client.connection.send(encode_answer(answer), socket.MSG_DONTWAIT)
        except OSError:  # it does not read, or it is gone
            self._drop(client_id)

    def sweep(self, now_ns: int) -> None:
        """Hang up on clients that have kept us waiting."""
        late = [key for key, client in self._clients.items() if 0 < client.until_ns < now_ns]
        for client_id in late:
            self._drop(client_id)

    def next_due_ns(self) -> int | None:
        """When the next client's patience ends."""
        return min((c.until_ns for c in self._clients.values() if c.until_ns), default=None)

    def close(self) -> None:
        """Hang up on everybody and remove the socket, unless it is another's by now."""
        for client_id in list(self._clients):
            self._drop(client_id)
        self._selector.unregister(self._listener)
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # gone again, or no descriptor is left: the others are served on
            return
        connection.settimeout(0)
        idle = sum(client.until_ns > 0 for client in self._clients.values())
        if idle >= _MOST_CLIENTS:
            with connection, contextlib.suppress(OSError):
                text = f"{_MOST_CLIENTS} clients are connected already; try again in two seconds"
                connection.send(encode_answer(refusal("", Code.BUSY, text)))
            return
        self._newest += 1
        client_id = self._newest
        until_ns = time.monotonic_ns() + _PATIENCE_NS
        self._clients[client_id] = _Client(connection, identify(connection), until_ns)
        turn = Turn(Order.CONTROL, lambda: self._read(client_id))
        self._selector.register(connection, selectors.EVENT_READ, turn)

    def _read(self, client_id: int) -> None:
        client = self._clients.get(client_id)
        if client is None:
            return
        try:
            message = client.connection.recv(MAX_MESSAGE + 1)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message or client.until_ns == 0:  # gone, or not waiting for its answer
            self._drop(client_id)
            return
        client.until_ns = 0
        answer = self._answer_to(message, client.peer, client_id)
        if answer is not None:
            self.answer(client_id, answer)

    def _answer_to(self, message: bytes, peer: Peer, client_id: int) -> Answer | None:
        request = parse_request(message)
        if isinstance(request, Answer):
            return request
        try:
            return self._handle(request, peer, client_id)
        except Exception:  # noqa: BLE001 - the border of a control request
            self._log.exception("control_request_failed", verb=request.verb)
            return refusal(request.id, Code.INTERNAL, f"{request.verb} failed; see the log")

    def _drop(self, client_id: int) -> None:
        client = self._clients.pop(client_id)
        self._selector.unregister(client.connection)
        client.connection.close()
        self._hung_up(client_id)


def _nobody_home(request: Request, _peer: Peer, _client: int) -> Answer:
    return refusal(request.id, Code.NOT_READY, "the daemon is starting; try again in a moment")


def _ignore(_client: int) -> None:
    return


def _listen(path: Path, admin_gid: int | None) -> socket.socket:
    _clear_the_way(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.settimeout(0)
    umask = os.umask(_SOCKET_UMASK)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        msg = f"{path}: cannot be bound ({error}); name another [paths] runtime_dir"
        raise ConfigError(msg) from None
    finally:
        os.umask(umask)
    if admin_gid is not None and path.stat().st_gid != admin_gid:
        os.chown(path, -1, admin_gid)
    listener.listen(_QUEUE)
    return listener


def _clear_the_way(path: Path) -> None:
    """Remove a socket that nobody listens on; leave a living one alone."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        msg = f"{path} is in the way and is no socket; move it away"
        raise ConfigError(msg)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
        probe.settimeout(0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except BlockingIOError:
            pass  # its queue is full: somebody is there
    msg = f"another daemon answers at {path}; stop that one first"
    raise StateLocked(msg)
