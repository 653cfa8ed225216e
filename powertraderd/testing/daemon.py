"""The daemon under test: the real supervisor, with workers that misbehave as the plan says.

``python -m powertraderd.testing.daemon SETTINGS PLAN_FOLDER [ROLE ...]``; the roles named are the
real ones, with accidents as the plan says.
"""

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from powertraderd.errors import PowertraderError
from powertraderd.settings_file import load
from powertraderd.supervision.spawn import python_command
from powertraderd.supervisor import run
from powertraderd.testing import wall


def command(plan: str, real: Sequence[str], role: str, page_fd: int, channel_fd: int) -> list[str]:
    """The argv of a misbehaving worker; a stillborn one dies before it costs anything."""
    order = Path(plan, role)
    if order.exists() and order.read_text(encoding="utf-8") == "stillborn":
        return [sys.executable, "-I", "-S", "-c", "raise SystemExit(1)"]
    return python_command(
        f"powertraderd.testing.{'accidents' if role in real else 'misbehave'}",
        plan,
        role,
        *("--page-fd", str(page_fd)),
        *("--channel-fd", str(channel_fd)),
        *("--supervisor-pid", str(os.getpid())),
    )


def main(config: Path, plan: str, *real: str) -> int:
    """Be the daemon; the exit codes are those of `powertraderd run`."""
    wall.follow(Path(plan))
    try:
        return run(load(config), config, partial(command, plan, real))
    except PowertraderError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
