"""`ptctl reduce`, `halt` and `resume`: what the trader may do; kept over restarts and reboots."""

import typer

from powertraderd.ptctl import options
from powertraderd.ptctl.session import Session

app = typer.Typer()


_HALT_TIMEOUT_S = 30.0
"""Halting may have to kill a trader that hangs, and waits until that is dead."""


@app.command(rich_help_panel=options.TRADE)
def reduce(
    *,
    reason: options.Reason = "",
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """REDUCING: nothing is bought, not by hand either; exits go on.

    Survives crashes, restarts and reboots. `ptctl pause` is the same.

    Example: ptctl reduce --reason "tax day"
    """
    session = Session(socket, as_json)
    session.leave(session.ask("reduce", {"reason": reason}, _HALT_TIMEOUT_S))


@app.command(rich_help_panel=options.TRADE)
def pause(
    *,
    reason: options.Reason = "",
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """The same as reduce.

    Example: ptctl pause --reason "tax day"
    """
    session = Session(socket, as_json)
    session.leave(session.ask("pause", {"reason": reason}, _HALT_TIMEOUT_S))


@app.command(rich_help_panel=options.TRADE)
def halt(
    *,
    reason: options.Reason = "",
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """HALTED: nothing is bought or sold any more, not even to exit, until `ptctl resume`.

    When this returns, no order can be sent any more: the trader has heard it, or it was killed
    because it did not answer within [control] halt_seconds. Survives crashes, restarts, reboots.

    Example: ptctl halt --reason "exchange is acting up"
    """
    session = Session(socket, as_json)
    session.leave(session.ask("halt", {"reason": reason}, _HALT_TIMEOUT_S))


@app.command(rich_help_panel=options.TRADE)
def resume(
    *,
    reason: options.Reason = "",
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """ACTIVE: trade again after reduce or halt, as far as the daemon's own brakes allow.

    After a halt because of a drawdown the peak is where the account stood then.

    Example: ptctl resume --reason "looked at it"
    """
    session = Session(socket, as_json)
    session.leave(session.ask("resume", {"reason": reason}))
