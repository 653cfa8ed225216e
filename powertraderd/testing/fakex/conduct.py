"""How the client behaved, as the journal shows it: I3, I6, I7, I8 and I9."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from powertraderd.testing.fakex.journal import Entry
from powertraderd.testing.fakex.knobs import Knobs

_ORDERS = "/api/v3/brokerage/orders"
_OK = 200
_HEADER = "eyJ"
"""Every token begins with the brace and the quotation mark of its header."""
_LIST = "/api/v3/brokerage/orders/historical/batch"


def _posts(journal: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in journal if (entry["method"], entry["path"]) == ("POST", _ORDERS)]


def sent_while_unknown(journal: Sequence[Entry], window_s: float) -> Iterator[str]:
    """I3: an order left although nobody knew what had become of an earlier one of its product."""
    unknown: list[Entry] = []
    for later in _posts(journal):
        before, unknown = unknown, []
        for earlier in before:
            if earlier["product"] == later["product"]:
                if _resolved(journal, earlier, later, window_s):
                    continue
                yield (
                    f"{later['client_order_id']} was sent while the outcome of "
                    f"{earlier['client_order_id']} was unknown"
                )
            unknown.append(earlier)
        if not (later["delivered"] and later["status"] == _OK):
            unknown.append(later)


def _resolved(journal: Sequence[Entry], earlier: Entry, later: Entry, window_s: float) -> bool:
    """Seen by a read, or absent from reads over the whole window."""
    between = [
        entry
        for entry in journal
        if earlier["n"] < entry["n"] < later["n"] and entry["delivered"] and entry["status"] == _OK
    ]
    if any(earlier["client_order_id"] in entry.get("shows", ()) for entry in between):
        return True
    reads = [
        datetime.fromisoformat(entry["t_virtual"])
        for entry in between
        if entry["path"] == _LIST and entry["product"] in ("", earlier["product"])
    ]
    return bool(reads) and (max(reads) - min(reads)).total_seconds() >= window_s * _TOLERANCE


_TOLERANCE = 0.98
"""The client measures its window at its own end of the line."""


def outlived(journal: Sequence[Entry], deadline_s: float) -> Iterator[str]:
    """I6: a request was still waited for after its deadline."""
    for entry in journal:
        took_s = entry.get("t_end", entry["t_mono"]) - entry["t_mono"]
        if took_s > deadline_s + 1:
            yield f"request {entry['n']} {entry['method']} {entry['path']}: {took_s:.1f} s"


def too_fast(journal: Sequence[Entry], knobs: Knobs) -> Iterator[str]:
    """I7: more requests in a second than allowed, or the same question over and over."""
    seconds: dict[int, Counter[str]] = defaultdict(Counter)
    for entry in journal:
        if entry["listener"] == "rest":
            question = f"{entry['method']} {entry['path']}?{entry['query']}"
            seconds[int(entry["t_mono"])][question] += 1
    for second, questions in seconds.items():
        if questions.total() > 2 * knobs.private_rps:  # a second may hold two bursts
            yield f"second {second}: {questions.total()} requests"
        for question, count in questions.items():
            if question.startswith("GET") and count > knobs.same_gets_per_s:
                yield f"second {second}: {count} times {question}"


def sent_although(
    journal: Sequence[Entry], declared: Mapping[str, Any], stale_after_s: float
) -> Iterator[str]:
    """I8: an order left after a halt, or on prices that were too old."""
    halted = declared.get("halted_at_mono")
    quoted: dict[str, float] = {}
    for entry in journal:
        quoted.update(entry.get("quote_ages", {}))
        if (entry["method"], entry["path"]) != ("POST", _ORDERS):
            continue
        if halted is not None and entry["t_mono"] > halted:
            yield f"{entry['client_order_id']} was sent after the halt"
        age_s = quoted.get(entry["product"], 0.0)
        if age_s > stale_after_s:
            yield f"{entry['client_order_id']} was sent on a price that was {age_s:.0f} s old"


def secrets_in_logs(declared: Mapping[str, Any], tokens: Sequence[str]) -> Iterator[str]:
    """I9: a token or a declared secret in a declared log file."""
    secrets = declared.get("secrets", [])
    for name in declared.get("logs", []):
        log = Path(name).read_text(encoding="utf-8", errors="replace")
        found = sum(secret in log for secret in secrets)
        if _HEADER in log:  # there are many tokens
            found += sum(token in log for token in tokens)
        if found:
            yield f"{name}: {found} secrets"
