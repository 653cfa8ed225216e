"""A soak: the demo's daemon under random faults, and at the end the promises.

``make soak MINUTES=30 SEED=1``; exit code 1 for a broken promise.
"""

import argparse
import json
import random
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from powertraderd.commands import demo_settings
from powertraderd.model.money import plain
from powertraderd.settings_file import load
from powertraderd.supervision.client import DaemonUnreachable
from powertraderd.testing.rig import ROLES, Daemon, until
from powertraderd.testing.soak_faults import Injector
from powertraderd.testing.soak_verdict import Verdict, judge

_PATIENCE_S = 300.0
_PROMPT_S = 0.2  # promise f
_REPORT_EVERY_S = 30.0
_BREAKER = {"breaker_fast_deaths": 5, "breaker_fast_window": 20, "breaker_slow_deaths": 100_000}
_BUDGETS = {"boot": 60, "read_orders": 3, "cycle": 30, "ledger": 8, "training_total": 120}


@dataclass(slots=True)
class Course:
    """What was done and how long things took, seconds."""

    kinds: Counter[str] = field(default_factory=Counter)
    heals: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    unparked: int = 0


def soak(minutes: float, seed: int, folder: Path) -> tuple[Course, Injector, Verdict]:
    """Run for ``minutes`` and judge; leaves everything in ``folder``."""
    daemon = Daemon(folder, *ROLES)
    daemon.configure(sections=_market(folder), budgets=_BUDGETS, **_BREAKER)
    daemon.start()
    injector = Injector(daemon, random.Random(seed))  # noqa: S311 - repeatable on purpose
    course = Course()
    try:
        until(daemon.bought, "the first candles", _PATIENCE_S)
        _run(daemon, injector, course, minutes * 60)
        _settle(daemon)
        daemon.stop()
    finally:
        daemon.clean_up()
    return (
        course,
        injector,
        judge(daemon.log_file, daemon.state_dir, load(daemon.config).supervisor),
    )


def _market(folder: Path) -> Mapping[str, Mapping[str, object]]:
    """The demo's settings, without its folders, log file and port."""
    ours = folder / "demo"
    ours.mkdir()
    tables: dict[str, dict[str, Any]] = tomllib.loads(
        demo_settings.write(ours).read_text(encoding="utf-8")
    )
    moments = {
        name: {key: _plain(each) for key, each in table.items()} for name, table in tables.items()
    }
    kept = {n: t for n, t in moments.items() if n not in {"paths", "exporter", "logging"}}
    kept["trading"] |= {"quiet_window_seconds": 2}
    return {**kept, "logging": {"level": "info"}, "control": {"ack_seconds": 2}}


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | list) else str(value)


def _run(daemon: Daemon, injector: Injector, course: Course, seconds: float) -> None:
    began = spoke = time.monotonic()
    while time.monotonic() - began < seconds:
        kind = injector.one()
        injected = time.monotonic()
        _heal(daemon, course)
        course.kinds[kind] += 1
        course.heals.append(time.monotonic() - injected)
        injector.trade()
        if time.monotonic() - spoke > _REPORT_EVERY_S:
            spoke = time.monotonic()
            done = f"{(spoke - began) / 60:.1f} min, {course.kinds.total()} faults"
            sys.stderr.write(f"soak: {done}, healing {median(course.heals):.2f} s (median)\n")


def _heal(daemon: Daemon, course: Course) -> None:
    """Until every worker runs and the trader has cycled on; who is parked is let go again."""
    loops: dict[int, int] = {}

    def healed() -> bool:
        asked = time.monotonic()
        workers = daemon.status().get("workers", {})
        if workers:
            course.answers.append(time.monotonic() - asked)
        for role, each in workers.items():
            if each["state"] == "PARKED":
                course.unparked += daemon.ask("unpark", worker=role).ok
        if len(workers) < len(ROLES) or any(e["state"] != "RUNNING" for e in workers.values()):
            return False
        trader = workers["trader"]
        return int(trader["loops"]) > loops.setdefault(trader["pid"], int(trader["loops"]))

    until(healed, "everybody to run again", _PATIENCE_S)


def _settle(daemon: Daemon) -> None:
    """No more new orders, and time for those under way to come to their end."""
    daemon.ask("pause", reason="the soak is over")
    until(lambda: not _open_orders(daemon), "all orders to be final", _PATIENCE_S)


def _open_orders(daemon: Daemon) -> bool:
    with suppress(DaemonUnreachable):
        answer = daemon.ask("orders", limit=100)
        if answer.ok:
            final = {"FILLED", "CANCELLED", "EXPIRED", "REJECTED", "NOT_PLACED"}
            return any(row["state"] not in final for row in answer.data["orders"])
    return True


def _words(course: Course, injector: Injector, verdict: Verdict) -> str:
    late = sum(answer > _PROMPT_S for answer in course.answers)
    rows = [
        *((f"fault: {kind}", str(count)) for kind, count in sorted(course.kinds.items())),
        ("faults in all", str(course.kinds.total())),
        *((f"spawned: {role}", str(count)) for role, count in verdict.restarts.items()),
        *((f"died: {why}", str(count)) for why, count in sorted(verdict.deaths.items())),
        ("parked / let go by the soak", f"{verdict.parked} / {course.unparked}"),
        ("healed after, median", f"{median(course.heals):.2f} s"),
        ("healed after, worst", f"{max(course.heals):.2f} s"),
        ("longest life after the supervisor", f"{injector.orphan_s * 1000:.0f} ms"),
        ("status answers / over 200 ms", f"{len(course.answers)} / {late}"),
        ("status answer, worst", f"{max(course.answers) * 1000:.0f} ms"),
        ("requests by hand", str(injector.requests)),
        ("orders in the ledger", str(verdict.orders)),
        ("doubled orders", str(verdict.doubled_orders)),
        ("lost fills", str(verdict.lost_fills)),
        ("residual of the books", plain(verdict.residual)),
    ]
    lines = [f"{name:<48}{figure:>24}" for name, figure in rows]
    broken = [f"BROKEN {each}" for each in verdict.broken] or ["every promise held"]
    return "\n".join([*lines, "", *broken])


def main(arguments: Sequence[str]) -> int:
    """Soak as long as asked and print what came of it."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="powertraderd-soak-"))
    sys.stderr.write(f"soak: {asked.minutes:g} min, seed {asked.seed}, folder {folder}\n")
    course, injector, verdict = soak(asked.minutes, asked.seed, folder)
    sys.stdout.write(_words(course, injector, verdict) + "\n")
    (folder / "heals.json").write_text(json.dumps(course.heals), encoding="ascii")
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
