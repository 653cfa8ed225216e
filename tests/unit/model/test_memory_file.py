"""Memories in bytes: whole, the same, or refused."""

import hashlib
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from powertraderd.errors import StoreDamaged, StoreTooNew
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.memory import Memory, Pending
from powertraderd.model.memory_file import VERSION, MemoryRecord, from_bytes, seal, to_bytes

NAME = "memory/BTC/4hour.npz"
TRAINED = datetime(2024, 3, 1, 12, 30, 0, 123456, tzinfo=UTC)
OPENED = datetime(2024, 3, 1, 8, tzinfo=UTC)


def memory(pending: Pending | None = None) -> Memory:
    """Two entries with figures that have no short decimal form."""
    return Memory(
        patterns=np.array([1 / 3, -2 / 7]),
        close_moves=np.array([0.1, -0.2]),
        high_moves=np.array([1.1, 1.2]),
        low_moves=np.array([-1.1, 0.0]),
        close_weights=np.array([-2.0, 1.25]),
        high_weights=np.array([0.0, 2.0]),
        low_weights=np.array([1.0, 0.25]),
        threshold=1.0 + 0.01 * 7,
        pending=pending,
        candles=9,
    )


def record(pending: Pending | None = None) -> MemoryRecord:
    """A record of BTC at four hours."""
    return MemoryRecord(Coin("BTC"), Timeframe.HOUR_4, TRAINED, memory(pending))


def pending() -> Pending:
    """A waiting candle that hit both entries."""
    return Pending(OPENED, -0.1 / 3, 61234.56, np.array([0, 1]))


