"""Rate limits: token buckets, what is said when they are empty, and the door for abusers."""

from collections import deque
from datetime import timedelta

from powertraderd.testing.fakex.clock import VirtualClock
from powertraderd.testing.fakex.knobs import Knobs
from powertraderd.testing.fakex.message import Answer, text_answer

_ABUSE_WINDOW_S = 10.0
_BAN_S = 60.0
_HOUR_S = 3600.0
_NAMES = ("limit", "remaining", "reset")


class Bucket:
    """Tokens that come back at ``rate`` a second, at most ``rate`` of them."""

    def __init__(self) -> None:
        """Full."""
        self.tokens: float | None = None
        self._at = 0.0

    def take(self, rate: float, now: float) -> bool:
        """Use one up, if there is one."""
        burst = max(rate, 1.0)
        before = burst if self.tokens is None else self.tokens + (now - self._at) * rate
        self.tokens, self._at = min(before, burst), now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Limits:
    """Buckets of the REST listener, on machine time."""

    def __init__(self, clock: VirtualClock, knobs: Knobs) -> None:
        """All full."""
        self._clock = clock
        self._knobs = knobs
        self._buckets = {True: Bucket(), False: Bucket()}
        self._hour: deque[float] = deque()
        self._refusals: deque[float] = deque()
        self._banned_until = 0.0

    def clear(self) -> None:
        """Full again."""
        self.__init__(self._clock, self._knobs)  # type: ignore[misc]

    def refusal(self, *, private: bool) -> Answer | None:
        """Count one request; the answer when it is one too many."""
        now = self._clock.monotonic()
        if now < self._banned_until:
            return _banned()
        rate = self._knobs.private_rps if private else self._knobs.public_rps
        if self._buckets[private].take(rate, now) and not self._hour_is_full(now):
            return None
        self._refusals.append(now)
        while self._refusals and now - self._refusals[0] > _ABUSE_WINDOW_S:
            self._refusals.popleft()
        if len(self._refusals) > self._knobs.abuse_429s:
            self._banned_until = now + _BAN_S
            return _banned()
        return self.too_many()

    def _hour_is_full(self, now: float) -> bool:
        if not self._knobs.hourly:
            return False
        while self._hour and now - self._hour[0] > _HOUR_S:
            self._hour.popleft()
        self._hour.append(now)
        return len(self._hour) > self._knobs.hourly

    def too_many(self, reset_s: int = 1) -> Answer:
        """429 as the knobs word it."""
        headers = self.headers(private=True, remaining=0, reset=reset_s) | self._retry_after(
            reset_s
        )
        match self._knobs.limit_body:
            case "text":
                answer = text_answer(429, "Too many requests\n")
            case "empty":
                answer = Answer(status=429, raw=b"")
            case _:
                entry = {"id": "rate_limit_exceeded", "message": "Too many requests"}
                answer = Answer({"errors": [entry]}, 429)
        return answer.with_headers(headers)

    def _retry_after(self, seconds: int) -> dict[str, str]:
        match self._knobs.retry_after:
            case "seconds":
                return {"retry-after": str(seconds)}
            case "http-date":
                moment = self._clock.now() + timedelta(seconds=seconds)
                return {"retry-after": moment.strftime("%a, %d %b %Y %H:%M:%S GMT")}
            case "garbage":
                return {"retry-after": "soon-ish"}
        return {}

    def headers(
        self, *, private: bool, remaining: int | None = None, reset: int = 1
    ) -> dict[str, str]:
        """The rate headers of an answer."""
        case = self._knobs.rl_header_case
        if case == "absent":
            return {}
        left = self._buckets[private].tokens
        rate = self._knobs.private_rps if private else self._knobs.public_rps
        shown = int(left if left is not None else rate) if remaining is None else remaining
        prefix = "X-RateLimit-" if case == "canonical" else "x-ratelimit-"
        values = (str(int(rate)), str(shown), str(reset))
        names = [name.title() if case == "canonical" else name for name in _NAMES]
        return {prefix + name: value for name, value in zip(names, values, strict=True)}


def _banned() -> Answer:
    page = "<html><head><title>Access denied</title></head><body>error code: 1015</body></html>"
    return text_answer(403, page, "text/html")
