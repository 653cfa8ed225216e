"""What trading may do, for people: ACTIVE, REDUCING or HALTED, and every reason for it: pure.

The owner's word and safe mode are the supervisor's own; differences and brakes are what the trader
last reported.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from powertraderd.model.decision import Standing
from powertraderd.supervision.state_file import DurableState

_NO_REASON = "no reason given"


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason: its code and the words for people."""

    code: str
    why: str


def causes(held: DurableState, *, safe_mode: bool, report: Mapping[str, Any]) -> tuple[Cause, ...]:
    """Why not everything is allowed; the strictest first, empty while it is."""
    return (*_owners(held), *_safe_mode(safe_mode=safe_mode), *_reported(report))


def standing(found: tuple[Cause, ...]) -> Standing:
    """What the causes amount to."""
    if not found:
        return Standing.ACTIVE
    return Standing.HALTED if found[0].code == "halted" else Standing.REDUCING


def _owners(held: DurableState) -> Iterator[Cause]:
    if held.halted:
        yield Cause("halted", held.reason or _NO_REASON)
    elif held.paused:
        yield Cause("paused", held.reason or _NO_REASON)


def _safe_mode(*, safe_mode: bool) -> Iterator[Cause]:
    if safe_mode:
        yield Cause("safe_mode", "the trader died too often; ptctl unpark trader ends it")


def _reported(report: Mapping[str, Any]) -> Iterator[Cause]:
    for words in report.get("differences") or ():
        yield Cause("differences", str(words))
    safeguards = report.get("safeguards")
    brakes = safeguards.get("brakes") if isinstance(safeguards, dict) else None
    for brake in brakes or ():
        if isinstance(brake, dict):
            yield Cause(str(brake.get("code")), str(brake.get("why")))
