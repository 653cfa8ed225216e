"""A listening socket: accepts, and hands each connection to a thread of its own."""

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable

from powertraderd.testing.fakex.certificates import Certificates
from powertraderd.testing.fakex.deliveries import hang
from powertraderd.testing.fakex.exchange import Exchange
from powertraderd.testing.fakex.faults import Faults, Occasion, Rule
from powertraderd.testing.fakex.stream import Gone, PlainStream, TlsStream

Converse = Callable[[PlainStream, int], None]
_BACKLOG = 64
_HOST = "127.0.0.1"


class Listener:
    """One port of 127.0.0.1; with certificates it speaks TLS."""

    def __init__(
        self,
        name: str,
        converse: Converse,
        exchange: Exchange,
        faults: Faults,
        certificates: Certificates | None = None,
    ) -> None:
        """Not listening yet."""
        self.name = name
        self.port = 0
        self._converse = converse
        self._exchange = exchange
        self._faults = faults
        self._certificates = certificates
        self._numbers = itertools.count(1)
        self._socket: socket.socket | None = None
        self._crowd: list[socket.socket] = []

    def open(self, port: int = 0) -> None:
        """Listen on ``port``, or on any."""
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((_HOST, port or self.port))
        listening.listen(_BACKLOG)
        self.port = listening.getsockname()[1]
        self._socket = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def refuse(self) -> None:
        """Connections are refused from now on."""
        listening, self._socket = self._socket, None
        if listening is not None:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()

    def fill_backlog(self) -> None:
        """Connections are neither accepted nor refused from now on."""
        self.refuse()
        full = socket.socket()
        full.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        full.bind((_HOST, self.port))
        full.listen(0)
        self._crowd.append(full)
        for _ in range(3):
            waiting = socket.socket()
            waiting.setblocking(False)  # noqa: FBT003 - the socket's own signature
            waiting.connect_ex((_HOST, self.port))
            self._crowd.append(waiting)

    def reopen(self) -> None:
        """Accept again."""
        for each in self._crowd:
            each.close()
        self._crowd.clear()
        if self._socket is None:
            self.open()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connected, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connected,), daemon=True).start()

    def _serve(self, connected: socket.socket) -> None:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        now = self._exchange.clock.monotonic()
        rule = self._faults.pick(Occasion(self.name), ("accept", "tls"), now)
        stream = self._stream(connected, rule)
        try:
            if rule is not None and not rule.action.startswith("tls_bad_cert"):
                self._disturb(stream, rule)
            stream.handshake()
        except Gone:
            stream.close()
            return
        self._converse(stream, next(self._numbers))

    def _stream(self, connected: socket.socket, rule: Rule | None) -> PlainStream:
        if self._certificates is None:
            return PlainStream(connected)
        bad = rule is not None and rule.action == "tls_bad_cert"
        kind = str(rule.params.get("kind", "untrusted")) if rule is not None and bad else "good"
        return TlsStream(connected, self._certificates.context(kind))

    def _disturb(self, stream: PlainStream, rule: Rule) -> None:
        match rule.action:
            case "tls_never":
                hang(stream, rule)
            case "tls_drip" if isinstance(stream, TlsStream):
                pause_s = rule.number("pause_s", 0.5)
                stream.flush = lambda data: stream.drip_raw(data, pause_s)
            case "rst":
                stream.reset()
                raise Gone
            case _:
                raise Gone
