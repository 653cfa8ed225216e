"""Locks held for a process's whole life: one supervisor and one trader for each state folder."""

import fcntl
import os
from pathlib import Path

from powertraderd.errors import StateLocked

SUPERVISOR_LOCK = "supervisor.lock"
TRADER_LOCK = "trader.lock"


def hold(path: Path) -> int:
    """Lock ``path`` until this process ends; returns the descriptor, which must stay open.

    The kernel lets go of the lock when the process dies, however it dies; children do not inherit
    it. Raises StateLocked, naming the holder, when another process has it.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(handle)
        msg = f"{path} is held by process {holder}: it is running already; stop that one first"
        raise StateLocked(msg) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle
