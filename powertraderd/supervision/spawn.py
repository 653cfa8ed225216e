"""Making and ending worker processes: fork and exec, never a bare fork.

A child gets standard input from nowhere, the inherited standard output and error, its page, its
channel, a process group of its own and an environment of names that are known to be harmless.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from powertraderd.supervision import page
from powertraderd.supervision.channel import Channel, pair
from powertraderd.supervision.roles import TRADER

WorkerCommand = Callable[[str, int, int], Sequence[str]]
"""(role, page descriptor, channel descriptor) -> argv"""

_HARMLESS = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM", "NO_COLOR",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHASHSEED",
        "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "COVERAGE_PROCESS_START",
    }
)  # fmt: skip
_CREDENTIALS = "CREDENTIALS_DIRECTORY"  # systemd's; only the trader holds a key
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# What is freed goes back to the machine: reading a year of candles would be held for ever after.
_TRIMMED = {"MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "131072"}


def python_command(module: str, *arguments: str) -> list[str]:
    """The same interpreter, with the same warning filters, not looking into the current folder."""
    filters = [part for option in sys.warnoptions for part in ("-W", option)]
    return [sys.executable, *filters, "-P", "-m", module, *arguments]


def worker_command(role: str, page_fd: int, channel_fd: int) -> list[str]:
    """The real workers."""
    return python_command(
        "powertraderd.workers",
        role,
        *("--page-fd", str(page_fd)),
        *("--channel-fd", str(channel_fd)),
        *("--supervisor-pid", str(os.getpid())),
    )


def scrubbed(role: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What of ``environ`` a worker may see: no NOTIFY_SOCKET, no settings, no foreign secret."""
    kept = {
        name: value
        for name, value in environ.items()
        if name in _HARMLESS or name.startswith("LC_") or (name, role) == (_CREDENTIALS, TRADER)
    }
    return {**_ONE_THREAD, **_TRIMMED, **kept}


@dataclass(slots=True)
class Child:
    """One incarnation: a process that exists, or existed and is not yet reaped."""

    role: str
    incarnation: int
    pid: int
    pidfd: int
    spawned_ns: int
    process: subprocess.Popen[bytes]
    page: page.PageReader
    channel: Channel

    def signal(self, *numbers: int) -> None:
        """Signal the process itself; nothing happens when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            for number in numbers:
                signal.pidfd_send_signal(self.pidfd, number)

    def kill_group(self) -> None:
        """SIGKILL everything in its process group.

        Safe until the leader is reaped: a zombie keeps its pid and its group from being reused.
        """
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def reap(self) -> int | None:
        """The return code as subprocess gives it (negative for a signal), None while it runs."""
        return self.process.poll()

    def close(self) -> None:
        """Let go of every descriptor."""
        os.close(self.pidfd)
        self.page.close()
        self.channel.close()


def spawn(
    role: str, incarnation: int, command: WorkerCommand, first: Mapping[str, Any], now_ns: int
) -> Child:
    """Start a worker that finds the ``first`` message waiting for it.

    Raises OSError (no process, no descriptor left) after having undone everything.
    """
    with contextlib.ExitStack() as undo:
        page_fd = page.create()
        undo.callback(os.close, page_fd)
        reader = page.PageReader(page_fd)
        undo.callback(reader.close)
        ours, theirs = pair()
        undo.callback(theirs.close)
        undo.callback(ours.close)
        if not ours.send(first):
            raise OSError("the start message does not fit into the channel")
        channel_fd = theirs.fileno()
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            command(role, page_fd, channel_fd),
            stdin=subprocess.DEVNULL,
            pass_fds=(page_fd, channel_fd),
            process_group=0,
            env=scrubbed(role, os.environ),
        )
        undo.callback(_undo_process, process)
        pidfd = os.pidfd_open(process.pid)
        undo.pop_all()
        os.close(page_fd)
        theirs.close()
    return Child(role, incarnation, process.pid, pidfd, now_ns, process, reader, ours)


def _undo_process(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
