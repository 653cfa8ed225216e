"""Output that never holds us up: a reader that sleeps costs lines, not deadlines.

Standard output and standard error of the daemon's processes end in a journal, a pipe or a
terminal. When nobody reads there, a plain write blocks for ever, the supervisor's too.
"""

import io
import os
import select
import socket
import stat
import sys

_PATIENCE_MS = 50
_PIECE = 4096  # PIPE_BUF: a pipe that polls writable takes so much without blocking


class Outlet(io.TextIOBase):
    """A text stream over a descriptor; what cannot be written in time is dropped and counted."""

    def __init__(self, descriptor: int) -> None:
        """Write to ``descriptor``, which stays open and whose flags stay as they are."""
        self._original = descriptor
        self._target = unblocked(descriptor)
        is_socket = stat.S_ISSOCK(os.fstat(descriptor).st_mode)
        self._socket = socket.socket(fileno=os.dup(descriptor)) if is_socket else None
        self._poll = select.poll()
        self._poll.register(self._target, select.POLLOUT)
        self._stuck = False
        self._lost = 0

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """UTF-8."""
        return "utf-8"

    def fileno(self) -> int:
        """The descriptor written to."""
        return self._original

    def isatty(self) -> bool:
        """Whether a person reads."""
        return os.isatty(self._original)

    def writable(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Close what was opened here; the descriptor written to belongs to the process."""
        if not self.closed:
            if self._socket is not None:
                self._socket.close()
            if self._target != self._original:
                os.close(self._target)
        super().close()

    def write(self, text: str) -> int:
        """Write ``text``; the rest of it is dropped when the reader does not take it in time."""
        data = text.encode("utf-8", "backslashreplace")
        while data:
            written = self._write_piece(data[:_PIECE])
            if written == 0:
                self._lost += 1
                break
            data = data[written:]
        return len(text)

    def take_lost(self) -> int:
        """How many writes were cut short since the last time this was asked."""
        lost, self._lost = self._lost, 0
        return lost

    def _write_piece(self, piece: bytes) -> int:
        if not self._poll.poll(0 if self._stuck else _PATIENCE_MS):
            self._stuck = True  # wait once, not for every line
            return 0
        try:
            written = self._send(piece)
        except BlockingIOError:
            return 0
        except OSError:
            return 0  # the reader is gone, or the disk is full
        self._stuck = False
        return written

    def _send(self, piece: bytes) -> int:
        if self._socket is None:
            return os.write(self._target, piece)
        return self._socket.send(piece, socket.MSG_DONTWAIT)


def unblocked(descriptor: int) -> int:
    """A non-blocking description of the same pipe or terminal.

    O_NONBLOCK set on the inherited one would also change the shell that started us. Regular files
    do not block, sockets have MSG_DONTWAIT, and where opening anew is not allowed, polling before
    each small write has to do.
    """
    mode = os.fstat(descriptor).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)):
        return descriptor
    flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        return os.open(f"/proc/self/fd/{descriptor}", flags)
    except OSError:
        return descriptor


def install() -> Outlet:
    """Put outlets in the place of sys.stdout and sys.stderr; returns the one of sys.stdout."""
    outlet = Outlet(1)
    sys.stdout = outlet
    sys.stderr = Outlet(2)
    return outlet
