"""The service manager's end of sd_notify."""

import socket
from pathlib import Path
from types import TracebackType
from typing import Self


class ServiceManager:
    """Listens on a socket of its own and keeps what it was told, oldest first."""

    def __init__(self, folder: Path) -> None:
        """Bind a socket in ``folder``."""
        self.address = folder / "notify.sock"
        self.heard: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.address))
        self._socket.settimeout(0)

    @property
    def environment(self) -> dict[str, str]:
        """What systemd would put into the daemon's environment."""
        return {"NOTIFY_SOCKET": str(self.address), "WATCHDOG_USEC": "3000000"}

    def hears(self, words: str, since: int = 0) -> bool:
        """Whether ``words`` were said in the message number ``since`` or later."""
        self._listen()
        return any(words in message for message in self.heard[since:])

    def count(self) -> int:
        """How many messages there were so far."""
        self._listen()
        return len(self.heard)

    def _listen(self) -> None:
        while True:
            try:
                self.heard.append(self._socket.recv(65_536).decode())
            except BlockingIOError:
                return

    def __enter__(self) -> Self:
        """Nothing more to do."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Hang up."""
        self._socket.close()
