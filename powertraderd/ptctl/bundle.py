"""`ptctl support-bundle`: everything that somebody who helps wants to see, and no secret."""

import io
import json
import os
import platform
import sys
import tarfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Any

import typer

from powertraderd import __version__
from powertraderd.ptctl import log_source, options
from powertraderd.ptctl.logs import read
from powertraderd.ptctl.session import Leave, Session, complain, print_lines
from powertraderd.ptctl.table import paper
from powertraderd.supervision.client import DaemonUnreachable

app = typer.Typer()
_LINES, _ROWS = 5000, 60  # more rows could be too long for one answer
_ASKED: Mapping[str, Mapping[str, Any]] = {
    "status": {},
    "settings": {},
    "training": {},
    "account": {},
    "positions": {},
    "signals": {},
    "risk": {},
    "orders": {"limit": _ROWS},
    "trades": {"limit": _ROWS},
    "decisions": {"limit": _ROWS},
}


@app.command("support-bundle", rich_help_panel=options.LOOK)
def support_bundle(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Where to write it, .tar.gz.")
    ] = None,
    *,
    lines: Annotated[
        int, typer.Option("--lines", min=0, metavar="N", help="Log lines to put in.")
    ] = _LINES,
    socket: options.Socket = None,
) -> None:
    """Pack status, settings, orders, decisions and log lines into one file for somebody who helps.

    Keys, tokens, passwords and addresses to notify are left out; amounts and coins are not. Look
    into it before you give it away: tar -tzf FILE.

    Example: ptctl support-bundle bundle.tar.gz
    """
    path = file or Path(f"powertraderd-{datetime.now(UTC):%Y%m%dT%H%M%S}.tar.gz")
    parts = dict(_parts(socket, lines))
    try:
        _write(path, parts)
    except OSError as error:
        complain(f"{path}: cannot be written ({error.strerror}); name another file")
        raise SystemExit(Leave.REFUSED) from None
    print_lines([str(path), *wrap(", ".join(parts), paper().width)])


def _parts(socket: Path | None, lines: int) -> Iterator[tuple[str, str]]:
    """Each file of the bundle; what cannot be had says why."""
    yield "machine.json", json.dumps(_machine(), indent=2)
    session = Session(socket)
    log_file = None
    for verb, args in _ASKED.items():
        try:
            answer = session.client().request(verb, args)
        except DaemonUnreachable as unreachable:
            yield f"{verb}.txt", str(unreachable)
            continue
        log_file = log_file or log_source.file_of(answer.data)
        content = answer.data if answer.ok else {"refused": answer.code, "why": answer.message}
        yield f"{verb}.json", json.dumps(content, indent=2)
    yield "log.jsonl", _log(log_file, socket, lines)


def _machine() -> dict[str, object]:
    return {
        "powertraderd": __version__,
        "python": sys.version,
        "system": platform.platform(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg(),
        "at": datetime.now(UTC).isoformat(),
    }


def _log(path: Path | None, socket: Path | None, lines: int) -> str:
    try:
        return "\n".join(read(path, socket, lines, lambda _line: True, follow=False))
    except SystemExit:  # it said on standard error why there is none
        return ""


def _write(path: Path, parts: Mapping[str, str]) -> None:
    from powertraderd.log import without_secrets  # noqa: PLC0415 - structlog takes a while

    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as raw, tarfile.open(fileobj=raw, mode="w:gz") as bundle:
        for name, text in parts.items():
            data = without_secrets(text).encode()
            member = tarfile.TarInfo(f"powertraderd/{name}")
            member.size, member.mtime, member.mode = len(data), int(time.time()), 0o600
            bundle.addfile(member, io.BytesIO(data))
