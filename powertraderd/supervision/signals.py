"""Signals as something that a selector can wait for."""

import contextlib
import os
import signal
from types import FrameType

WATCHED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Signals:
    """Handlers that only remember the number; everything else happens in the loop.

    The number is kept in a set and not read from the wake-up pipe, because a full pipe loses
    bytes: ten thousand SIGHUPs must not swallow one SIGTERM.
    """

    def __init__(self) -> None:
        """Take over the watched signals; only in the main thread."""
        self._arrived: set[int] = set()
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in WATCHED:
            signal.signal(number, self._remember)

    def _remember(self, number: int, _frame: FrameType | None) -> None:
        self._arrived.add(number)

    def fileno(self) -> int:
        """For selectors."""
        return self._reader

    def take(self) -> frozenset[int]:
        """What has arrived since the last time, each once."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._reader, 4096):
                pass
        arrived, self._arrived = self._arrived, set()
        return frozenset(arrived)

    def close(self) -> None:
        """Give the signals back."""
        signal.set_wakeup_fd(-1)
        for number in WATCHED:
            signal.signal(number, signal.SIG_DFL)
        os.close(self._reader)
        os.close(self._writer)
