"""All verbs of ptctl in one command line."""

import os
from pathlib import Path
from typing import Annotated

import typer

from powertraderd import __version__
from powertraderd.places import SOCKET_VARIABLE
from powertraderd.ptctl import (
    bundle,
    chart,
    config,
    events,
    history,
    holding,
    logs,
    notify,
    options,
    pnl,
    positions,
    risk,
    signals,
    top,
    trade,
    train,
    wait,
    workers,
)
from powertraderd.ptctl.session import Session, print_lines
from powertraderd.ptctl.status import show
from powertraderd.ptctl.watch import looks

EPILOGUE = (
    "Exit codes: 0 done, 1 refused (with a reason code), 2 usage, 3 daemon not reachable, "
    "4 not ready, 5 timed out. Amounts are in the currency that is paid with ([trading] quote), "
    "times in UTC."
)

app = typer.Typer(
    name="ptctl",
    help="Ask and steer the powertraderd daemon.",
    epilog=EPILOGUE,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _options_for_all(
    *,
    socket: Annotated[
        Path | None, typer.Option("--socket", metavar="PATH", help="The daemon's control socket.")
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print_lines([f"ptctl {__version__}"])
        raise SystemExit(0)
    if socket is not None:
        os.environ[SOCKET_VARIABLE] = str(socket)  # what the verbs look at when told nothing else


@app.command(rich_help_panel=options.LOOK)
def status(
    *,
    watch: options.Watch = None,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """Is it alive, is it trading, what does it hold.

    NOTE says what to wait for or to do, else how the worker died last.

    Example: ptctl status --json | jq .workers.trader
    """
    for _ in looks(watch):
        show(Session(socket, as_json))


for _family in (
    top,
    positions,
    risk,
    signals,
    chart,
    pnl,
    history,
    trade,
    holding,
    workers,
    train,
    wait,
    logs,
    events,
    notify,
    bundle,
    config,
):
    app.add_typer(_family.app)
