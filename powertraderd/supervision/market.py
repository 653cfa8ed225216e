"""Where an accelerated market stands: it goes on while the daemon is down, as a real one would."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from powertraderd.clock import AcceleratedClock, Clock, RealClock
from powertraderd.settings import ClockSettings
from powertraderd.supervision.state_file import Anchor

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Market:
    """The clock of this run, what workers are told of it, and the anchor to remember."""

    clock: Clock
    message: dict[str, Any]
    anchor: Anchor | None


def market(
    settings: ClockSettings, known: Anchor | None, wall: datetime, monotonic_ns: int
) -> Market:
    """The market clock at wall time ``wall``, which is machine time ``monotonic_ns``.

    From here on only machine time counts, so a wall clock that jumps changes nothing. A ``known``
    anchor of the same start is continued, also at another speed; another start begins anew.
    """
    if settings.kind == "real" or settings.start is None:
        message = {"kind": "real", "start": None, "speed": 1.0, "origin_ns": 0}
        return Market(RealClock(), message, known)
    anchor = _anchor(settings.start, settings.speed, known, wall)
    origin_ns = monotonic_ns - int((wall - anchor.wall) / timedelta(microseconds=1)) * 1_000
    message = {
        "kind": "accelerated",
        "start": anchor.start.isoformat(),
        "speed": anchor.speed,
        "origin_ns": origin_ns,
    }
    return Market(AcceleratedClock(anchor.start, anchor.speed, origin_ns), message, anchor)


def _anchor(start: datetime, speed: float, known: Anchor | None, wall: datetime) -> Anchor:
    if known is None or known.start != start:
        return Anchor(start, speed, wall)
    if known.wall > wall:  # the wall clock went back: the market does not
        return Anchor(start, speed, wall)
    elapsed = (wall - known.wall) * known.speed
    return Anchor(start, speed, wall - elapsed / speed)
