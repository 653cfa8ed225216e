"""Where the daemon's log lines are: in its file, where its output goes, or in journald."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from powertraderd.ptctl.figures import pick

UNIT = "powertraderd"
REMEDY = 'set [logging] file = "powertraderd.log" and start the daemon again'
NO_SOURCE = (
    f"no log to read: the daemon names no file, and there is no journalctl here; {REMEDY}, or name "
    "a file with --file"
)
NOT_IN_JOURNAL = (
    f"journald has no lines of unit {UNIT}: a daemon that was started by hand writes to its "
    f"terminal; {REMEDY}"
)
_TAIL_BYTES = 64 * 1024
_JOURNAL_PATIENCE_S = 2.0


class NoLog(Exception):
    """There is no log to read from here, and why."""


def file_of(status: Mapping[str, Any]) -> Path | None:
    """The file that the daemon writes its lines to: [logging] file, else its standard output.

    None where that is no file, or may not be looked at from here.
    """
    named = pick(status, "supervisor", "log_file")
    return Path(named) if named else _output_of(pick(status, "supervisor", "pid"))


def _output_of(pid: object) -> Path | None:
    """What ``powertraderd run > FILE`` named; a rotated one is no longer there by that name."""
    try:
        path = Path(f"/proc/{pid}/fd/1").readlink()
    except OSError:
        return None
    return path if path.is_file() else None


def journal_command(count: int, *, follow: bool = False) -> Sequence[str]:
    """What prints the newest lines of our unit as they were written; empty without journald."""
    if shutil.which("journalctl") is None:
        return ()
    words = ("journalctl", "--unit", UNIT, "--output", "cat", "--lines", str(count))
    return (*words, "--follow") if follow else words


def newest(status: Mapping[str, Any], count: int) -> list[str]:
    """The newest ``count`` lines at once, for a screen. Raises NoLog with the remedy."""
    path = file_of(status)
    try:
        return _end_of(path, count) if path else _end_of_journal(count)
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}); {REMEDY}"
        raise NoLog(msg) from None


def _end_of(path: Path, count: int) -> list[str]:
    with path.open("rb") as handle:
        handle.seek(max(0, handle.seek(0, os.SEEK_END) - _TAIL_BYTES))
        lines = handle.read().decode(errors="replace").splitlines()
    return [line for line in lines if line][-count:]


def _end_of_journal(count: int) -> list[str]:
    command = journal_command(count)
    if not command:
        raise NoLog(NO_SOURCE)
    try:
        done = subprocess.run(  # noqa: S603 - fixed words and a number
            command, capture_output=True, text=True, timeout=_JOURNAL_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        msg = f"journalctl did not answer within {_JOURNAL_PATIENCE_S:g} s"
        raise NoLog(msg) from None
    if not done.stdout:
        raise NoLog(NOT_IN_JOURNAL)
    return done.stdout.splitlines()[-count:]
