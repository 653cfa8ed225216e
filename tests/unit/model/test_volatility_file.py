"""The volatility learner's memory in bytes: whole, the same, or refused."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from powertraderd.errors import StoreDamaged
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.memory_file import MemoryRecord, from_bytes, to_bytes
from powertraderd.model.volatility_memory import Newest, VolatilityMemory

OPENED = datetime(2024, 3, 1, 8, tzinfo=UTC)
NEWEST = Newest(OPENED, (0.1 / 3, -0.2, 1 / 7), 61234.56, 0.7 / 3)


def record(pending: Newest | None = NEWEST) -> MemoryRecord:
    """Two entries with figures that have no short decimal form."""
    memory = VolatilityMemory(
        neighbour_average="mean",
        hour_of_day=True,
        features=np.array([[1 / 3, 2.0, 3.0], [4.0, 5.0, 6 / 7]]),
        highs=np.array([0.5, 1 / 3]),
        lows=np.array([-0.5, -1 / 3]),
        ranges=np.array([[1.0, 0.5]] * 4),
        slots=np.array([[1.0, 0.25]] * 24),
        pending=pending,
        candles=3,
    )
    return MemoryRecord(Coin("BTC"), Timeframe.HOUR_1, OPENED, memory)


@pytest.mark.parametrize("pending", [None, NEWEST])
def test_a_memory_comes_back_to_the_last_bit(pending: Newest | None) -> None:
    """Arrays, options, the newest candle."""
    data = to_bytes(record(pending))
    back = from_bytes(data, "name")
    assert isinstance(back.memory, VolatilityMemory)
    assert back.memory.pending == pending
    assert (back.memory.neighbour_average, back.memory.hour_of_day) == ("mean", True)
    assert to_bytes(back) == data


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("features", np.zeros((2, 2))),
        ("highs", np.zeros(3)),
        ("lows", np.array([0.0, np.nan])),
        ("ranges", np.zeros((4, 3))),
        ("slots", np.zeros(4, np.float32)),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(name: str, array: object) -> None:
    """Even under a good checksum."""
    whole = record()
    assert isinstance(whole.memory, VolatilityMemory)
    wrong = replace(whole.memory, **{name: array})  # type: ignore[arg-type]
    with pytest.raises(StoreDamaged, match="does not hold a memory"):
        from_bytes(to_bytes(replace(whole, memory=wrong)), "name")
