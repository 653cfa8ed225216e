"""Signals that a selector can wait for."""

import os
import selectors
import signal
from collections.abc import Iterator

import pytest

from powertraderd.supervision.signals import WATCHED, Signals


@pytest.fixture
def signals() -> Iterator[Signals]:
    """Ours during the test; pytest's own handlers afterwards."""
    before = {number: signal.getsignal(number) for number in WATCHED}
    taken = Signals()
    yield taken
    taken.close()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_wakes_the_selector_and_is_taken_once(signals: Signals) -> None:
    """And nothing happens inside the handler."""
    with selectors.DefaultSelector() as selector:
        selector.register(signals, selectors.EVENT_READ)
        assert selector.select(0) == []
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        assert len(selector.select(5)) == 1
        assert signals.take() == {signal.SIGHUP, signal.SIGTERM}
        assert signals.take() == frozenset()
        assert selector.select(0) == []


def test_a_flood_swallows_no_other_signal(signals: Signals) -> None:
    """F20: the wake-up pipe overflows, the memory does not."""
    for _ in range(70_000):
        os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGTERM)
    assert signals.take() == {signal.SIGHUP, signal.SIGTERM}
