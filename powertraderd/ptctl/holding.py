"""`ptctl pause`, `resume` and `halt`: what the trader may do; kept over restarts and reboots."""

import typer

from powertraderd.ptctl import options
from powertraderd.ptctl.session import Session

app = typer.Typer()


@app.command(rich_help_panel=options.TRADE)
def pause(
    *,
    reason: options.Reason = "",
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """No entries and no averaging down; exits go on. Survives restarts and reboots.

    Example: ptctl pause --reason "tax day"
    """
    session = Session(socket, as_json)
    session.leave(session.ask("pause", {"reason": reason}))


@app.command(rich_help_panel=options.TRADE)
def resume(
    *,
    reason: options.Reason = "",
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """Trade again after pause or halt.

    Example: ptctl resume
    """
    session = Session(socket, as_json)
    session.leave(session.ask("resume", {"reason": reason}))


@app.command(rich_help_panel=options.TRADE)
def halt(
    *,
    reason: options.Reason = "",
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """Nothing is bought or sold any more, not even to exit, until `ptctl resume`.

    Example: ptctl halt --reason "exchange is acting up"
    """
    session = Session(socket, as_json)
    session.leave(session.ask("halt", {"reason": reason}))
