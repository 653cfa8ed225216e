"""Forks trader processes that need not import anything any more: hundreds start within minutes.

``python -m powertraderd.testing.proof.nursery FD``. The product starts its workers by fork and
exec; here only the exec is saved. This process has one thread and no connection, file or key of
its own, so that there is nothing that a child could share.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from powertraderd.supervision.spawn import python_command

_MESSAGE = 1 << 16
Life = Callable[[dict[str, Any], list[int], int], int]
"""(request, descriptors, the nursery's pid) -> exit code"""


class Nursery:
    """Our end: ask for a child, get its pid."""

    def __init__(self) -> None:
        """Start the process; it loads what traders need."""
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            fd = theirs.fileno()
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                python_command(__name__, str(fd)), pass_fds=(fd,), stdin=subprocess.DEVNULL
            )

    def bear(self, request: dict[str, Any], descriptors: list[int]) -> int:
        """The pid of a new process that lives ``request``; raises AssertionError."""
        data = json.dumps(request).encode()
        socket.send_fds(self._ours, [data], descriptors)
        answer = self._ours.recv(_MESSAGE)
        if not answer:
            raise AssertionError("the nursery is gone, see its messages")
        return int(json.loads(answer)["pid"])

    def close(self) -> None:
        """End it, and with it all children that are left."""
        self._ours.close()
        self._process.wait(30)


def main(fd: int) -> int:
    """Serve until the other end hangs up."""
    from powertraderd.testing.proof.lives import LIVES  # noqa: PLC0415 - imports everything

    ears = socket.socket(fileno=fd)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies
    nursery_pid = os.getpid()
    while True:
        data, descriptors, _, _ = socket.recv_fds(ears, _MESSAGE, 4)
        if not data:
            return 0
        request = json.loads(data)
        pid = os.fork()
        if pid == 0:
            _live(LIVES[request["life"]], request, descriptors, ears, nursery_pid)
        for each in descriptors:
            os.close(each)
        ears.send(json.dumps({"pid": pid}).encode())


def _live(
    life: Life,
    request: dict[str, Any],
    descriptors: list[int],
    ears: socket.socket,
    nursery_pid: int,
) -> None:
    """Be the child; never returns. The last descriptor is for its messages."""
    code = 70
    try:
        ears.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        output = descriptors.pop()
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        code = life(request, descriptors, nursery_pid)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
