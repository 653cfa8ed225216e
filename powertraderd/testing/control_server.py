"""A daemon to ask: real control socket, recorded answers."""

import json
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

MAX_MESSAGE = 64 * 1024

Reply = Mapping[str, Any] | bytes | None
"""A whole answer without its id, the raw bytes of one, or None: silence until the end."""
Replies = Reply | Callable[[], Reply]
"""The same answer every time, or another one each time."""


def good(data: Mapping[str, Any] | None = None, message: str = "") -> Reply:
    """An answer that says yes."""
    return {"ok": True, "code": "ok", "message": message, "data": dict(data or {})}


def refused(code: str, message: str = "") -> Reply:
    """An answer that says no."""
    return {"ok": False, "code": code, "message": message, "data": {}}


class RecordedDaemon:
    """Listens at ``path``; ``replies`` are by verb and may change, ``requests`` came in."""

    def __init__(self, path: Path) -> None:
        """Bind and serve in a thread, one request per connection."""
        self.path = path
        self.replies: dict[str, Replies] = {}
        self.requests: list[dict[str, Any]] = []
        self._silent: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving and take the socket away."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for each in (self._listener, *self._silent):
            each.close()
        self.path.unlink(missing_ok=True)

    def asked(self, verb: str) -> list[dict[str, Any]]:
        """The requests for ``verb``."""
        return [request for request in self.requests if request["verb"] == verb]

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed
            with suppress(BrokenPipeError, ConnectionResetError):  # whoever asked may be gone
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        message = connection.recv(MAX_MESSAGE)
        if not message:
            connection.close()
            return
        request = json.loads(message)
        self.requests.append(request)
        reply = self.replies.get(request["verb"], refused("unprepared", "nothing is recorded"))
        if callable(reply):
            reply = reply()
        if reply is None:
            self._silent.append(connection)
            return
        with connection:
            if isinstance(reply, Mapping):
                reply = json.dumps({"id": request["id"], **reply}).encode()
            if reply:
                connection.send(reply)
