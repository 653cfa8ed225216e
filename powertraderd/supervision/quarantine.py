"""Poison calls: a call that hung on one particular order or product is kept away from for a while.

The key is the phase together with its detail. The next incarnation is handed the list and takes
another route for these keys, so one bad order cannot kill the trader again and again. Pure.
"""

from dataclasses import dataclass

from powertraderd.supervision.backoff import Backoff

_KEPT = 64


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Keep from calling ``phase`` for ``detail`` until ``until_ns``: it hung ``strikes`` times."""

    phase: str
    detail: str
    until_ns: int
    strikes: int


def active(entries: tuple[Quarantine, ...], phase: str, detail: str, now_ns: int) -> bool:
    """Whether the call is to be avoided now."""
    return any(
        (entry.phase, entry.detail) == (phase, detail) and now_ns < entry.until_ns
        for entry in entries
    )


def quarantined(
    entries: tuple[Quarantine, ...], phase: str, detail: str, now_ns: int, growth: Backoff
) -> tuple[Quarantine, ...]:
    """``entries`` after a hang in ``phase`` on ``detail``; each strike doubles the delay.

    A phase without a detail names nothing that could be avoided and adds nothing. The newest 64
    entries are kept.
    """
    if not detail:
        return entries
    strikes = next((e.strikes for e in entries if (e.phase, e.detail) == (phase, detail)), 0)
    entry = Quarantine(phase, detail, now_ns + growth.delay_ns(strikes, 1.0), strikes + 1)
    others = tuple(e for e in entries if (e.phase, e.detail) != (phase, detail))
    return (*others, entry)[-_KEPT:]
