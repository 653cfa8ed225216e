"""Pace, patience and counting on the line to a venue; time stands still unless somebody waits."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import requests

from powertraderd.adapters.web.failures import NoAnswer
from powertraderd.adapters.web.line import SHARE, Line
from powertraderd.adapters.web.pace import Pace
from powertraderd.adapters.web.session import Timeouts
from powertraderd.clock import FrozenClock
from powertraderd.errors import (
    CredentialsRejected,
    InvalidAnswer,
    RateLimited,
    TransientExchangeError,
)

BUDGET_S = 10.0


class Venue:
    """Plays a list of outcomes: an error is raised, anything else is the answer."""

    def __init__(self, *outcomes: object) -> None:
        """The last outcome repeats."""
        self.clock = FrozenClock(datetime(2026, 11, 1, tzinfo=UTC))
        self.tries: list[tuple[type, float]] = []
        self.line = Line(
            self.clock,
            Pace(2, 6, 0),
            connect_s=3,
            read_s=8,
            tried=lambda failure, ns: self.tries.append((type(failure), ns / 1e9)),
        )
        self._outcomes = list(outcomes)
        self.timeouts: list[Timeouts] = []
        self.at_s: list[float] = []
        self.takes_s = 0.0

    def call(self, timeouts: Timeouts) -> object:
        """One try."""
        self.timeouts.append(timeouts)
        self.at_s.append(self.clock.monotonic_ns() / 1e9)
        self.clock.advance(self.takes_s)
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def read(self) -> object:
        """A read in a phase of BUDGET_S."""
        return self.line.read(self.line.allowance(BUDGET_S), "reading", self.call)

    @property
    def now_s(self) -> float:
        """Machine time."""
        return self.clock.monotonic_ns() / 1e9


@pytest.mark.parametrize(
    "failure",
    [
        requests.ConnectionError("reset"),
        requests.ReadTimeout("slow"),
        TransientExchangeError("503"),
        RateLimited("429"),
        InvalidAnswer("half"),
    ],
)
def test_a_read_is_tried_again(failure: Exception) -> None:
    """What failed once may work a moment later."""
    venue = Venue(failure, "answer")
    venue.takes_s = 0.5
    assert venue.read() == "answer"
    assert len(venue.at_s) == 2
    (first, first_s), (last, last_s) = venue.tries
    assert issubclass(first, TransientExchangeError)
    assert last is type(None)
    assert (first_s, last_s) == pytest.approx((0.5, 0.5))


def test_an_order_is_never_tried_again() -> None:
    """One try, whatever happens."""
    venue = Venue(requests.ConnectionError("reset"), "answer")
    with pytest.raises(NoAnswer, match="placing: ConnectionError: reset"):
        venue.line.ask_once(venue.line.allowance(BUDGET_S), "placing", venue.call)
    assert len(venue.at_s) == 1


def test_a_refused_key_is_not_asked_again() -> None:
    """Only what may pass by itself is tried again."""
    venue = Venue(CredentialsRejected("no"))
    with pytest.raises(CredentialsRejected):
        venue.read()
    assert len(venue.at_s) == 1


def test_tries_are_few_and_stay_inside_the_budget() -> None:
    """An outage costs four tries, or less when each is slow."""
    quick, slow = Venue(TransientExchangeError("503")), Venue(requests.ReadTimeout("slow"))
    slow.takes_s = 3.0
    for venue in (quick, slow):
        with pytest.raises(TransientExchangeError):
            venue.read()
    assert len(quick.at_s) == 4
    assert 2 <= len(slow.at_s) <= 3
    assert slow.at_s[-1] < BUDGET_S * SHARE


def test_timeouts_shrink_with_the_time_that_is_left() -> None:
    """A name with four dead addresses and then a silent server still ends in time."""
    venue = Venue(requests.ReadTimeout("slow"))
    venue.takes_s = 3.0
    with pytest.raises(NoAnswer):
        venue.read()
    for at_s, (connect_s, read_s) in zip(venue.at_s, venue.timeouts, strict=True):
        left_s = BUDGET_S * SHARE - at_s
        assert connect_s <= min(3, left_s / 4) + 1e-6
        assert connect_s + read_s <= left_s + 1e-6


def test_the_pause_that_the_venue_asks_for_is_kept() -> None:
    """No try before it is over, by no call."""
    venue = Venue(RateLimited("429", retry_after_s=4), "answer")
    assert venue.read() == "answer"
    assert venue.at_s[1] - venue.at_s[0] >= 4


def test_a_pause_that_is_too_long_fails_at_once() -> None:
    """Waiting longer than the budget helps nobody; and no order leaves meanwhile."""
    venue = Venue(RateLimited("429", retry_after_s=60), "answer")
    with pytest.raises(RateLimited):
        venue.read()
    assert venue.now_s < BUDGET_S
    assert not venue.line.may_leave_within(venue.line.allowance(BUDGET_S))
    with pytest.raises(TransientExchangeError, match="not asked"):
        venue.read()
    assert len(venue.at_s) == 1
    venue.clock.advance(60)
    assert venue.line.may_leave_within(venue.line.allowance(BUDGET_S))
    assert venue.read() == "answer"


def test_the_steady_rate_is_kept_after_a_burst() -> None:
    """Six at once, then two per second."""
    venue = Venue("answer")
    for _ in range(26):
        venue.read()
    assert venue.at_s[5] == 0
    assert venue.at_s[-1] == pytest.approx(10, abs=0.01)


def test_while_a_venue_is_silent_reads_fail_at_once() -> None:
    """Two reads have waited in vain; ten more cost nothing; later it is asked again."""
    venue = Venue(requests.ReadTimeout("slow"))
    venue.takes_s = 3.0
    for _ in range(2):
        with pytest.raises(NoAnswer):
            venue.read()
    tried, then_s = len(venue.at_s), venue.now_s
    for _ in range(10):
        with pytest.raises(TransientExchangeError, match="has been silent"):
            venue.read()
    assert (len(venue.at_s), venue.now_s) == (tried, then_s)
    assert not venue.line.may_leave_within(venue.line.allowance(BUDGET_S))
    venue.clock.advance(2)
    with pytest.raises(NoAnswer):
        venue.read()


def test_one_poisoned_call_does_not_silence_the_others() -> None:
    """An order that always hangs, between reads that work."""
    venue = Venue("answer")
    for _ in range(3):
        with pytest.raises(NoAnswer):
            venue.line.read(venue.line.allowance(BUDGET_S), "order", raising(venue.clock))
        assert venue.read() == "answer"


def raising(clock: FrozenClock) -> Callable[[Timeouts], object]:
    """A call that hangs for its whole time."""

    def call(timeouts: Timeouts) -> object:
        clock.advance(sum(timeouts))
        raise requests.ReadTimeout("slow")

    return call
