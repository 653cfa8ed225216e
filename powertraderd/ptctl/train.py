"""`ptctl train`: learn again from the first candle, watch that, or stop it."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from powertraderd.ptctl import options, training
from powertraderd.ptctl.figures import duration
from powertraderd.ptctl.session import Leave, Session, complain
from powertraderd.ptctl.table import Paper, paper
from powertraderd.ptctl.watch import looks
from powertraderd.supervision.protocol import Answer, Code, refusal

app = typer.Typer()
_POLL_S = 0.5
_WORDS = (["STATUS"], ["STOP"])
Show = Callable[[training.Told], None]


@app.command(rich_help_panel=options.DAEMON)
def train(  # noqa: PLR0913 - an option each
    coins: options.SomeCoins = None,
    *,
    status: Annotated[
        bool,
        typer.Option("--status", help="Only say how far each coin and timeframe is."),
    ] = False,
    stop: Annotated[
        bool,
        typer.Option("--stop", help="Leave what waits for its turn as it is."),
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Until the training is over.")] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, metavar="SECONDS", help="Seconds to wait.")
    ] = 1800.0,
    watch: options.Watch = None,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """Train COINs (all, when none is named) again from the first candle.

    The old memories serve until the new ones are complete. --stop ends a training between two
    memories: those that are done stay new, the others stay as they were. What has never been
    learned is learned all the same; `ptctl stop trainer` ends that too. --watch is for --status.
    `ptctl train status` and `ptctl train stop` mean the options.

    Examples: ptctl train BTC ETH --wait      ptctl train --status --watch 1
    """
    wanted = list(coins or ())
    status, stop = status or wanted == _WORDS[0], stop or wanted == _WORDS[1]
    wanted = [] if wanted in _WORDS else wanted
    session = Session(socket, as_json)
    if status:
        for _ in looks(watch):
            told = session.data("training")
            session.show(told, [*training.table(told, paper(), wanted), training.doing(told)])
        return
    answer = session.ask("train_stop" if stop else "train", {"coins": wanted})
    to_wait = wait and answer.ok and not stop
    session.leave(_until_trained(session, timeout, wanted) if to_wait else answer)


def _until_trained(session: Session, timeout: float, wanted: Sequence[str]) -> Answer:
    """Poll, and show how far it is; Ctrl-C ends the waiting and not the training."""
    started = time.monotonic()
    with _shown(wanted) as show:
        while True:
            told = session.data("training")
            show(told)
            missing = training.untrained(told, wanted)
            elapsed = time.monotonic() - started
            if not missing:
                words = f"trained after {duration(elapsed)}"
                return Answer("", ok=True, code=Code.OK, message=words)
            if elapsed >= timeout:
                words = f"not trained after {duration(timeout)}: {', '.join(missing)}"
                return refusal("", Code.TIMED_OUT, words)
            time.sleep(_POLL_S)


@contextmanager
def _shown(wanted: Sequence[str]) -> Iterator[Show]:
    """Bars that move on a terminal; elsewhere one line for each change. On standard error."""
    try:
        if sys.stderr.isatty():
            yield from _bars(wanted)
        else:
            yield _line_for_each_change()
    except KeyboardInterrupt:
        complain("the training goes on; `ptctl train --status` shows it, --stop ends it")
        raise SystemExit(Leave.DONE) from None


def _bars(wanted: Sequence[str]) -> Iterator[Show]:
    from rich.console import Console  # noqa: PLC0415 - no other verb but top needs it
    from rich.live import Live  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(stderr=True, highlight=False)
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:

        def show(told: training.Told) -> None:
            on = Paper(console.width, paper().colour)
            lines = [*training.table(told, on, wanted), training.doing(told)]
            live.update(Text.from_ansi("\n".join(lines), no_wrap=True), refresh=True)

        yield show


def _line_for_each_change() -> Show:
    said = ""

    def show(told: training.Told) -> None:
        nonlocal said
        if (now := training.memories(told)) != said:
            said = now
            complain(f"{said}; {training.doing(told)}")

    return show
