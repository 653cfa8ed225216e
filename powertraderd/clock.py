"""Clocks: market time (aware UTC) and machine time (monotonic nanoseconds), never mixed.

Machine time is CLOCK_MONOTONIC, which all processes of one machine share; deadlines and
heartbeats use nothing else. Market time is what candles, quotes and orders are dated by; it may
be accelerated for paper trading on recorded or synthetic markets.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

NANOSECOND = 1_000_000_000


class Clock(Protocol):
    """Where the edges get the time from; pure code is handed times as arguments."""

    def now(self) -> datetime:
        """Market time, aware UTC."""
        ...

    def monotonic_ns(self) -> int:
        """Machine time in nanoseconds; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Sleep for machine ``seconds``."""
        ...


class RealClock:
    """Market time is the wall clock."""

    def now(self) -> datetime:
        """Wall clock, aware UTC."""
        return datetime.now(UTC)

    def monotonic_ns(self) -> int:
        """CLOCK_MONOTONIC in nanoseconds."""
        return time.monotonic_ns()

    def sleep(self, seconds: float) -> None:
        """Sleep for machine ``seconds``."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class AcceleratedClock:
    """Market time runs ``speed`` market seconds per machine second from ``start``.

    ``origin_ns`` is the machine time at which the market stood at ``start``. All workers get the
    same three values, so they all see the same market time.
    """

    start: datetime
    speed: float
    origin_ns: int

    def now(self) -> datetime:
        """Market time, aware UTC."""
        elapsed_s = (time.monotonic_ns() - self.origin_ns) / NANOSECOND
        return self.start + timedelta(seconds=elapsed_s * self.speed)

    def monotonic_ns(self) -> int:
        """CLOCK_MONOTONIC in nanoseconds."""
        return time.monotonic_ns()

    def sleep(self, seconds: float) -> None:
        """Sleep for machine ``seconds``."""
        time.sleep(seconds)


class FrozenClock:
    """A clock that moves only when told to; for tests and for replayed history."""

    def __init__(self, now: datetime, monotonic_ns: int = 0) -> None:
        """Stand at market time ``now`` and machine time ``monotonic_ns``."""
        self._now = now
        self._monotonic_ns = monotonic_ns

    def now(self) -> datetime:
        """The market time it was set to."""
        return self._now

    def monotonic_ns(self) -> int:
        """The machine time it was set to."""
        return self._monotonic_ns

    def advance(self, seconds: float) -> None:
        """Move both times on by ``seconds``."""
        self._now += timedelta(seconds=seconds)
        self._monotonic_ns += int(seconds * NANOSECOND)

    def sleep(self, seconds: float) -> None:
        """Advance instead of waiting."""
        self.advance(seconds)
