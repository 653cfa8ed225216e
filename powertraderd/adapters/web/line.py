"""The line to one venue: paced, bounded in time, counted; reads are tried again, orders never.

While a venue is silent, every read would take its whole time. After two such reads the next ones
fail at once for some seconds, so that one cycle through many reads stays short.
"""

from collections.abc import Callable
from typing import TypeVar

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from powertraderd.adapters.web.failures import NoAnswer, no_answer
from powertraderd.adapters.web.pace import Pace
from powertraderd.adapters.web.session import Timeouts
from powertraderd.clock import NANOSECOND, Clock
from powertraderd.errors import PowertraderError, RateLimited, TransientExchangeError

T = TypeVar("T")
Tried = Callable[[Exception | None, int], None]
"""(the failure of one try or None, how long it took in machine nanoseconds)"""


def uncounted(_failure: Exception | None, _spent_ns: int) -> None:
    """For those who ask once and go: nobody counts their tries."""


SHARE = 0.8
"""Of a phase's budget: the rest is left, so that a slow venue is a failed read and not a death."""
ADDRESSES = 4
"""A name may stand for so many addresses, and each is given the connect timeout."""
LEAST_S = 0.2
_TRIES = 4
_BACKOFF = wait_random_exponential(multiplier=0.25, max=3)
_SILENT_READS = 2
_LONGEST_REST_S = 8.0


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
        self, clock: Clock, pace: Pace, *, connect_s: float, read_s: float, tried: Tried
    ) -> None:
        """``connect_s`` and ``read_s`` are the longest timeouts of one try; ``tried`` counts it."""
        self._clock = clock
        self._pace = pace
        self._connect_s = connect_s
        self._read_s = read_s
        self._silent_reads = 0
        self._rest_until_ns = 0
        self._tried = tried

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
        rest_s = self._rest_s()
        if rest_s:
            msg = f"{what}: not asked, the venue has been silent; again in {rest_s:.1f} s"
            raise TransientExchangeError(msg)
        try:
            answer: T = tries(self.ask_once, allowance, what, call)
        except NoAnswer:
            self._note_silence()
            raise
        return answer

    def ask_once(self, allowance: Allowance, what: str, call: Callable[[Timeouts], T]) -> T:
        """One try. Raises what ``call`` raises, and NoAnswer where there was none."""
        self._wait_for_our_turn(allowance, what)
        started_ns = self._clock.monotonic_ns()
        try:
            answer = call(self._timeouts(allowance))
        except requests.RequestException as error:
            failure = no_answer(what, error)
            self._tried(failure, self._clock.monotonic_ns() - started_ns)
            raise failure from None
        except PowertraderError as error:
            self._silent_reads = 0
            self._tried(error, self._clock.monotonic_ns() - started_ns)
            if isinstance(error, RateLimited) and error.retry_after_s is not None:
                self._pace.hold(self._clock.monotonic_ns(), error.retry_after_s)
            raise
        self._silent_reads = 0
        self._tried(None, self._clock.monotonic_ns() - started_ns)
        return answer

    def may_leave_within(self, allowance: Allowance) -> bool:
        """Whether a call could leave inside the allowance at all."""
        wait_s = self._pace.wait_s(self._clock.monotonic_ns())
        return not self._rest_s() and wait_s + LEAST_S < allowance.left_s()

    def _wait_for_our_turn(self, allowance: Allowance, what: str) -> None:
        wait_s = self._pace.wait_s(self._clock.monotonic_ns())
        if wait_s + LEAST_S >= allowance.left_s():
            msg = f"{what}: not asked, because the next request may leave in {wait_s:.1f} s only"
            raise TransientExchangeError(msg)
        if wait_s:
            self._clock.sleep(wait_s)
        self._pace.take(self._clock.monotonic_ns())

    def _timeouts(self, allowance: Allowance) -> Timeouts:
        left_s = max(LEAST_S, allowance.left_s())
        connect_s = min(self._connect_s, left_s / ADDRESSES)
        return connect_s, min(self._read_s, left_s - connect_s)

    def _note_silence(self) -> None:
        self._silent_reads += 1
        if self._silent_reads >= _SILENT_READS:
            rest_s = min(2.0 ** (self._silent_reads - 1), _LONGEST_REST_S)
            self._rest_until_ns = self._clock.monotonic_ns() + int(rest_s * NANOSECOND)

    def _rest_s(self) -> float:
        return max(0.0, (self._rest_until_ns - self._clock.monotonic_ns()) / NANOSECOND)


def _pause_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked_s = error.retry_after_s if isinstance(error, RateLimited) else None
    return max(asked_s or 0.0, _BACKOFF(state))
