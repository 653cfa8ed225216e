"""`ptctl top`: the live view."""

import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from powertraderd.ptctl import options, positions, training
from powertraderd.ptctl.figures import pick
from powertraderd.ptctl.history import decision_lines, order_lines
from powertraderd.ptctl.keys import HELP, QUIT, Pane, View, foot, keyboard, next_key, pressed
from powertraderd.ptctl.logs import tail
from powertraderd.ptctl.session import Session
from powertraderd.ptctl.status import coins, head, workers
from powertraderd.ptctl.table import Paper, paper
from powertraderd.supervision.client import Client, DaemonUnreachable

app = typer.Typer()
_MOST_DECISIONS = 60
_LEAST_DECISIONS = 4
_MOST_ORDERS = 40
_MOST_LEARNING = 6
_NOT_TOLD = "the exporter does not answer, or there is no ledger yet"
_DETAIL_TIMEOUT_S = 1.0
_STEER_TIMEOUT_S = 30.0
_TALL, _LOG_TAIL = 36, 8
"""A screen of so many lines has room for so many of the log, beside the decisions."""
Lines = list[str]


@app.command(rich_help_panel=options.LOOK)
def top(
    *,
    interval: Annotated[
        float,
        typer.Option(
            "--interval", "-i", min=0.1, max=60, metavar="SECONDS", help="Seconds between looks."
        ),
    ] = 1.0,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """The live view: workers, training, coins, positions, decisions, log; ? lists its keys.

    Keys: p pauses or resumes, d shows positions and orders, l the log, q leaves.

    Without a terminal (or with --json) one look is printed.

    Example: ptctl top --interval 0.5
    """
    session = Session(socket, as_json)
    status = session.data("status")  # leaves here when there is no daemon
    if as_json or not sys.stdout.isatty():
        decisions = _decisions(session.client())
        data = {**status, "decisions": decisions}
        learned = _learned(session.client(), status, paper())
        session.show(data, view(status, learned, decisions, paper(), _MOST_DECISIONS))
        return
    _live(session, interval)


def view(
    status: Mapping[str, Any],
    learned: Lines,
    decisions: Sequence[Mapping[str, Any]] | None,
    on: Paper,
    height: int,
) -> list[str]:
    """Everything in ``height`` lines where it fits; the decisions take what is left."""
    lines = _upper(status, learned, on)
    if decisions is None:
        return [*lines, f"decisions: {_NOT_TOLD}"]
    room = max(_LEAST_DECISIONS, height - len(lines) - 1)
    return [*lines, *decision_lines(decisions[:room], on)]


def _upper(status: Mapping[str, Any], learned: Lines, on: Paper) -> list[str]:
    return [
        *head(status, on),
        "",
        *workers(status, on),
        "",
        *([*learned, ""] if learned else []),
        *coins(status, on),
        "",
    ]


def _learned(client: Client, status: Mapping[str, Any], on: Paper) -> Lines:
    """How far the first few coins are that are being trained; nothing when none is."""
    learning = training.learning(status)
    if not learning:
        return []
    answer = client.request("training", timeout_s=_DETAIL_TIMEOUT_S)
    return training.table(answer.data if answer.ok else status, on, learning[:_MOST_LEARNING])


def _rows(client: Client, verb: str, limit: int = 0) -> list[Mapping[str, Any]] | None:
    """Rows that the exporter has; None where it does not answer."""
    answer = client.request(verb, {"limit": limit} if limit else {}, _DETAIL_TIMEOUT_S)
    return list(answer.data.get(verb, [])) if answer.ok else None


def _decisions(client: Client) -> list[Mapping[str, Any]] | None:
    return _rows(client, "decisions", _MOST_DECISIONS)


def _look(client: Client, status: Mapping[str, Any], pane: Pane, on: Paper, height: int) -> Lines:
    """The whole screen; a long list gives way to the foot, a log to its newest lines."""
    above = [*head(status, on), ""]
    if pane is Pane.HELP:
        return [*above, *(f"{key}   {words}" for key, words in HELP)]
    if pane is Pane.DETAILS:
        return [*above, *_details(client, on)]
    if pane is Pane.LOG:
        room = max(_LEAST_DECISIONS, height - len(above))
        return [*above, *tail(status, room, on)]
    room = height if height < _TALL else height - _LOG_TAIL
    lines = view(status, _learned(client, status, on), _decisions(client), on, room)
    if height < _TALL:
        return lines
    lines = [*lines, *[""] * (height - _LOG_TAIL - len(lines))]
    return [*lines, "", *tail(status, _LOG_TAIL - 1, on)]


def _details(client: Client, on: Paper) -> Lines:
    held, orders = _rows(client, "positions"), _rows(client, "orders", _MOST_ORDERS)
    if held is None or orders is None:
        return [f"positions and orders: {_NOT_TOLD}"]
    return [*positions.table(held, on), "", *order_lines(orders, on)]


def _screen(session: Session, shown: View, on: Paper, height: int) -> tuple[Lines, bool]:
    """One look and whether the daemon trades; a daemon that went away may come back."""
    client = session.client()
    try:
        status = client.request("status")
        if not status.ok:
            return [on.paint(f"{status.code}: {status.message}", "bold red")], True
        lines = _look(client, status.data, shown.pane, on, height)
    except DaemonUnreachable as unreachable:
        return [on.paint(str(unreachable), "bold red"), "", "waiting for it to come back"], True
    return lines, pick(status.data, "trading", "state") in {None, "ACTIVE"}


def _ask(session: Session, verb: str) -> str:
    """The answer in words."""
    try:
        answer = session.client().request(verb, {"reason": "ptctl top"}, _STEER_TIMEOUT_S)
    except DaemonUnreachable as unreachable:
        return str(unreachable)
    return f"{verb}: {answer.message or answer.code}"


def _live(session: Session, interval: float) -> None:
    from rich.console import Console  # noqa: PLC0415 - no other verb needs it
    from rich.live import Live  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False)
    shown = View()
    with (
        _left_by_signals(),
        keyboard(),
        Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live,
    ):
        while True:
            on = Paper(console.width, paper().colour)
            lines, active = _screen(session, shown, on, console.height - 1)
            lines = [*lines[: console.height - 1], on.paint(foot(shown), "dim")]
            live.update(
                Text.from_ansi("\n".join(lines), no_wrap=True, overflow="crop"), refresh=True
            )
            key = next_key(interval)
            if key == QUIT and not shown.asks:
                return
            if key:
                shown, verb = pressed(shown, key, active=active)
                shown = replace(shown, said=_ask(session, verb)) if verb else shown


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
