"""Telling systemd how we are: sd_notify without a library, and never blocking.

Without NOTIFY_SOCKET there is a null object, so that no caller has to ask whether systemd listens.
"""

import os
import socket
from collections import deque
from collections.abc import MutableMapping
from typing import Protocol

_OURS = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
_MICROSECOND_NS = 1_000
_MOST_OWED = 16


class Notifier(Protocol):
    """What the supervisor says to the service manager."""

    def ready(self, status: str) -> None:
        """Started, or done with reloading, whether the new settings were accepted or not."""
        ...

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        ...

    def watchdog(self) -> None:
        """A whole tick was finished."""
        ...

    def reloading(self, now_ns: int) -> None:
        """Reloading begins at machine time ``now_ns``; ready() must follow."""
        ...

    def stopping(self, status: str) -> None:
        """The stop has begun."""
        ...

    def extend_timeout(self, seconds: float) -> None:
        """The start or stop needs up to ``seconds`` more."""
        ...

    def close(self) -> None:
        """Say no more."""
        ...


class SilentNotifier:
    """No service manager listens."""

    def ready(self, status: str) -> None:
        """Nothing to do."""

    def status(self, text: str) -> None:
        """Nothing to do."""

    def watchdog(self) -> None:
        """Nothing to do."""

    def reloading(self, now_ns: int) -> None:
        """Nothing to do."""

    def stopping(self, status: str) -> None:
        """Nothing to do."""

    def extend_timeout(self, seconds: float) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class SystemdNotifier:
    """Sends datagrams to NOTIFY_SOCKET and never waits.

    What cannot be sent at once is said again later: the states in their order, the status by its
    newest text. A sign of life that comes too late is worth nothing and is dropped.
    """

    def __init__(self, address: str) -> None:
        """Use ``address``, a path or an abstract name that begins with @."""
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.settimeout(0)
        self._status = ""
        self._owed: deque[str] = deque(maxlen=_MOST_OWED)

    def ready(self, status: str) -> None:
        """READY=1 with a status line."""
        self._status = status
        self._owe("READY=1", f"STATUS={_line(status)}")

    def status(self, text: str) -> None:
        """STATUS=, only when it differs from the last one that was heard."""
        self._pay()
        if text != self._status and self._sent(f"STATUS={_line(text)}"):
            self._status = text

    def watchdog(self) -> None:
        """WATCHDOG=1."""
        self._pay()
        self._sent("WATCHDOG=1")

    def reloading(self, now_ns: int) -> None:
        """RELOADING=1 with MONOTONIC_USEC, without which systemctl reload waits for ever."""
        self._owe("RELOADING=1", f"MONOTONIC_USEC={now_ns // _MICROSECOND_NS}")

    def stopping(self, status: str) -> None:
        """STOPPING=1 with a status line."""
        self._status = status
        self._owe("STOPPING=1", f"STATUS={_line(status)}")

    def extend_timeout(self, seconds: float) -> None:
        """EXTEND_TIMEOUT_USEC=."""
        self._pay()
        self._sent(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def close(self) -> None:
        """Say no more."""
        self._socket.close()

    def _owe(self, *lines: str) -> None:
        self._owed.append("\n".join(lines))
        self._pay()

    def _pay(self) -> None:
        while self._owed and self._sent(self._owed[0]):
            self._owed.popleft()

    def _sent(self, message: str) -> bool:
        try:
            self._socket.sendto(message.encode(), socket.MSG_DONTWAIT, self._address)
        except OSError:  # systemd is busy or gone
            return False
        return True


def _line(text: str) -> str:
    return " ".join(text.split())


def from_environment(environ: MutableMapping[str, str] | None = None) -> Notifier:
    """The notifier for this process; takes its variables out of ``environ`` for good."""
    variables = os.environ if environ is None else environ
    address = variables.get("NOTIFY_SOCKET", "")
    for name in _OURS:
        variables.pop(name, None)
    return SystemdNotifier(address) if address[:1] in {"/", "@"} else SilentNotifier()
