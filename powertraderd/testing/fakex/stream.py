"""Bytes to and from a client; TLS is pumped by hand, so that faults reach the ciphertext."""

import select
import socket
import ssl
import struct
import time
from collections.abc import Callable

from powertraderd.testing.fakex.message import Request

_CHUNK = 65536
_MOST_HEAD = 65536
_MOST_BODY = 4 * 1024 * 1024
_LEFT = select.POLLRDHUP | select.POLLHUP | select.POLLERR
_NO_LINGER = struct.pack("ii", 1, 0)


class Gone(Exception):
    """The client has closed the connection, or a fault has."""


class PlainStream:
    """A connection without TLS."""

    def __init__(self, sock: socket.socket) -> None:
        """Take over a connected socket."""
        self._sock = sock
        self._ahead = b""
        self.sent = 0
        self.closed_by = ""

    def handshake(self) -> None:
        """Nothing to agree on."""

    def receive(self) -> bytes:
        """Some bytes; empty at the end."""
        try:
            return self._sock.recv(_CHUNK)
        except OSError:
            return b""

    def send(self, data: bytes) -> None:
        """All of ``data``; raises Gone."""
        self.send_raw(self.sealed(data))
        self.sent += len(data)

    def sealed(self, data: bytes) -> bytes:
        """``data`` as it travels."""
        return data

    def send_raw(self, data: bytes) -> None:
        """Bytes as they are; raises Gone."""
        try:
            self._sock.sendall(data)
        except OSError:
            self.closed_by = self.closed_by or "client"
            raise Gone from None

    def drip_raw(self, data: bytes, pause_s: float) -> None:
        """One byte at a time."""
        for byte in data:
            self.send_raw(bytes([byte]))
            time.sleep(pause_s)

    def close(self, by: str = "server") -> None:
        """Say goodbye in the ordinary way."""
        self.closed_by = self.closed_by or by
        self._sock.close()

    def reset(self) -> None:
        """Disconnect with RST."""
        self.closed_by = self.closed_by or "server"
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._sock.close()

    def gone(self) -> bool:
        """Whether the client has left; takes nothing of what it sent."""
        poll = select.poll()
        try:
            poll.register(self._sock, _LEFT)
            return bool(poll.poll(0))
        except (OSError, ValueError):
            return True

    def read_request(self) -> Request | None:
        """The next request; None when the client is done. Raises Gone for one that breaks off."""
        head = self._until(b"\r\n\r\n")
        if head is None:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _version = first.split(" ", 2)
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines if line)
        }
        length = int(headers.get("content-length", "0"))
        if length > _MOST_BODY:
            raise Gone
        return Request(method, target, headers, self._exactly(length))

    def _until(self, mark: bytes) -> bytes | None:
        while mark not in self._ahead:
            more = self.receive()
            if not more:
                self.closed_by = self.closed_by or "client"
                return None
            self._ahead += more
            if len(self._ahead) > _MOST_HEAD:
                raise Gone
        head, _, self._ahead = self._ahead.partition(mark)
        return head

    def _exactly(self, length: int) -> bytes:
        while len(self._ahead) < length:
            more = self.receive()
            if not more:
                self.closed_by = self.closed_by or "client"
                raise Gone
            self._ahead += more
        body, self._ahead = self._ahead[:length], self._ahead[length:]
        return body


class TlsStream(PlainStream):
    """A connection with TLS over memory buffers."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        """Be the server's side of ``context``."""
        super().__init__(sock)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.flush: Callable[[bytes], None] = self.send_raw

    def handshake(self) -> None:
        """Agree on keys; raises Gone when that fails."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._feed()
            except (ssl.SSLError, OSError):
                self._flush()
                raise Gone from None
            else:
                self._flush()
                return

    def receive(self) -> bytes:
        """Some plain bytes; empty at the end."""
        while True:
            try:
                return self._tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                try:
                    self._feed()
                except Gone:
                    return b""
            except ssl.SSLError:
                return b""

    def sealed(self, data: bytes) -> bytes:
        """``data`` as ciphertext."""
        self._tls.write(data)
        return self._outgoing.read()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self.flush(self._outgoing.read())

    def _feed(self) -> None:
        data = super().receive()
        if not data:
            raise Gone
        self._incoming.write(data)
