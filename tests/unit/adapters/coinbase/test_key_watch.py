"""When a refused key is believed: not for a 401 now and then, but for nothing else for long."""

from datetime import UTC, datetime

import pytest

from powertraderd.adapters.coinbase.key_watch import LEAST_REFUSALS, KeyWatch
from powertraderd.clock import FrozenClock
from powertraderd.errors import CredentialsRejected, TransientExchangeError

AFTER_S = 60.0


@pytest.fixture
def clock() -> FrozenClock:
    """Moves only when told to."""
    return FrozenClock(datetime(2026, 11, 1, tzinfo=UTC), 1)


@pytest.fixture
def watch(clock: FrozenClock) -> KeyWatch:
    """Nothing was refused yet."""
    return KeyWatch(clock, AFTER_S)


def refusals(watch: KeyWatch, clock: FrozenClock, times: int, every_s: float) -> list[type]:
    """What the next refusals are, one after another."""
    kinds = []
    for _ in range(times):
        kinds.append(type(watch.rejected("orders: the exchange refuses the key (401)")))
        clock.advance(every_s)
    return kinds


def test_many_refusals_within_a_short_time_are_weather(watch: KeyWatch, clock: FrozenClock) -> None:
    """A burst of a hundred in ten seconds says nothing about the key."""
    assert set(refusals(watch, clock, 100, 0.1)) == {TransientExchangeError}


def test_few_refusals_over_a_long_time_are_weather(watch: KeyWatch, clock: FrozenClock) -> None:
    """Four in an hour: a trader that asks rarely is not to be parked by them."""
    kinds = refusals(watch, clock, LEAST_REFUSALS - 1, 900)
    assert set(kinds) == {TransientExchangeError}


def test_enough_refusals_for_long_enough_and_nothing_else_is_a_refused_key(
    watch: KeyWatch, clock: FrozenClock
) -> None:
    """From the very refusal on that completes both; the first one's moment counts."""
    kinds = refusals(watch, clock, 7, AFTER_S / 5)
    assert kinds == [TransientExchangeError] * 5 + [CredentialsRejected] * 2


def test_one_acceptance_begins_the_count_and_the_time_anew(
    watch: KeyWatch, clock: FrozenClock
) -> None:
    """However many came before it."""
    refusals(watch, clock, LEAST_REFUSALS - 1, AFTER_S)
    watch.accepted()
    kinds = refusals(watch, clock, LEAST_REFUSALS, 1)
    assert set(kinds) == {TransientExchangeError}


def test_a_refused_key_is_told_with_figures_and_remedy(watch: KeyWatch, clock: FrozenClock) -> None:
    """How often, for how long, and what the owner does about it."""
    refusals(watch, clock, 9, 10)
    error = watch.rejected("orders: the exchange refuses the key (401)")
    assert isinstance(error, CredentialsRejected)
    assert "(401), 10 times in 90 s: make a new key" in str(error)
    assert "ptctl unpark trader" in str(error)


def test_weather_is_told_as_weather(watch: KeyWatch) -> None:
    """The message says that it is tried again."""
    assert "asking again" in str(watch.rejected("quotes: refused (401)"))
