"""Proof two: the trader is killed at every point around an order, and the next one takes over."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from powertraderd.testing.proof.books import fresh_state
from powertraderd.testing.proof.comparison import disagreements
from powertraderd.testing.proof.draws import DRAWS, Draw
from powertraderd.testing.proof.lane import Lane
from powertraderd.testing.proof.marks import Mark
from powertraderd.testing.proof.trader import PATIENCE_S, QUIET_WINDOW_S, Trader, until_final
from powertraderd.workers.wiring import LEDGER_DB

LAG_S = 0.7
LATE_COMMIT_S = 0.5
"""The exchange's secrets last shorter than the quiet window, as in life."""
_FIRST_BUY = "200"
_BUY = "50"

Rule = dict[str, Any]

FATES: dict[str, Rule | None] = {
    "exists": None,
    "exists, answer lost": {"action": "close", "phase": "after_commit"},
    "does not exist": {"action": "close", "phase": "before_commit"},
    "visible late": None,
    "visible late, answer lost": {"action": "close", "phase": "after_commit"},
    "made late": {"action": "late_commit", "s": LATE_COMMIT_S, "phase": "after_commit"},
}
"""What becomes of the order that is under test; None: it is taken and answered."""
LATE = frozenset({"visible late", "visible late, answer lost"})

_BEFORE_ANSWER = (
    ("ledger", "record_intent", 1),
    ("ledger", "set_order_state", 1),
    ("broker", "place", 1),
    ("ledger", "set_order_state", 2),
)
_AFTER_PLACED = (
    ("broker", "order", 1),
    ("broker", "fills", 1),
    ("ledger", "record_fills", 1),
    ("ledger", "record_fills", 2),
)
_AFTER_LOST = (
    ("broker", "orders_since", 1),
    ("broker", "orders_since", 2),
)
_RECONCILING = (
    ("broker", "orders_since", 1),
    ("ledger", "set_order_state", 1),
    ("ledger", "set_order_state", 2),
    ("broker", "fills", 1),
    ("ledger", "record_fills", 1),
    ("broker", "balances", 1),
)
_WIRE: dict[str, dict[str, Rule]] = {
    "sent, not read": {
        "exists": {"action": "stall", "phase": "before_read"},
        "does not exist": {"action": "hang_before_headers", "phase": "before_read"},
    },
    "read, not committed": {
        "made late": {
            "action": "late_commit",
            "s": LATE_COMMIT_S,
            "phase": "after_commit",
            "then": "hang_before_headers",
        },
        "does not exist": {"action": "hang_before_headers", "phase": "before_commit"},
    },
    "committed, not answered": {
        "exists": {"action": "hang_before_headers", "phase": "after_commit"},
        "visible late": {"action": "hang_before_headers", "phase": "after_commit"},
    },
    "half answered": {
        "exists": {"action": "chunk_stall", "phase": "after_commit"},
        "visible late": {"action": "chunk_stall", "phase": "after_commit"},
    },
}

NOT_REACHED = "the trader did not come to the point where it was to die"


@dataclass(frozen=True, slots=True)
class Case:
    """One combination. ``wire``: killed from outside when the exchange has come so far."""

    side: str
    fate: str
    mark: Mark | None = None
    wire: str = ""
    second: Mark | None = None
    """The next incarnation dies here, while it reconciles."""
    draw: Draw = DRAWS[0]

    @property
    def point(self) -> str:
        """Where the trader dies, in words."""
        if self.second is not None:
            return f"reconciling: {self.second}"
        return f"on the wire: {self.wire}" if self.wire else str(self.mark)

    def __str__(self) -> str:
        """For test ids."""
        return f"{self.side} {self.point}; {self.fate}"


@dataclass(slots=True)
class Result:
    """What came out; ``broken`` is empty when every promise was kept."""

    case: Case
    deaths: int
    orders: int
    posts: int
    states: str
    seconds: float
    broken: list[str] = field(default_factory=list)


def cases() -> Iterator[Case]:
    """All combinations that can happen."""
    for side in ("BUY", "SELL"):
        for fate in FATES:
            for port, method, nth in _points(fate):
                for when in ("before", "after"):
                    yield Case(side, fate, Mark(port, method, when, nth, side))
        for wire, fates in _WIRE.items():
            for fate in fates:
                yield Case(side, fate, wire=wire)
        yield from _reconciling(side)


def _points(fate: str) -> tuple[tuple[str, str, int], ...]:
    if fate == "does not exist":
        return (*_BEFORE_ANSWER, *_AFTER_LOST)
    placed = _AFTER_PLACED[:3] if fate in LATE else _AFTER_PLACED  # late fills come all at once
    if FATES[fate] is None:
        return (*_BEFORE_ANSWER, *placed)
    return (*_BEFORE_ANSWER, *_AFTER_LOST[:1], *placed[1:])


def _reconciling(side: str) -> Iterator[Case]:
    """The first trader died between the call and its outcome."""
    first = Mark("broker", "place", "after", 1, side)
    for fate in FATES:
        for port, method, nth in _RECONCILING:
            if fate == "does not exist" and method in {"fills", "record_fills"}:
                continue
            for when in ("before", "after"):
                second = Mark(port, method, when, nth)
                yield Case(side, fate, first, second=second)


