"""Proof one: the order was accepted (or was not), and the answer never came as it should."""

import itertools
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from powertraderd.testing.proof.books import fresh_ledger
from powertraderd.testing.proof.comparison import disagreements
from powertraderd.testing.proof.draws import DRAWS, Draw
from powertraderd.testing.proof.lane import Child, Lane

START = "2026-11-24T12:00:00+00:00"
POLICIES = ("return_existing", "reject", "reject_409", "allow", "return_existing_within_ttl:30")
LAGS_S = (0, 2, 60)
PHASES = ("before_commit", "after_commit")

ACTIONS: dict[str, dict[str, Any]] = {
    "close": {},
    "rst": {},
    "hang_before_headers": {},
    "header_drip": {"pause_s": 0.05},
    "continue_flood": {},
    "body_drip": {"pause_s": 0.05},
    "chunk_drip": {"pause_s": 0.05},
    "chunk_stall": {},
    "record_drip": {"pause_s": 0.05},
    "infinite_body": {},
    "truncate": {},
    "truncate_chunked": {},
    "truncate_no_length": {},
    "malformed_json": {},
    "html_200": {},
    "empty_200": {},
    "json_list": {},
    "json_null": {},
    "gzip_bomb": {"mib": 32},
    "big_body": {"mib": 10},
    "wrong_types": {"mode": "nulls"},
    "redirect 302": {"action": "redirect", "code": 302},
    "redirect 307": {"action": "redirect", "code": 307},
    "stale_keepalive": {},
    "late_commit 30": {"action": "late_commit", "s": 30},
    **{
        f"status {code}": {"action": "status", "code": code}
        for code in (400, 401, 403, 404, 409, 429, 500, 502, 503, 504)
    },
    **{
        f"refuse {code}": {"action": "refuse", "code": code}
        for code in (
            "UNKNOWN_FAILURE_REASON",
            "COMMANDER_REJECTED_NEW_ORDER",
            "A_CODE_OF_TOMORROW",
            "INSUFFICIENT_FUND",
        )
    },
}
"""What may happen to the answer to POST /orders (FAKE_EXCHANGE.md, 8)."""

READS = {
    "get_order": "/orders/historical/[0-9a-f-]{36}$",
    "list_orders": "/orders/historical/batch$",
    "fills": "/orders/historical/fills$",
    "accounts": "/accounts$",
}
"""Reads that may meet the same, while the order's fate hangs on them."""
_UNREAD = frozenset({"late_commit 30", "stale_keepalive", "redirect 307"})
_FAILING_READS = 2

ENDLESS = frozenset({"header_drip", "continue_flood", "body_drip", "chunk_drip", "infinite_body"})
"""The SDK never returns from these: the heartbeat's deadline kills the process, here we do."""

_READ_TIMEOUT_S = 0.4
_PATIENCE_S = 60.0
_MATCH = {"method": "POST", "path_regex": "/orders$", "count": 1}


@dataclass(frozen=True, slots=True)
class Case:
    """One combination."""

    action: str
    phase: str
    policy: str
    lag_s: int
    read: str = ""
    """The read that meets the action instead of the order; list_orders is asked after a close."""
    draw: Draw = DRAWS[0]

    def __str__(self) -> str:
        """For test ids."""
        where = f"{self.read}-" if self.read else ""
        return f"{where}{self.action}-{self.phase}-{self.policy}-{self.lag_s}s"


@dataclass(slots=True)
class Result:
    """What came out; ``broken`` is empty when every promise was kept."""

    case: Case
    killed: bool
    orders: int
    posts: int
    state: str
    seconds: float
    broken: list[str] = field(default_factory=list)


def cases() -> Iterator[Case]:
    """All combinations."""
    for action, phase, policy, lag_s in itertools.product(ACTIONS, PHASES, POLICIES, LAGS_S):
        if action == "late_commit 30" and phase == "before_commit":
            continue  # it is neither: the commit comes later
        yield Case(action, phase, policy, lag_s)
    for read, action in itertools.product(READS, ACTIONS):
        if action not in _UNREAD and not action.startswith("refuse"):
            yield Case(action, "after_commit", POLICIES[0], 0, read)


