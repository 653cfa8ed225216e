"""Pauses before restarts, and windows in which deaths are counted: pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """The first and the longest pause, nanoseconds."""

    base_ns: int
    cap_ns: int

    def delay_ns(self, attempt: int, jitter: float) -> int:
        """Pause before restart number ``attempt`` (0 is the first): base x 2^attempt, full jitter.

        ``jitter`` is in [0, 1]. The answer lies between base and cap: even the least jitter never
        makes a tight loop.
        """
        # 2^attempt past the cap says nothing more, and must not grow without bound either.
        doublings = min(attempt, max(1, self.cap_ns // self.base_ns).bit_length())
        longest_ns = max(self.base_ns, min(self.cap_ns, self.base_ns << doublings))
        return self.base_ns + int((longest_ns - self.base_ns) * jitter)


@dataclass(frozen=True, slots=True)
class Window:
    """``limit`` deaths within ``length_ns`` are too many."""

    limit: int
    length_ns: int

    def tripped(self, deaths: Sequence[int], now_ns: int) -> bool:
        """Whether as many of ``deaths`` (machine ns) lie within the window that ends now."""
        return sum(now_ns - death < self.length_ns for death in deaths) >= self.limit