def archive_of(data: bytes) -> dict[str, Any]:
    """The arrays in a memory file, as anyone with numpy reads them."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def resealed(change: Callable[[dict[str, Any]], None]) -> bytes:
    """A file with a good checksum whose arrays were changed."""
    arrays = archive_of(to_bytes(record(pending())))
    change(arrays)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return seal(buffer.getvalue(), VERSION)


@pytest.mark.parametrize("waiting", [None, pending()])
def test_a_memory_comes_back_to_the_last_bit(waiting: Pending | None) -> None:
    """Everything: arrays, threshold, pending candle, owner and time."""
    data = to_bytes(record(waiting))
    back = from_bytes(data, NAME)
    assert (back.coin, back.timeframe, back.trained_at) == ("BTC", Timeframe.HOUR_4, TRAINED)
    assert isinstance(back.memory, Memory)
    assert back.memory.threshold == 1.07
    assert back.memory.candles == 9
    assert back.memory.patterns.tolist() == [1 / 3, -2 / 7]
    assert (back.memory.pending is None) == (waiting is None)
    if waiting and back.memory.pending:
        assert back.memory.pending.opened_at == OPENED
        assert back.memory.pending.pattern == -0.1 / 3
        assert back.memory.pending.close == 61234.56
        assert back.memory.pending.hits.tolist() == [0, 1]
    assert to_bytes(back) == data


def test_numpy_alone_can_open_the_file() -> None:
    """It is an ordinary .npz archive; the seal is its comment."""
    arrays = archive_of(to_bytes(record(pending())))
    assert arrays["high_moves"].tolist() == [1.1, 1.2]
    assert "2024-03-01T12:30:00.123456+00:00" in str(arrays["header"])


def test_a_file_that_was_cut_is_refused_wherever_it_was_cut() -> None:
    """Never half a memory; the message names the file and the remedy."""
    data = to_bytes(record(pending()))
    for length in range(len(data)):
        with pytest.raises(StoreDamaged, match=r"4hour\.npz is damaged.*train the coin anew"):
            from_bytes(data[:length], NAME)


def test_a_file_with_any_flipped_bit_is_refused() -> None:
    """Also in the seal, and never as a file that is only too new."""
    data = to_bytes(record(pending()))
    for place in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[place] ^= 1 << bit
            with pytest.raises(StoreDamaged) as refused:
                from_bytes(bytes(flipped), NAME)
            assert not isinstance(refused.value, StoreTooNew)


def test_a_file_with_something_behind_it_is_refused() -> None:
    """Two writes that ran together are not a memory."""
    data = to_bytes(record())
    for more in (b"\0", b"\n", data):
        with pytest.raises(StoreDamaged, match="checksum"):
            from_bytes(data + more, NAME)


def test_a_newer_file_is_refused_as_newer() -> None:
    """With the version that it has, the version that we read, and what to do."""
    archive = io.BytesIO()
    np.savez(archive, something=np.array([1]))
    with pytest.raises(StoreTooNew, match=r"4hour.npz has memory format 2,.*reads up to 1.*anew"):
        from_bytes(seal(archive.getvalue(), 2), NAME)


def test_a_sealed_file_of_another_kind_is_refused() -> None:
    """A good checksum does not make a memory."""
    with pytest.raises(StoreDamaged, match="does not hold a memory"):
        from_bytes(seal(b"no archive at all\0\0", VERSION), NAME)


def test_a_checksum_without_the_seal_is_refused() -> None:
    """The words before the digest belong to the format."""
    content = b"powertraderd ledger 00001 sha256 "
    with pytest.raises(StoreDamaged, match="is not a memory file"):
        from_bytes(content + hashlib.sha256(content).hexdigest().encode(), NAME)


def _drop_hits(arrays: dict[str, Any]) -> None:
    del arrays["hits"]


def _shorten(arrays: dict[str, Any]) -> None:
    arrays["low_weights"] = arrays["low_weights"][:1]


def _single_precision(arrays: dict[str, Any]) -> None:
    arrays["patterns"] = arrays["patterns"].astype(np.float32)


def _not_a_number(arrays: dict[str, Any]) -> None:
    arrays["close_moves"][0] = np.nan


def _hit_behind_the_end(arrays: dict[str, Any]) -> None:
    arrays["hits"][1] = 2


def _hit_before_the_start(arrays: dict[str, Any]) -> None:
    arrays["hits"][0] = -1


def _table_of_hits(arrays: dict[str, Any]) -> None:
    arrays["hits"] = arrays["hits"].reshape(1, 2)


def _fractional_hits(arrays: dict[str, Any]) -> None:
    arrays["hits"] = arrays["hits"].astype(np.float64)


def _header(old: str, new: str) -> Callable[[dict[str, Any]], None]:
    def change(arrays: dict[str, Any]) -> None:
        text = str(arrays["header"])
        assert old in text
        arrays["header"] = np.array(text.replace(old, new))

    return change


@pytest.mark.parametrize(
    "change",
    [
        _header('"classic"', '"unheard of"'),
        _drop_hits,
        _shorten,
        _single_precision,
        _not_a_number,
        _hit_behind_the_end,
        _hit_before_the_start,
        _table_of_hits,
        _fractional_hits,
        _header('"4hour"', '"3hour"'),
        _header('"threshold": 1.07', '"threshold": 100.01'),
        _header('"threshold": 1.07', '"threshold": "1.07"'),
        _header('"candles"', '"candle"'),
        _header("{", "["),
        _header("2024-03-01T12:30:00.123456+00:00", "yesterday"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(
    change: Callable[[dict[str, Any]], None],
) -> None:
    """Even under a good checksum."""
    with pytest.raises(StoreDamaged, match=r"4hour\.npz does not hold a memory"):
        from_bytes(resealed(change), NAME)


def test_a_pickle_is_never_opened() -> None:
    """An array of objects would run code while it is read."""
    arrays = archive_of(to_bytes(record(pending())))
    arrays["patterns"] = np.array([1, "x"], dtype=object)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    with pytest.raises(StoreDamaged, match="allow_pickle=False"):
        from_bytes(seal(buffer.getvalue(), VERSION), NAME)
