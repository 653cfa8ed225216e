"""Supervision: from a hang to trading again, and what watching costs.

``python benchmarks/supervision.py [HANGS]``; fifty hangs with the default ladder take five minutes.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from powertraderd.testing.rig import ROLES, Daemon, until

DEADLINE_S = 1.0
DEFAULTS = {
    "ladder_term": 1,
    "ladder_kill": 3,
    "ladder_unkillable": 5,
    "backoff_base": 1,
    "backoff_cap": 60,
    "mute_after": 1,
}
MANY = {"breaker_fast_deaths": 10_000, "breaker_slow_deaths": 10_000, "stable_after": 0.1}
REST_S = 60.0


def _row(what: str, figure: str) -> None:
    print(f"{what:<58} {figure:>20}", flush=True)


def _spread(seconds: Sequence[float], unit: str = "s", scale: float = 1) -> str:
    middle, worst = statistics.median(seconds) * scale, max(seconds) * scale
    return f"{middle:.2f} / {worst:.2f} {unit}"


def hangs(folder: Path, count: int) -> None:
    """The real trader hangs in a read from the exchange: how long until one trades again."""
    daemon = Daemon(folder, "trainer", "trader")
    daemon.configure(
        budgets={"quotes": DEADLINE_S, "cycle": 20}, sections={"supervisor": {**DEFAULTS, **MANY}}
    )
    daemon.start()
    try:
        until(daemon.bought, "the first candles")
        late = [_hang(daemon) for _ in range(count)]
        daemon.stop()
    finally:
        daemon.clean_up()
    _row(f"deadline to trading again, median / worst of {count}", _spread(late))
    died = [_ladder_s(daemon, number) for number in range(count)]
    _row(f"deadline to dead and reaped, median / worst of {count}", _spread(died))


def _hang(daemon: Daemon) -> float:
    """Seconds from the broken promise to the first completed cycle of the next incarnation."""
    pid = until(lambda: daemon.worker("trader").get("pid"), "a trader")
    until(lambda: (daemon.worker("trader").get("loops") or 0) > 3, "the trader to be stable")
    daemon.order("trader", "once half_open broker.quotes")
    until(lambda: daemon.worker("trader").get("phase") == "broker.quotes", "the hang")
    deadline = time.monotonic() + float(daemon.worker("trader")["deadline_in_s"])

    def cycled() -> bool:
        trader = daemon.worker("trader")
        return trader.get("pid") not in {None, pid} and (trader.get("loops") or 0) > 0

    until(cycled, "the next trader to cycle")
    return time.monotonic() - deadline


def _ladder_s(daemon: Daemon, number: int) -> float:
    hung = daemon.logs("worker_hung", "trader")[number]
    died = daemon.logs("worker_died", "trader")[number]
    return _time(died) - _time(hung) + float(hung["overdue_s"])


def _time(line: dict[str, object]) -> float:
    hours, minutes, seconds = str(line["ts"]).rstrip("Z").split("T")[1].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def rest(folder: Path) -> None:
    """Processor time of the supervisor with everybody at work at the default pace."""
    daemon = Daemon(folder, *ROLES)
    daemon.configure(sections={"trading": {"coins": ["BTC"]}, "supervisor": DEFAULTS})
    daemon.start()
    try:
        until(daemon.bought, "the first candles")
        before = _processor_s(daemon.pid)
        time.sleep(REST_S)
        used = _processor_s(daemon.pid) - before
    finally:
        daemon.clean_up()
    _row("processor time of the supervisor at rest, per day", f"{used * 86_400 / REST_S:.0f} s")


def _processor_s(pid: int) -> float:
    schedstat = Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii")
    return int(schedstat.split()[0]) / 1e9


def status(folder: Path) -> None:
    """Every worker hangs; the owner asks."""
    daemon = Daemon(folder)
    daemon.configure(budgets={"cycle": 600, "training_total": 600})
    daemon.start()
    try:
        for role in ROLES:
            daemon.order(role, f"block stuck-{role} detail 500")
        for role in ROLES:
            daemon.in_phase(role, f"stuck-{role}")
        asked = [_timed(daemon.status) for _ in range(200)]
        typed = [_timed(lambda: daemon.ptctl("status")) for _ in range(20)]
    finally:
        daemon.clean_up()
    _row("status over the socket, all hung, median / worst of 200", _spread(asked, "ms", 1000))
    _row("ptctl status as a process, all hung, median / worst of 20", _spread(typed, "ms", 1000))


def _timed(call: object) -> float:
    began = time.perf_counter()
    call()  # type: ignore[operator]
    return time.perf_counter() - began


def main() -> None:
    """All of it."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    for measure in (status, rest, lambda folder: hangs(folder, count)):
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder))


if __name__ == "__main__":
    main()
