"""A soak: the daemon under random faults, and at the end the promises.

``make soak MINUTES=30 SEED=1`` is the demo's daemon on its paper exchange, ``make soak-live`` the
daemon in live mode against the loopback exchange. Exit code 1 for a broken promise.
"""

import argparse
import json
import random
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from powertraderd.commands import demo_settings
from powertraderd.model.money import plain
from powertraderd.settings_file import load
from powertraderd.supervision.client import DaemonUnreachable
from powertraderd.testing.live_soak import live_soak
from powertraderd.testing.rig import ROLES, Daemon, until
from powertraderd.testing.soak_course import PATIENCE_S, Course, run
from powertraderd.testing.soak_faults import Injector
from powertraderd.testing.soak_verdict import Verdict, judge

_BREAKER = {"breaker_fast_deaths": 5, "breaker_fast_window": 20, "breaker_slow_deaths": 100_000}
_BUDGETS = {"boot": 60, "read_orders": 3, "cycle": 30, "ledger": 8, "training_total": 120}


def soak(minutes: float, seed: int, folder: Path) -> tuple[Course, Injector, Verdict]:
    """Run for ``minutes`` and judge; leaves everything in ``folder``."""
    daemon = Daemon(folder, *ROLES)
    daemon.configure(sections=_market(folder), budgets=_BUDGETS, **_BREAKER)
    daemon.start()
    injector = Injector(daemon, random.Random(seed))  # noqa: S311 - repeatable on purpose
    course = Course()
    try:
        until(daemon.bought, "the first candles", PATIENCE_S)
        run(daemon, injector, course, minutes * 60)
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


def _settle(daemon: Daemon) -> None:
    """No more new orders, and time for those under way to come to their end."""
    daemon.ask("pause", reason="the soak is over")
    until(lambda: not _open_orders(daemon), "all orders to be final", PATIENCE_S)


def _open_orders(daemon: Daemon) -> bool:
    with suppress(DaemonUnreachable):
        answer = daemon.ask("orders", limit=100)
        if answer.ok:
            final = {"FILLED", "CANCELLED", "EXPIRED", "REJECTED", "NOT_PLACED"}
            return any(row["state"] not in final for row in answer.data["orders"])
    return True


def _words(course: Course, injector: Injector, verdict: Verdict) -> str:
    rows = [
        *course.rows(),
        *((f"spawned: {role}", str(count)) for role, count in verdict.restarts.items()),
        *((f"died: {why}", str(count)) for why, count in sorted(verdict.deaths.items())),
        ("parked / let go by the soak", f"{verdict.parked} / {course.unparked}"),
        ("longest life after the supervisor", f"{injector.orphan_s * 1000:.0f} ms"),
        ("requests by hand", str(injector.requests)),
        ("orders in the ledger", str(verdict.orders)),
        ("doubled orders", str(verdict.doubled_orders)),
        ("lost fills", str(verdict.lost_fills)),
        ("residual of the books", plain(verdict.residual)),
    ]
    return _sheet(rows, verdict.broken)


def _sheet(rows: Sequence[tuple[str, str]], broken: Sequence[str]) -> str:
    lines = [f"{name:<48}{figure:>24}" for name, figure in rows]
    return "\n".join(
        [*lines, "", *([f"BROKEN {each}" for each in broken] or ["every promise held"])]
    )


def main(arguments: Sequence[str]) -> int:
    """Soak as long as asked and print what came of it."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--live", action="store_true", help="live mode, loopback exchange")
    asked = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="powertraderd-soak-"))
    sys.stderr.write(f"soak: {asked.minutes:g} min, seed {asked.seed}, folder {folder}\n")
    if asked.live:
        outcome = live_soak(folder, asked.seed, minutes=asked.minutes)
        course, broken = outcome.course, outcome.broken
        words = _sheet(outcome.rows(), broken)
    else:
        course, injector, verdict = soak(asked.minutes, asked.seed, folder)
        broken, words = verdict.broken, _words(course, injector, verdict)
    sys.stdout.write(words + "\n")
    (folder / "heals.json").write_text(json.dumps(course.heals), encoding="ascii")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
