"""What every MemoryStore promises."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from powertraderd.adapters.memory_files import MemoryFiles
from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.model.memory import Memory
from powertraderd.model.memory_file import AnyMemory, MemoryRecord, to_bytes
from powertraderd.ports import MemoryStore
from powertraderd.strategy.train import empty, learn

BTC, ETH = Coin("BTC"), Coin("ETH")
DAY, WEEK = Timeframe.DAY, Timeframe.WEEK
TRAINED = datetime(2024, 3, 1, tzinfo=UTC)
START = datetime(2024, 1, 1, tzinfo=UTC)

Open = Callable[[], MemoryStore]


@pytest.fixture(params=[MemoryFiles])
def reopened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the same store anew each time, as another process would."""
    return lambda: request.param(tmp_path / "memory")


def memory(days: int) -> Memory:
    """A memory that learned so many days."""
    candles = [
        Candle(START + number * DAY.length, 100.0, 103.0, 98.0, 99.0 + number % 3, 1.0)
        for number in range(days)
    ]
    return learn(empty(), candles, DAY)


def in_bytes(any_memory: AnyMemory) -> bytes:
    """All bits of a memory."""
    return to_bytes(MemoryRecord(BTC, DAY, TRAINED, any_memory))


def test_what_was_never_saved_is_not_there(reopened: Open) -> None:
    """None, and not an empty memory."""
    assert reopened().load(BTC, DAY) is None


def test_what_was_saved_comes_back(reopened: Open) -> None:
    """With the time at which it was trained."""
    reopened().save(BTC, DAY, memory(9), TRAINED)
    found = reopened().load(BTC, DAY)
    assert found is not None
    assert in_bytes(found[0]) == in_bytes(memory(9))
    assert found[1] == TRAINED


def test_saving_again_replaces(reopened: Open) -> None:
    """The newest is the one."""
    store = reopened()
    for days in (9, 12):
        store.save(BTC, DAY, memory(days), TRAINED + timedelta(days=days))
    found = reopened().load(BTC, DAY)
    assert found is not None
    assert found[0].candles == 12
    assert found[1] == TRAINED + timedelta(days=12)


def test_coins_and_timeframes_are_kept_apart(reopened: Open) -> None:
    """Each has its own memory."""
    store = reopened()
    store.save(BTC, DAY, memory(3), TRAINED)
    store.save(ETH, DAY, memory(4), TRAINED)
    store.save(BTC, WEEK, memory(5), TRAINED)
    assert [
        found and found[0].candles
        for found in (store.load(BTC, DAY), store.load(ETH, DAY), store.load(BTC, WEEK))
    ] == [3, 4, 5]
    assert store.load(ETH, WEEK) is None
