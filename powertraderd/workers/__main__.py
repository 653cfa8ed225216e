"""``python -m powertraderd.workers ROLE --page-fd N --channel-fd M --supervisor-pid P``.

Started by the supervisor only. Standard output is the log.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from powertraderd.workers import boot

if TYPE_CHECKING:
    from powertraderd.workers.role import Context, Role
    from powertraderd.workers.runtime import Wire


def main(argv: Sequence[str] | None = None, wire: "Wire | None" = None) -> int:
    """Be the worker named in ``argv``, wired by ``wire`` (the real adapters where it is None)."""
    arguments = _parse(argv)
    boot.harden(arguments.supervisor_pid, arguments.page_fd)
    # Imported only now, so that this process dies with the supervisor while they load.
    from powertraderd.workers.runtime import serve  # noqa: PLC0415

    return serve(arguments.role, arguments.page_fd, arguments.channel_fd, wire or _real)


def _real(name: str, context: "Context") -> "Role":
    from powertraderd.workers.wiring import role  # noqa: PLC0415 - numpy loads inside the boot phase

    return role(name, context)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m powertraderd.workers", description=__doc__)
    parser.add_argument("role")
    for name in ("page-fd", "channel-fd", "supervisor-pid"):
        parser.add_argument(f"--{name}", type=int, required=True)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
