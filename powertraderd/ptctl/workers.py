"""`ptctl start`, `stop`, `restart`, `unpark` and `reload`: the life of the worker processes."""

from typing import Annotated

import typer

from powertraderd.ptctl import options
from powertraderd.ptctl.session import Session

app = typer.Typer()
_RELOAD_TIMEOUT_S = 30.0
Worker = Annotated[
    str, typer.Argument(metavar="WORKER", help="exporter, trainer, thinker or trader.")
]


@app.command(rich_help_panel=options.DAEMON)
def start(worker: Worker, *, socket: options.Socket = None, as_json: options.Json = False) -> None:
    """Start a worker that was stopped.

    Example: ptctl start trader
    """
    session = Session(socket, as_json)
    session.leave(session.ask("start", {"worker": worker}))


@app.command(rich_help_panel=options.DAEMON)
def stop(worker: Worker, *, socket: options.Socket = None, as_json: options.Json = False) -> None:
    """Stop a worker; the trader finishes the order in hand first.

    Example: ptctl stop trainer
    """
    session = Session(socket, as_json)
    session.leave(session.ask("stop", {"worker": worker}))


@app.command(rich_help_panel=options.DAEMON)
def restart(
    worker: Worker, *, socket: options.Socket = None, as_json: options.Json = False
) -> None:
    """Stop a worker and start it again; this spends no part of its restart budget.

    Example: ptctl restart trader && ptctl wait --worker trader
    """
    session = Session(socket, as_json)
    session.leave(session.ask("restart", {"worker": worker}))


@app.command(rich_help_panel=options.DAEMON)
def unpark(worker: Worker, *, socket: options.Socket = None, as_json: options.Json = False) -> None:
    """Let a parked worker start again, once the reason for parking it is mended.

    Example: ptctl unpark trader
    """
    session = Session(socket, as_json)
    session.leave(session.ask("unpark", {"worker": worker}))


@app.command(rich_help_panel=options.DAEMON)
def reload(*, socket: options.Socket = None, as_json: options.Json = False) -> None:
    """Read the settings file again; wrong settings are refused and nothing changes.

    Example: powertraderd check-config && ptctl reload
    """
    session = Session(socket, as_json)
    session.leave(session.ask("reload", timeout_s=_RELOAD_TIMEOUT_S))