def run(lane: Lane, folder: Path, case: Case) -> Result:
    """Live through one combination and compare the books with the truth."""
    began = time.monotonic()
    lane.prepare(
        case.draw,
        dup_policy=case.policy,
        auth_clock="wall",
        order_lag_s=case.lag_s,
        list_lag_s=case.lag_s,
        fills_lag_s=case.lag_s,
        balance_lag_s=case.lag_s,
    )
    lane.venue.post("clock", freeze=START)
    lane.venue.post("faults", add=_rules(case))
    fresh_ledger(folder / "ledger.db")
    killed = _live(lane, folder, case)
    return _judged(lane, folder, case, killed=killed, seconds=time.monotonic() - began)


def _rules(case: Case) -> list[dict[str, Any]]:
    wanted = ACTIONS[case.action]
    rule = {"id": "it", "action": case.action, "phase": case.phase, "match": _MATCH, **wanted}
    if not case.read:
        return [rule]
    count = 1 if case.action in ENDLESS else _FAILING_READS
    rule["match"] = {"method": "GET", "path_regex": READS[case.read], "count": count}
    lost = {"id": "lost", "action": "close", "phase": "after_commit", "match": _MATCH}
    return [rule, lost] if case.read == "list_orders" else [rule]


def _live(lane: Lane, folder: Path, case: Case) -> bool:
    """Run the desk to its end; returns whether the first one had to be killed."""
    first = _bear(lane, folder, submit=True)
    killed = False
    if case.action in ENDLESS:
        _until_in_delivery(lane, first)
        killed = not first.ended(_READ_TIMEOUT_S)
        if killed:
            first.kill()
    if not killed and not first.ended(_PATIENCE_S):
        first.kill()
        killed = True
    if killed:
        second = _bear(lane, folder, submit=False)
        if not second.ended(_PATIENCE_S):
            second.kill()
    return killed


def _bear(lane: Lane, folder: Path, *, submit: bool) -> Child:
    request = {
        "life": "desk",
        "admin": lane.venue.admin_url,
        "rest": lane.venue.base_url,
        "ca": str(lane.venue.ca_file),
        "key_file": str(lane.key_file),
        "ledger": str(folder / "ledger.db"),
        "read_timeout_s": _READ_TIMEOUT_S,
        "submit": submit,
    }
    with (folder / "desk.log").open("ab") as log:
        return Child(lane.nursery.bear(request, [log.fileno()]))


def _until_in_delivery(lane: Lane, child: Child) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and not child.ended(0.01):
        journal = lane.venue.get("journal?since=0")
        if any(entry.get("in_delivery") and entry["fault_id"] == "it" for entry in journal):
            return


def _judged(lane: Lane, folder: Path, case: Case, *, killed: bool, seconds: float) -> Result:
    truth, journal = lane.venue.orders(), lane.venue.get("journal?since=0")
    notes = _notes(folder / "desk.log")
    ledger = folder / "ledger.db"
    broken = disagreements(ledger, truth, lane.venue.true_balances(), journal)
    if not notes or notes[-1].get("desk") != "ended":
        broken.append(f"the desk did not come to its end: {notes[-1:]}")
    elif notes[-1]["differences"]:
        broken.append(f"differences: {notes[-1]['differences']}")
    if not any(entry["fault_id"] == "it" for entry in journal):
        broken.append("the fault did not fire")
    if len(truth) > 1:
        broken.append(f"{len(truth)} orders for one intent")
    posts = sum(entry["method"] == "POST" for entry in journal)
    states = [order["status"] for order in truth] or ["none"]
    return Result(case, killed, len(truth), posts, ",".join(states), seconds, broken)


def _notes(log: Path) -> Sequence[dict[str, Any]]:
    lines = log.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith('{"desk"')]
