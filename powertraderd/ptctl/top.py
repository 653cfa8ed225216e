"""`ptctl top`: the live view."""

import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from powertraderd.ptctl import options, training
from powertraderd.ptctl.history import decision_lines
from powertraderd.ptctl.session import Session
from powertraderd.ptctl.status import coins, head, workers
from powertraderd.ptctl.table import Paper, paper
from powertraderd.supervision.client import Client, DaemonUnreachable

app = typer.Typer()
_MOST_DECISIONS = 60
_LEAST_DECISIONS = 4
_DETAIL_TIMEOUT_S = 1.0


@app.command(rich_help_panel=options.LOOK)
def top(
    *,
    interval: Annotated[
        float, typer.Option("--interval", "-i", min=0.1, max=60, help="Seconds between looks.")
    ] = 1.0,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """The live view: workers, training, coins, positions, decisions, account. Ctrl-C leaves.

    Without a terminal (or with --json) one look is printed.

    Example: ptctl top --interval 0.5
    """
    session = Session(socket, as_json)
    status = session.data("status")  # leaves here when there is no daemon
    if as_json or not sys.stdout.isatty():
        decisions = _decisions(session.client())
        data = {**status, "decisions": decisions}
        session.show(data, view(status, decisions, paper(), _MOST_DECISIONS))
        return
    _live(session, interval)


def view(
    status: Mapping[str, Any], decisions: list[Mapping[str, Any]] | None, on: Paper, height: int
) -> list[str]:
    """Everything in ``height`` lines where it fits; the decisions take what is left."""
    learning = training.bars(status, on) if training.learning(status) else []
    lines = [
        *head(status, on),
        "",
        *workers(status, on),
        "",
        *([*learning, ""] if learning else []),
        *coins(status, on),
        "",
    ]
    if decisions is None:
        return [*lines, "decisions: the exporter does not answer"]
    room = max(_LEAST_DECISIONS, height - len(lines) - 1)
    return [*lines, *decision_lines(decisions[:room], on)]


def _decisions(client: Client) -> list[Mapping[str, Any]] | None:
    answer = client.request("decisions", {"limit": _MOST_DECISIONS}, _DETAIL_TIMEOUT_S)
    return list(answer.data.get("decisions", [])) if answer.ok else None


def _look(session: Session, on: Paper, height: int) -> list[str]:
    """One look; a daemon that went away may come back."""
    client = session.client()
    try:
        status = client.request("status")
        decisions = _decisions(client) if status.ok else None
    except DaemonUnreachable as unreachable:
        return [on.paint(str(unreachable), "bold red"), "", "waiting for it to come back"]
    if not status.ok:
        return [on.paint(f"{status.code}: {status.message}", "bold red")]
    return view(status.data, decisions, on, height)


def _live(session: Session, interval: float) -> None:
    from rich.console import Console  # noqa: PLC0415 - no other verb needs it
    from rich.live import Live  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False)
    with (
        _left_by_signals(),
        Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live,
    ):
        while True:
            on = Paper(console.width, paper().colour)
            lines = _look(session, on, console.height - 1)
            foot = on.paint("Ctrl-C leaves", "dim")
            lines = [*lines[: console.height - 1], foot]
            live.update(
                Text.from_ansi("\n".join(lines), no_wrap=True, overflow="crop"), refresh=True
            )
            time.sleep(interval)


@contextmanager
def _left_by_signals() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the view; a second one must not stop it giving the terminal back."""
    numbers = (signal.SIGINT, signal.SIGTERM)

    def leave(_number: int, _frame: FrameType | None) -> NoReturn:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in numbers:
        signal.signal(number, leave)
    with suppress(KeyboardInterrupt):
        yield
