"""Where the daemon's folders and its control socket are looked for.

A module of its own, without pydantic, so that `ptctl status` starts in milliseconds.
"""

import os
from pathlib import Path

SOCKET_VARIABLE = "POWERTRADERD_SOCKET"
SYSTEM_RUNTIME_DIR = Path("/run/powertraderd")
SOCKET_NAME = "control.sock"


def user_runtime_dir() -> Path:
    """Where a daemon without root keeps its socket: XDG_RUNTIME_DIR, else a folder in /tmp."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    return Path(base) / "powertraderd" if base else Path(f"/tmp/powertraderd-{os.getuid()}")  # noqa: S108 - created 0700 and checked for its owner before use


def user_state_dir() -> Path:
    """Where a daemon without root keeps its state: XDG_STATE_HOME or ~/.local/state."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "powertraderd"
