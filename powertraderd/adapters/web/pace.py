"""How fast a venue may be asked: a token bucket, and pauses that the venue asks for."""

from powertraderd.clock import NANOSECOND


class Pace:
    """``rate`` calls per machine second in the long run, ``burst`` at once after a quiet time."""

    def __init__(self, rate: float, burst: float, now_ns: int) -> None:
        """Begin with a full bucket."""
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._filled_ns = now_ns
        self._held_until_ns = now_ns

    def wait_s(self, now_ns: int) -> float:
        """Machine seconds until the next call may leave; 0: now."""
        self._fill(now_ns)
        held_s = max(0.0, (self._held_until_ns - now_ns) / NANOSECOND)
        return max(held_s, (1 - self._tokens) / self._rate, 0.0)

    def take(self, now_ns: int) -> None:
        """A call leaves."""
        self._fill(now_ns)
        self._tokens -= 1

    def hold(self, now_ns: int, seconds: float) -> None:
        """The venue asks for patience."""
        self._held_until_ns = max(self._held_until_ns, now_ns + int(seconds * NANOSECOND))

    def _fill(self, now_ns: int) -> None:
        gained = (now_ns - self._filled_ns) / NANOSECOND * self._rate
        self._tokens = min(self._burst, self._tokens + gained)
        self._filled_ns = now_ns
