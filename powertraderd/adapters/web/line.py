"""The line to one venue: paced, bounded in time, counted; reads are tried again, orders never."""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from powertraderd.adapters.web.failures import no_answer
from powertraderd.adapters.web.pace import Pace
from powertraderd.adapters.web.session import Timeouts
from powertraderd.clock import NANOSECOND, Clock
from powertraderd.errors import PowertraderError, RateLimited, TransientExchangeError

T = TypeVar("T")

SHARE = 0.8
"""Of a phase's budget: the rest is left, so that a slow venue is a failed read and not a death."""
ADDRESSES = 4
"""A name may stand for so many addresses, and each is given the connect timeout."""
LEAST_S = 0.2
_TRIES = 4
_BACKOFF = wait_random_exponential(multiplier=0.25, max=3)


class Allowance:
    """The machine time that one port call may take, over all its pages and tries."""

    def __init__(self, clock: Clock, budget_s: float) -> None:
        """It runs from now on."""
        self._clock = clock
        self._end_ns = clock.monotonic_ns() + int(budget_s * SHARE * NANOSECOND)

    def left_s(self) -> float:
        """What is left of it."""
        return (self._end_ns - self._clock.monotonic_ns()) / NANOSECOND


class Line:
    """One per process and venue."""

    def __init__(
        self, clock: Clock, pace: Pace, *, connect_s: float, read_s: float
    ) -> None:
        """``connect_s`` and ``read_s`` are the longest timeouts of one try."""
        self._clock = clock
        self._pace = pace
        self._connect_s = connect_s
        self._read_s = read_s
        self.counts: Counter[str] = Counter()
        """Answers by kind: "ok", or the name of the error's class."""

    def allowance(self, budget_s: float) -> Allowance:
        """The time for one port call in a phase of ``budget_s``."""
        return Allowance(self._clock, budget_s)

    def read(self, allowance: Allowance, what: str, call: Callable[[Timeouts], T]) -> T:
        """Ask until there is an answer, a while passed between two tries, or time is up."""

        def enough(state: RetryCallState) -> bool:
            time_is_up = allowance.left_s() < state.upcoming_sleep + LEAST_S
            return state.attempt_number >= _TRIES or time_is_up

        tries = Retrying(
            sleep=self._clock.sleep,
            stop=enough,
            wait=_pause_s,
            retry=retry_if_exception_type(TransientExchangeError),
            reraise=True,
        )
        return tries(self.ask_once, allowance, what, call)

    def ask_once(self, allowance: Allowance, what: str, call: Callable[[Timeouts], T]) -> T:
        """One try. Raises what ``call`` raises, and TransientExchangeError without an answer."""
        self._wait_for_our_turn(allowance, what)
        try:
            answer = call(self._timeouts(allowance))
        except requests.RequestException as error:
            failure = no_answer(what, error)
            self.counts[type(failure).__name__] += 1
            raise failure from None
        except PowertraderError as error:
            self._note(error)
            raise
        self.counts["ok"] += 1
        return answer

    def may_leave_within(self, allowance: Allowance) -> bool:
        """Whether a call could leave inside the allowance at all."""
        return self._pace.wait_s(self._clock.monotonic_ns()) + LEAST_S < allowance.left_s()

    def _note(self, error: PowertraderError) -> None:
        self.counts[type(error).__name__] += 1
        if isinstance(error, RateLimited) and error.retry_after_s is not None:
            self._pace.hold(self._clock.monotonic_ns(), error.retry_after_s)

    def _wait_for_our_turn(self, allowance: Allowance, what: str) -> None:
        wait_s = self._pace.wait_s(self._clock.monotonic_ns())
        if not self.may_leave_within(allowance):
            msg = f"{what}: not asked, because the next request may leave in {wait_s:.1f} s only"
            raise TransientExchangeError(msg)
        if wait_s:
            self._clock.sleep(wait_s)
        self._pace.take(self._clock.monotonic_ns())

    def _timeouts(self, allowance: Allowance) -> Timeouts:
        left_s = max(LEAST_S, allowance.left_s())
        connect_s = min(self._connect_s, left_s / ADDRESSES)
        return connect_s, min(self._read_s, left_s - connect_s)


def _pause_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked_s = error.retry_after_s if isinstance(error, RateLimited) else None
    return max(asked_s or 0.0, _BACKOFF(state))
