"""`ptctl logs`: log lines for people, from the daemon's file or from journald."""

import json
import os
import re
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Any

import typer

from powertraderd.ptctl import log_source, options
from powertraderd.ptctl.figures import UNKNOWN, moment, pick, text
from powertraderd.ptctl.session import Leave, Session, complain, print_lines
from powertraderd.ptctl.table import Paper, paper
from powertraderd.supervision.client import DaemonUnreachable

app = typer.Typer()
ALL = 1_000_000
"""More lines than anybody keeps."""
_POLL_S = 0.25
_LEVEL_STYLES = {"debug": "dim", "warning": "yellow", "error": "red", "critical": "bold red"}
_SHOWN_FIRST = ("ts", "level", "event", "worker", "incarnation", "logger", "exception", "stack")
Keep = Callable[[str], bool]


@app.command(rich_help_panel=options.LOOK)
def logs(  # noqa: PLR0913 - an option each
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines.")] = False,
    worker: Annotated[
        str | None, typer.Option("--worker", "-w", metavar="NAME", help="Only this worker.")
    ] = None,
    grep: Annotated[
        str | None,
        typer.Option("--grep", "-g", metavar="REGEX", help="Only lines in which this is found."),
    ] = None,
    since: options.Since = None,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, metavar="N", help="How many old lines.")
    ] = 50,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="PATH", help="Read this file instead.")
    ] = None,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """Log lines: from the file that the daemon or its output writes, else from journald.

    With --json the lines come as they were written, one JSON object each. --since shows all lines
    from then on, however many.

    Examples: ptctl logs -f --worker trader

    ptctl logs -n 500 --grep decision --since 2h
    """
    keep = _filter(worker, grep, since)
    count = ALL if since else lines
    show_lines(read(file, socket, count, keep, follow=follow), as_json=as_json)


def show_lines(lines: Iterable[str], *, as_json: bool) -> None:
    """As they were written, or for people; Ctrl-C ends it."""
    on = paper()
    shown = (line if as_json else pretty(line, on) for line in lines)
    try:
        for line in shown:
            print_lines([line])
    except KeyboardInterrupt:
        raise SystemExit(Leave.DONE) from None


def _filter(worker: str | None, grep: str | None, since: datetime | None) -> Keep:
    try:
        pattern = re.compile(grep) if grep else None
    except re.error as error:
        msg = f"--grep {grep!r} is not a regular expression: {error}"
        raise typer.BadParameter(msg) from None

    def keep(line: str) -> bool:
        if pattern and not pattern.search(line):
            return False
        if worker is None and since is None:
            return True
        entry = parsed(line)
        return (worker is None or pick(entry, "worker") == worker) and is_after(entry, since)

    return keep


def is_after(entry: object, since: datetime | None) -> bool:
    """Whether a line was written at or after ``since``; one without a time counts as old."""
    if since is None:
        return True
    try:
        return datetime.fromisoformat(str(pick(entry, "ts"))) >= since
    except (ValueError, TypeError):
        return False


def read(
    file: Path | None, socket: Path | None, count: int, keep: Keep, *, follow: bool
) -> Iterator[str]:
    """The daemon's lines that are to be kept. Leaves with 1 where there is no log to read."""
    path, silence = (file, "") if file else _daemons_file(socket)
    if path is not None:
        return read_file(path, count, keep, follow=follow)
    command = log_source.journal_command(count, follow=follow)
    if command:
        return _read_journal(
            command, keep, "" if not count else silence or log_source.NOT_IN_JOURNAL
        )
    complain(silence or log_source.NO_SOURCE)
    raise SystemExit(Leave.REFUSED)


def _daemons_file(socket: Path | None) -> tuple[Path | None, str]:
    """The file that the daemon names; without a daemon the words for where no log is found."""
    try:
        answer = Session(socket).client().request("status")
    except DaemonUnreachable as unreachable:
        return None, f"{unreachable} The log of a daemon that is gone: name its file with --file."
    return log_source.file_of(answer.data), ""


def read_file(path: Path, count: int, keep: Keep, *, follow: bool) -> Iterator[str]:
    """The last ``count`` lines that are to be kept, then new ones; follows a rotated file."""
    try:
        handle = path.open(encoding="utf-8", errors="replace")
    except OSError as error:
        complain(f"{path} cannot be read: {error.strerror}; name another file with --file")
        raise SystemExit(Leave.REFUSED) from None
    with handle:
        yield from deque((line.rstrip("\n") for line in handle if keep(line)), maxlen=count)
        while follow:
            yield from (line for line in _complete_lines(handle) if keep(line))
            if _rotated(path, handle.fileno()):
                break
            time.sleep(_POLL_S)
    if follow:
        yield from read_file(path, ALL, keep, follow=True)


def tail(status: Mapping[str, Any], count: int, on: Paper) -> list[str]:
    """The newest ``count`` lines, one screen line each, or why there are none."""
    try:
        newest = log_source.newest(status, count)
        return [pretty(line, on, brief=True).splitlines()[0] for line in newest]
    except log_source.NoLog as why:
        return wrap(str(why), on.width)


def _complete_lines(handle: Any) -> Iterator[str]:  # noqa: ANN401 - a text file
    """New whole lines; a half-written last one waits for its end."""
    while True:
        position = handle.tell()
        line = handle.readline()
        if not line.endswith("\n"):
            handle.seek(position)
            return
        yield line.rstrip("\n")


def _rotated(path: Path, descriptor: int) -> bool:
    """Whether the name now means another file (logrotate renamed the one that is open)."""
    try:
        return not os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _read_journal(command: Sequence[str], keep: Keep, if_empty: str) -> Iterator[str]:
    """Lines of our unit; without any it leaves with 1 and says ``if_empty``, unless that is ""."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as journal:  # noqa: S603 - fixed words and a number
        assert journal.stdout is not None  # noqa: S101 - asked for above
        seen = 0
        try:
            for seen, line in enumerate(journal.stdout, 1):  # noqa: B007 - counted, kept or not
                if keep(line):
                    yield line.rstrip("\n")
        finally:
            journal.terminate()
    if if_empty and not seen:
        complain(if_empty)
        raise SystemExit(Leave.REFUSED)


def parsed(line: str) -> object:
    """What a line says; None where it is no JSON."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def pretty(line: str, on: Paper, *, brief: bool = False) -> str:
    """One JSON line for people; a line that is none is shown as it is. ``brief``: without date."""
    entry = parsed(line)
    if not isinstance(entry, dict) or "event" not in entry:
        return line
    level = str(entry.get("level", ""))
    words = (
        on.paint(moment(entry.get("ts"))[11 if brief else 0 :], "dim"),
        on.paint(f"{level:<7}", _LEVEL_STYLES.get(level, "")),
        on.paint(f"{text(entry.get('worker')):<10}", "cyan"),
        on.paint(str(entry["event"]), "bold"),
        _pairs((key, value) for key, value in entry.items() if key not in _SHOWN_FIRST),
    )
    trace = entry.get("exception") or entry.get("stack")
    return " ".join(words).rstrip() + (f"\n{trace}" if trace else "")


def _pairs(items: Iterable[tuple[str, object]]) -> str:
    """Key and value; a table inside is laid open, and what is not known is a dash."""
    return " ".join(_pair(key, value) for key, value in items)


def _pair(key: str, value: object) -> str:
    match value:
        case dict():
            return _pairs(value.items())
        case None:
            return f"{key}={UNKNOWN}"
        case str() | int() | float():
            return f"{key}={value}"
    return f"{key}={json.dumps(value)}"
