"""`ptctl train`: learn again from the first candle."""

import time
from typing import Annotated

import typer

from powertraderd.ptctl import options, training
from powertraderd.ptctl.figures import duration
from powertraderd.ptctl.session import Session, complain
from powertraderd.ptctl.table import paper
from powertraderd.supervision.protocol import Answer, Code, refusal

app = typer.Typer()
_POLL_S = 0.5


@app.command(rich_help_panel=options.DAEMON)
def train(
    coins: options.SomeCoins = None,
    *,
    status: Annotated[
        bool, typer.Option("--status", help="Only say how far each coin is; train nothing.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Until the training is over.")] = False,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Seconds to wait.")] = 1800.0,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """Train COINs (all, when none is named) again from the first candle.

    The old memories serve until the new ones are complete.

    Examples: ptctl train      ptctl train BTC ETH --wait      ptctl train --status
    """
    session = Session(socket, as_json)
    if status:
        now = session.data("status")
        session.show({"coins": training.coins(now)}, training.bars(now, paper()))
        return
    answer = session.ask("train", {"coins": list(coins or ())})
    session.leave(_until_trained(session, timeout) if wait and answer.ok else answer)


def _until_trained(session: Session, timeout: float) -> Answer:
    """Poll the status, with bars on standard error when something moved."""
    started, shown = time.monotonic(), ""
    while True:
        status = session.data("status")
        missing = training.untrained(status)
        elapsed = time.monotonic() - started
        if not missing:
            return Answer("", ok=True, code=Code.OK, message=f"trained after {duration(elapsed)}")
        if elapsed >= timeout:
            words = f"not trained after {duration(timeout)}: {', '.join(missing)}"
            return refusal("", Code.TIMED_OUT, words)
        bars = "\n".join(training.bars(status, paper()))
        if bars != shown:
            shown = bars
            complain(f"training\n{bars}")
        time.sleep(_POLL_S)
