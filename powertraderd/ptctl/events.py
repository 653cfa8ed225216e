"""`ptctl events`: what happened to the daemon and to orders, without the chatter."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from powertraderd.ptctl import options
from powertraderd.ptctl.logs import ALL, Keep, is_after, parsed, read, show_lines

app = typer.Typer()
_LEVELS = frozenset({"warning", "error", "critical"})
_TOLD = (
    *("supervisor_", "worker_", "trading_", "settings_", "reload_", "order_", "brakes"),
    *("cash_", "remainder_", "candles_recovered", "signal_free", "reconciled", "restored"),
)
"""How the names of events begin that are told at any level."""


@app.command(rich_help_panel=options.LOOK)
def events(
    *,
    since: options.Since = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new ones.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, metavar="N", help="How many old ones.")
    ] = 50,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="PATH", help="Read this file instead.")
    ] = None,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """What happened: starts, deaths, stops, halts, orders, reloads, and every warning.

    Decisions and routine are left out; `ptctl logs` has them.

    Examples: ptctl events --since 1d      ptctl events -f
    """
    count = ALL if since else lines
    show_lines(read(file, socket, count, _keep(since), follow=follow), as_json=as_json)


def is_event(entry: object) -> bool:
    """Whether a log line tells of something that happened."""
    if not isinstance(entry, Mapping):
        return False
    return entry.get("level") in _LEVELS or str(entry.get("event")).startswith(_TOLD)


def _keep(since: datetime | None) -> Keep:
    def keep(line: str) -> bool:
        entry = parsed(line)
        return is_event(entry) and is_after(entry, since)

    return keep
