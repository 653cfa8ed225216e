"""`ptctl`: ask and steer the daemon over its control socket."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from powertraderd.ptctl.session import Session
from powertraderd.ptctl.status import show


def main() -> None:
    """Run one verb; a plain `ptctl status` takes a way that needs no command-line library."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `ptctl trades | head` ends quietly
    session = plain_status(sys.argv[1:])
    if session is not None:
        show(session)
        return
    from powertraderd.ptctl.app import app  # noqa: PLC0415 - costs 100 ms, status does without

    app(prog_name="ptctl")


def plain_status(words: Sequence[str]) -> Session | None:
    """The session that `status [--json] [--socket PATH]` means; None for anything else."""
    if words[:1] != ["status"]:
        return None
    socket, as_json, rest = None, False, list(words[1:])
    while rest:
        match rest:
            case ["--json", *more]:
                as_json, rest = True, more
            case ["--socket", path, *more]:
                socket, rest = Path(path), more
            case _:
                return None
    return Session(socket, as_json)


if __name__ == "__main__":
    main()
