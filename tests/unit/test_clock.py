"""Clocks: market time may run fast, machine time never goes back."""

import time
from datetime import UTC, datetime, timedelta

from powertraderd.clock import NANOSECOND, AcceleratedClock, FrozenClock, RealClock

NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)


def test_the_real_clock_is_aware_and_its_machine_time_moves_on() -> None:
    """Market time is UTC; sleeping takes machine time."""
    clock = RealClock()
    before = clock.monotonic_ns()
    clock.sleep(0.001)
    assert clock.monotonic_ns() - before >= NANOSECOND // 1000
    assert clock.now().tzinfo is UTC


def test_processes_with_the_same_origin_see_the_same_fast_market() -> None:
    """An hour of market per second of machine, counted from the origin."""
    origin = time.monotonic_ns() - 2 * NANOSECOND
    clock = AcceleratedClock(NEW_YEAR, 3600, origin)
    assert clock.now() - NEW_YEAR >= timedelta(hours=2)
    before = clock.monotonic_ns()
    clock.sleep(0.001)
    assert clock.monotonic_ns() > before
    twin = AcceleratedClock(NEW_YEAR, 3600, origin)
    assert clock.now() <= twin.now() <= clock.now()


def test_a_frozen_clock_moves_only_when_told() -> None:
    """Both times go on together."""
    clock = FrozenClock(NEW_YEAR, monotonic_ns=5)
    assert (clock.now(), clock.monotonic_ns()) == (NEW_YEAR, 5)
    clock.sleep(1.5)
    assert clock.now() == NEW_YEAR + timedelta(seconds=1.5)
    assert clock.monotonic_ns() == 5 + 1_500_000_000
