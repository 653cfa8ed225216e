"""`ptctl notify test`: whether messages reach the owner."""

import typer

from powertraderd.ptctl import options
from powertraderd.ptctl.session import Session

app = typer.Typer()
_notify = typer.Typer(help="Messages to the owner.", no_args_is_help=True)
app.add_typer(_notify, name="notify", rich_help_panel=options.DAEMON)
_TIMEOUT_S = 60.0


@_notify.command("test")
def send_a_test(*, socket: options.Socket = None, as_json: options.Json = False) -> None:
    """Send a test message to every address of [notify] urls, and say what became of it.

    Addresses are shown masked.

    Example: ptctl notify test
    """
    session = Session(socket, as_json)
    session.leave(session.ask("notify_test", timeout_s=_TIMEOUT_S))


@_notify.callback()
def _messages() -> None:
    """A group of verbs, although it has but one."""