def run(lane: Lane, folder: Path, case: Case) -> Result:
    """Live through one combination and compare the books with the truth."""
    began = time.monotonic()
    fresh_state(folder)
    lane.prepare(case.draw, t_fill_ms=300, t_settle_ms=200, reconcile_window_s=QUIET_WINDOW_S)
    scene = _Scene(lane, folder, case)
    try:
        scene.play()
        scene.converge()
    finally:
        scene.end()
    return scene.judged(time.monotonic() - began)


class _Scene:
    def __init__(self, lane: Lane, folder: Path, case: Case) -> None:
        self._lane = lane
        self._folder = folder
        self._case = case
        self._incarnation = 0
        self._deaths = 0
        self._trader: Trader | None = None
        self._broken: list[str] = []

    # -- the play

    def play(self) -> None:
        """Until the last death that the case wants."""
        case = self._case
        trader = self._next(case.mark)
        if not trader.ready():
            raise AssertionError("the first trader died while it started")
        if case.side == "SELL":
            trader.command("first", "buy", coin="BTC", usd=_FIRST_BUY)
            answer = trader.hear("answer", "first")
            if answer is None or answer["code"] not in {"ok", "order_unsettled"}:
                msg = f"the first buy failed: {answer}"
                raise AssertionError(msg)
            until_final(self._folder)
        self._arrange()
        self._ask(trader)
        if case.wire:
            self._until_in_delivery()
            trader.child.kill()
        self._died(trader)
        if case.second is not None:
            self._ask(self._next(case.second))
            self._died(self._trader)

    def converge(self) -> None:
        """The next trader, asked the same again, finds out what became of everything."""
        trader = self._next(None)
        if not trader.ready():
            raise AssertionError("the last trader died while it started")
        self._ask(trader)
        trader.hear("answer", "under-test")
        until_final(self._folder)
        different = trader.agrees()
        if different:
            self._broken.append(f"differences: {different}")

    def end(self) -> None:
        """Leave no process behind."""
        if self._trader is not None:
            self._trader.end()

    # -- the parts

    def _next(self, mark: Mark | None) -> Trader:
        self.end()
        self._incarnation += 1
        self._trader = Trader(self._lane, self._folder, self._incarnation, mark)
        return self._trader

    def _arrange(self) -> None:
        """The fate of the order that comes now."""
        case, venue = self._case, self._lane.venue
        if case.fate in LATE:
            lags = ("order_lag_s", "list_lag_s", "fills_lag_s", "balance_lag_s")
            venue.post("policy", **dict.fromkeys(lags, LAG_S))
        rule = _WIRE[case.wire][case.fate] if case.wire else FATES[case.fate]
        if rule is not None:
            match = {"method": "POST", "path_regex": "/orders$", "side": case.side, "count": 1}
            venue.post("faults", add={"id": "fate", "match": match, **rule})

    def _ask(self, trader: Trader) -> None:
        """Repeating a request by its id repeats the answer and not the order."""
        if self._case.side == "BUY":
            trader.command("under-test", "buy", coin="BTC", usd=_BUY)
        else:
            trader.command("under-test", "sell", coin="BTC", all=True)

    def _died(self, trader: Trader | None) -> None:
        if trader is not None and trader.child.ended(PATIENCE_S):
            self._deaths += 1
            return
        self._broken.append(NOT_REACHED)

    def _until_in_delivery(self) -> None:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if any(rule["fired"] for rule in self._lane.venue.get("stats")["faults"]):
                return
            time.sleep(0.01)
        raise AssertionError("the order did not reach the exchange")

    # -- the verdict

    def judged(self, seconds: float) -> Result:
        """Compare, and keep the oracle's journal for those who want to check by hand."""
        case, venue = self._case, self._lane.venue
        truth, journal = venue.orders(), venue.get("journal?since=0")
        found = disagreements(self._folder / LEDGER_DB, truth, venue.true_balances(), journal)
        mine = [order for order in truth if order["side"] == case.side]
        posts = [e for e in journal if e["method"] == "POST" and f'"{case.side}"' in e["body"]]
        broken = self._broken + found
        if len(mine) > 1:
            broken.append(f"{len(mine)} orders for one intent")
        if len({entry["client_order_id"] for entry in posts}) > 1:
            broken.append("a new id for the same intent")
        invariants = venue.get("invariants")
        broken += [f"{name}: {v['evidence']}" for name, v in invariants.items() if not v["ok"]]
        _keep(self._folder / "oracle.json", truth, journal)
        states = ",".join(order["status"] for order in mine) or "none"
        return Result(case, self._deaths, len(mine), len(posts), states, seconds, broken)


def _keep(path: Path, truth: Any, journal: Any) -> None:  # noqa: ANN401 - JSON
    path.write_text(json.dumps({"orders": truth, "journal": journal}, indent=1), encoding="utf-8")
