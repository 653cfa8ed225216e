"""`ptctl wait`: until the daemon is ready, has trained, or is gone."""

import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from powertraderd.ptctl import options
from powertraderd.ptctl.figures import duration, pick, text
from powertraderd.ptctl.session import UNREACHABLE, Session
from powertraderd.ptctl.training import untrained
from powertraderd.supervision.client import DaemonUnreachable
from powertraderd.supervision.protocol import Answer, Code, refusal

app = typer.Typer()
_POLL_S = 0.2
Status = Mapping[str, Any]
Lacking = Callable[[Status], list[str]]


class Condition(StrEnum):
    """What can be waited for."""

    READY = "ready"
    TRAINED = "trained"
    STOPPED = "stopped"


@app.command(rich_help_panel=options.DAEMON)
def wait(
    condition: Annotated[
        Condition, typer.Argument(help="ready: workers are; trained: all coins; stopped: gone.")
    ] = Condition.READY,
    *,
    worker: Annotated[
        str | None, typer.Option("--worker", "-w", metavar="NAME", help="Only this worker.")
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", "-t", min=0, metavar="SECONDS", help="At most.")
    ] = 60.0,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """Wait until the daemon is ready (default), has trained all coins, or has stopped.

    Leaves with 0 when it is so, 5 when time is up, 3 when there was no daemon all the time.

    Examples: ptctl wait && ptctl status      ptctl wait trained --timeout 300
    """
    session = Session(socket, as_json)
    if condition is Condition.STOPPED:
        session.leave(_until_gone(session, timeout))
    lacking = untrained if condition is Condition.TRAINED else _unready(worker)
    session.leave(_until(session, condition, lacking, timeout))


def _unready(worker: str | None) -> Lacking:
    def unready(status: Status) -> list[str]:
        workers = pick(status, "workers") or {}
        if not workers:
            return ["no worker is known yet"]
        if worker is not None and worker not in workers:
            return [f"{worker} (no such worker; known: {', '.join(workers)})"]
        wanted = {worker: workers[worker]} if worker else workers
        return [
            f"{name} ({_doing(each)})" for name, each in wanted.items() if not each.get("ready")
        ]

    return unready


def _doing(worker: Mapping[str, Any]) -> str:
    return f"{text(worker.get('state'))} {text(worker.get('phase'))}"


def _until(session: Session, condition: Condition, lacking: Lacking, timeout: float) -> Answer:
    started = time.monotonic()
    last = refusal("", UNREACHABLE, "no daemon")
    while True:
        missing: list[str] | None = None
        try:
            last = session.client().request("status")
            missing = lacking(last.data) if last.ok else [last.message]
        except DaemonUnreachable as unreachable:
            last = refusal("", UNREACHABLE, str(unreachable))
        elapsed = time.monotonic() - started
        if missing == []:
            return Answer(
                "", ok=True, code=Code.OK, message=f"{condition} after {duration(elapsed)}"
            )
        if elapsed >= timeout:
            return last if missing is None else _late(condition, missing, timeout)
        time.sleep(_POLL_S)


def _late(condition: Condition, missing: list[str], timeout: float) -> Answer:
    words = f"not {condition} after {duration(timeout)}: still waiting for {', '.join(missing)}"
    return refusal("", Code.TIMED_OUT, words)


def _until_gone(session: Session, timeout: float) -> Answer:
    started = time.monotonic()
    while True:
        try:
            session.client().request("status")
        except DaemonUnreachable:
            return Answer("", ok=True, code=Code.OK, message="stopped")
        if time.monotonic() - started >= timeout:
            words = f"the daemon still answers after {duration(timeout)}"
            return refusal("", Code.TIMED_OUT, words)
        time.sleep(_POLL_S)
