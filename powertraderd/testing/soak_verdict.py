"""Whether the promises held in a soak: read from the log, the ledger and the paper book alone."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from powertraderd.adapters.sqlite.ledger_reader import LedgerReader
from powertraderd.model.order import OrderRecord, OrderState, Tag
from powertraderd.settings import SupervisorSettings
from powertraderd.strategy import ledgering
from powertraderd.workers.wiring import LEDGER_DB, PAPER_DB

Line = Mapping[str, Any]

_EVERY_ORDER = 1_000_000
_SLACK = timedelta(seconds=2)  # of a machine that does other things as well
_NEVER_AT_THE_EXCHANGE = (OrderState.NOT_PLACED, OrderState.REJECTED, OrderState.INTENDED)
_ENTRIES = (Tag.ENTRY.value, Tag.DCA.value)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts, and every broken promise in words; an empty list is the promise of the product."""

    restarts: Mapping[str, int]
    deaths: Mapping[str, int]
    parked: int
    orders: int
    doubled_orders: int
    lost_fills: int
    residual: Decimal
    broken: Sequence[str]


def judge(log: Path, state_dir: Path, numbers: SupervisorSettings) -> Verdict:
    """Read everything once, after the daemon's end."""
    lines = list(_lines(log))
    with closing(LedgerReader(state_dir / LEDGER_DB)) as reader:
        records, books = reader.orders(_EVERY_ORDER), reader.books()
    given = _at_the_exchange(state_dir / PAPER_DB)
    residual = ledgering.residual(books)
    doubled, lost = _doubled(records), _lost(records, given)
    deaths = Counter(f"{each['of']} {each['reason']}" for each in _of("worker_died", lines))
    spawned = Counter(str(each["of"]) for each in _of("worker_spawned", lines))
    broken = [
        *_two_at_once(lines),
        *_late_deaths(lines, numbers),
        *_unbounded(lines, numbers),
        *_entered_while_paused(lines),
        *(f"g: order repeated: {each}" for each in doubled),
        *(f"g: fills lost or invented: {each}" for each in lost),
        *([] if residual == 0 else [f"the books are off by {residual}"]),
        *(f"tick failed: {each.get('exception')}" for each in _of("tick_failed", lines)),
        *(f"trading halted: {each['reason']}" for each in _of("trading_halted", lines)),
    ]
    parked = sum(1 for _ in _of("worker_parked", lines))
    return Verdict(spawned, deaths, parked, len(records), len(doubled), len(lost), residual, broken)


def _lines(log: Path) -> Iterator[Line]:
    with log.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            if text.startswith("{") and text.endswith("}\n"):
                try:
                    yield json.loads(text)
                except ValueError:  # cut by a kill
                    continue


def _of(event: str, lines: Sequence[Line]) -> Iterator[Line]:
    return (line for line in lines if line["event"] == event)


def _at(line: Line) -> datetime:
    return datetime.fromisoformat(line["ts"])


def _two_at_once(lines: Sequence[Line]) -> Iterator[str]:
    """a: within one supervisor's life, a spawn only follows the death before it."""
    living: dict[str, int] = {}
    for line in lines:
        match line["event"]:
            case "supervisor_started":
                living.clear()
            case "worker_spawned":
                if line["of"] in living:
                    yield f"a: {line['of']} {line['pid']} was started beside {living[line['of']]}"
                living[line["of"]] = line["pid"]
            case "worker_died":
                living.pop(line["of"], None)


def _late_deaths(lines: Sequence[Line], numbers: SupervisorSettings) -> Iterator[str]:
    """b: whoever breaks a deadline is dead in the time of the ladder, plus our own stalls."""
    condemned: dict[str, datetime] = {}
    for line in lines:
        match line["event"]:
            case "supervisor_started":
                condemned.clear()
            case "worker_hung" | "worker_overrun" | "worker_mute":
                condemned.setdefault(line["of"], _at(line))
            case "supervisor_stalled":
                gap = timedelta(seconds=line["gap_s"])
                condemned = {role: at + gap for role, at in condemned.items()}
            case "worker_died" if line["of"] in condemned:
                took = _at(line) - condemned.pop(line["of"])
                if took > timedelta(seconds=numbers.ladder_unkillable) + _SLACK:
                    yield f"b: {line['of']} died {took.total_seconds():.1f} s after its verdict"


def _unbounded(lines: Sequence[Line], numbers: SupervisorSettings) -> Iterator[str]:
    """d: never more counted deaths in the short window than the breaker allows."""
    window = timedelta(seconds=numbers.breaker_fast_window)
    deaths: defaultdict[str, list[datetime]] = defaultdict(list)
    for line in lines:
        match line["event"]:
            case "supervisor_started":
                deaths.clear()
            case "worker_safe_mode" | "worker_parked" | "worker_unparked":
                deaths[line["of"]].clear()
            case "worker_died" if line["counted"]:
                recent = [at for at in deaths[line["of"]] if _at(line) - at < window]
                deaths[line["of"]] = [*recent, _at(line)]
                if len(recent) + 1 > numbers.breaker_fast_deaths:
                    yield f"d: {line['of']} died {len(recent) + 1} times and was started again"


def _entered_while_paused(lines: Sequence[Line]) -> Iterator[str]:
    """h: no entry and no averaging down from a pause to its end, whatever was killed between."""
    since: datetime | None = None
    for line in lines:
        match line["event"]:
            case "trading_pause":
                since = since or _at(line)
            case "trading_resume":
                since = None
            case "order_intended" if line["tag"] in _ENTRIES and since is not None:
                if _at(line) - since > _SLACK:
                    yield f"h: {line['tag']} {line['client_order_id']} while paused"


def _at_the_exchange(path: Path) -> dict[str, Decimal]:
    """Client order id to the quantity that the paper exchange gave."""
    found: dict[str, Decimal] = {}
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as book:
        rows = book.execute(
            "SELECT o.client_order_id, f.quantity FROM orders o LEFT JOIN fill f USING (order_id)"
        ).fetchall()
    for client_order_id, quantity in rows:
        found[client_order_id] = found.get(client_order_id, Decimal(0)) + Decimal(quantity or 0)
    return found


def _doubled(records: Sequence[OrderRecord]) -> list[str]:
    """One request, one order; orders that never reached the exchange count as well."""
    asked = Counter(each.intent.request_id for each in records if each.intent.request_id)
    return [f"{request_id}: {count} orders" for request_id, count in asked.items() if count > 1]


def _lost(records: Sequence[OrderRecord], given: Mapping[str, Decimal]) -> list[str]:
    """Every order of the exchange stands in the ledger with the quantity that it gave."""
    known = {each.intent.client_order_id: each for each in records}
    wrong = [f"{each}: not in the ledger" for each in given if each not in known]
    for client_order_id, record in known.items():
        there = given.get(client_order_id)
        if there is None and record.state in _NEVER_AT_THE_EXCHANGE:
            continue
        if there != record.filled_quantity:
            wrong.append(
                f"{client_order_id}: ledger {record.state} {record.filled_quantity}, given {there}"
            )
    return wrong
