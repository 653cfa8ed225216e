"""S20: the daemon in live mode under random faults, judged by the exchange that knows the truth.

At the end the ledger and the oracle are compared to the last digit, and the oracle's invariants I1
to I9 are examined: one order for an intent, nothing sent while an outcome was unknown, no more
spent than the budget, no request beyond its deadline, no spin, no order on an old price, no secret
in the log. Memory and descriptors are sampled over each process's life.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from powertraderd.testing.live import BUDGET, LiveDaemon, lay_out_market
from powertraderd.testing.process_growth import Growth
from powertraderd.testing.proof.comparison import disagreements
from powertraderd.testing.proof.draws import ALGORITHMS
from powertraderd.testing.rig import until
from powertraderd.testing.soak_course import PATIENCE_S, Course, run, run_each
from powertraderd.testing.venue import Venue
from powertraderd.testing.venue_faults import GENEROUS, SLOW, VenueInjector
from powertraderd.workers.wiring import LEDGER_DB

QUIET_WINDOW_S = 3.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, how much came of it, and every broken promise in words."""

    course: Course
    requests: int
    faults_fired: int
    sent: int
    orders: int
    spent: Decimal
    growth: Growth
    broken: Sequence[str]

    def rows(self) -> list[tuple[str, str]]:
        """Names and figures."""
        return [
            *self.course.rows(),
            ("faults that met a request", str(self.faults_fired)),
            ("requests by hand", str(self.requests)),
            ("orders sent", str(self.sent)),
            ("orders at the exchange", str(self.orders)),
            ("spent and earned, USD", f"{self.spent:.2f}"),
            *self.growth.rows(),
        ]


def live_soak(folder: Path, seed: int, *, minutes: float | None = None) -> Outcome:
    """Soak for ``minutes``, or until every quick kind of fault was there once.

    An odd seed takes the Ed25519 key. Everything is kept in ``folder``. The account holds the
    daemon's budget and nothing else: books and exchange must be equal.
    """
    venue = Venue(folder / "venue", seed=seed).start()
    try:
        lay_out_market(venue)
        venue.post("balance", USD=str(BUDGET - venue.true_balances()["USD"]))
        venue.post("policy", **GENEROUS, reconcile_window_s=QUIET_WINDOW_S, t_jitter_ms=300)
        state = folder / "daemon"
        state.mkdir()
        algorithm = ALGORITHMS[seed % len(ALGORITHMS)]
        daemon = LiveDaemon(state, venue, algorithm=algorithm, quiet_window=QUIET_WINDOW_S)
        daemon.start()
        try:
            return _soak(daemon, venue, seed, minutes)
        finally:
            daemon.clean_up()
    finally:
        venue.stop()


def _soak(daemon: LiveDaemon, venue: Venue, seed: int, minutes: float | None) -> Outcome:
    injector = VenueInjector(daemon, random.Random(seed))  # noqa: S311 - repeatable on purpose
    course, growth = Course(), Growth()

    def look() -> None:
        growth.look({"supervisor": daemon.pid, **daemon.worker_pids()})

    until(daemon.bought, "a first purchase", PATIENCE_S)
    if minutes is None:
        run_each(daemon, injector, course, [k for k in injector.kinds if k not in SLOW], look)
    else:
        run(daemon, injector, course, minutes * 60, look)
    broken = [*_settle(daemon), *_judged(daemon, venue), *growth.broken()]
    orders = venue.orders()
    return Outcome(
        course=course,
        requests=injector.requests,
        faults_fired=injector.fired,
        sent=sum(entry["method"] == "POST" for entry in venue.get("journal?since=0")),
        orders=len(orders),
        spent=sum((Decimal(order["filled_value"]) for order in orders), Decimal(0)),
        growth=growth,
        broken=broken,
    )


def _settle(daemon: LiveDaemon) -> list[str]:
    """No new orders any more; those under way end, and the daemon itself finds no difference."""
    daemon.ask("pause", reason="the soak is over")
    until(lambda: not daemon.in_flight(), "all orders to be final", PATIENCE_S)
    halted = daemon.logs("trading_halted")
    if halted:
        return [f"trading halted: {halted[0]['reason']}"]
    until(lambda: daemon.ask("reconcile", 30).ok, "books and exchange to agree", PATIENCE_S)
    daemon.stop()
    return [f"tick failed: {each.get('exception')}" for each in daemon.logs("tick_failed")]


def _judged(daemon: LiveDaemon, venue: Venue) -> list[str]:
    journal = venue.get("journal?since=0")
    ledger = daemon.state_dir / LEDGER_DB
    broken = disagreements(ledger, venue.orders(), venue.true_balances(), journal)
    venue.post(
        "declare",
        ledger={"orders": _ledger_rows(daemon)},
        logs=[str(daemon.log_file)],
        secrets=[line for line in daemon.key.secret.splitlines() if "-----" not in line],
    )
    for name, verdict in venue.get("invariants").items():
        broken += [f"{name}: {evidence}" for evidence in verdict["evidence"]]
    return broken


def _ledger_rows(daemon: LiveDaemon) -> list[dict[str, Any]]:
    """The orders that the daemon knows the exchange's id of, read with plain SQL."""
    filled = daemon.filled()
    query = "SELECT client_order_id, order_id, state FROM orders WHERE order_id IS NOT NULL"
    rows = []
    for name, order_id, state in daemon.rows(query):
        size, fees = filled.get(str(name), (Decimal(0), Decimal(0)))
        rows.append(
            {
                "client_order_id": str(name),
                "order_id": str(order_id),
                "status": str(state),
                "filled_size": format(size, "f"),
                "fees": format(fees, "f"),
            }
        )
    return rows
