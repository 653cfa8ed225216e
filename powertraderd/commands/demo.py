"""`powertraderd demo`: the whole daemon on a made-up market, without network, key or root."""

import json
import shutil
import signal
import subprocess
import sys
import time
from decimal import Decimal
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from powertraderd.commands.command_line import errors_are_explained, say
from powertraderd.commands.demo_daemon import DemoDaemon
from powertraderd.commands.demo_summary import summarise
from powertraderd.supervision.spawn import python_command
from powertraderd.workers.wiring import LEDGER_DB

_POLL_S = 0.5
_CHATTER_S = 5.0


@errors_are_explained
def demo(
    *,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=1, help="Stop after so long. Else Ctrl-C.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="No live view; end with one JSON line of totals.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the folder with settings, ledger and log.")
    ] = False,
) -> None:
    """Trade a made-up market with paper money on a fast clock: training first, then a live view.

    While it runs, `ptctl` in another terminal finds it. Ctrl-C stops everything.

    Examples: powertraderd demo      powertraderd demo --seconds 60 --json
    """
    signal.signal(signal.SIGTERM, _interrupt)
    daemon = DemoDaemon()
    say(f"demo: folder {daemon.folder}, log {daemon.settings.logging.file}")
    try:
        _watch(daemon, seconds, live=sys.stdout.isatty() and not as_json)
    except KeyboardInterrupt:
        pass
    finally:
        _stop(daemon)
    summary = summarise(daemon.status, daemon.settings.paths.state_dir / LEDGER_DB, daemon.seconds)
    sys.stdout.write((json.dumps(summary.json()) if as_json else summary.words()) + "\n")
    if not keep:
        shutil.rmtree(daemon.folder)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM does what Ctrl-C does."""
    raise KeyboardInterrupt


def _stop(daemon: DemoDaemon) -> None:
    """Stop it, whatever is typed meanwhile: it must not be left behind."""
    say("demo: stopping the daemon")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    daemon.stop()


def _watch(daemon: DemoDaemon, seconds: float | None, *, live: bool) -> None:
    """Until time is up or the live view was left; DemoFailed when the daemon ends by itself."""
    view: subprocess.Popen[bytes] | None = None
    spoken = 0.0
    try:
        while seconds is None or daemon.seconds < seconds:
            daemon.look()
            if live and view is None and daemon.status:
                view = _open_view(daemon)
            if view is not None and view.poll() is not None:
                return
            if not live and daemon.seconds - spoken >= _CHATTER_S:
                spoken = daemon.seconds
                say(f"demo: {_progress(daemon.status)}")
            time.sleep(_POLL_S)
    finally:
        if view is not None:
            view.terminate()
            view.wait()


def _open_view(daemon: DemoDaemon) -> subprocess.Popen[bytes]:
    """`ptctl top`, which has the terminal until it is left."""
    command = python_command("powertraderd.ptctl", "top", "--socket", str(daemon.client.path))
    return subprocess.Popen(command)  # noqa: S603 - our own program


def _progress(status: Any) -> str:  # noqa: ANN401 - the status document
    """One line of how far training and trading are."""
    if not status:
        return "starting"
    coins = status["coins"].items()
    training = [
        f"{coin} {each['training']['progress']:.0%}"
        for coin, each in coins
        if each.get("training") and not each["training"]["trained_at"]
    ]
    if training:
        return f"training {', '.join(training)}"
    held = [coin for coin, each in coins if each.get("position")]
    value = status["account"].get("value")
    account = "unknown" if value is None else f"{Decimal(value):,.2f}"
    return f"trading; positions {', '.join(held) or 'none'}; account {account}"
