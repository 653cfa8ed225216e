"""The daemon under test: the real supervisor, with workers that misbehave as the plan says.

``python daemon.py SETTINGS PLAN_FOLDER``.
"""

import os
import sys
from functools import partial
from pathlib import Path

from powertraderd.settings import load
from powertraderd.supervision.spawn import python_command
from powertraderd.supervisor import run


def command(plan: str, role: str, page_fd: int, channel_fd: int) -> list[str]:
    """The argv of a misbehaving worker."""
    return python_command(
        "powertraderd.testing.misbehave",
        plan,
        role,
        *("--page-fd", str(page_fd)),
        *("--channel-fd", str(channel_fd)),
        *("--supervisor-pid", str(os.getpid())),
    )


if __name__ == "__main__":
    config = Path(sys.argv[1])
    sys.exit(run(load(config), config, partial(command, sys.argv[2])))
