"""Memory files on disk: replaced whole, refused by name."""

import io
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from subprocess import run

import numpy as np
import pytest

from powertraderd.adapters.memory_files import MemoryFiles
from powertraderd.errors import StoreDamaged, StoreTooNew
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.memory_file import seal
from powertraderd.strategy.train import empty

BTC, ETH, DAY = Coin("BTC"), Coin("ETH"), Timeframe.DAY
TRAINED = datetime(2024, 3, 1, tzinfo=UTC)


def saved(root: Path) -> Path:
    """The file of a saved memory."""
    MemoryFiles(root).save(BTC, DAY, empty(), TRAINED)
    return root / "BTC" / "1day.npz"


def test_a_memory_has_its_coin_and_timeframe_for_a_name(tmp_path: Path) -> None:
    """And nothing else stays in the folder."""
    path = saved(tmp_path / "state" / "memory")
    assert list(path.parent.iterdir()) == [path]


def test_a_damaged_file_is_refused_by_name_and_left_alone(tmp_path: Path) -> None:
    """The owner decides what becomes of it."""
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StoreDamaged, match=r"BTC/1day\.npz is damaged"):
        MemoryFiles(tmp_path).load(BTC, DAY)
    assert path.exists()


def test_a_newer_file_is_refused_by_name(tmp_path: Path) -> None:
    """As newer, not as damaged."""
    archive = io.BytesIO()
    np.savez(archive, something=np.array([1]))
    saved(tmp_path).write_bytes(seal(archive.getvalue(), 2))
    with pytest.raises(StoreTooNew, match=r"BTC/1day\.npz has memory format 2"):
        MemoryFiles(tmp_path).load(BTC, DAY)


@pytest.mark.parametrize("place", [(ETH, DAY), (BTC, Timeframe.WEEK)])
def test_a_file_in_the_wrong_place_is_refused(
    tmp_path: Path, place: tuple[Coin, Timeframe]
) -> None:
    """A coin must not be traded on the memory of another."""
    coin, timeframe = place
    wrong = tmp_path / coin / f"{timeframe.value}.npz"
    wrong.parent.mkdir(exist_ok=True)
    saved(tmp_path / "elsewhere").rename(wrong)
    with pytest.raises(StoreDamaged, match=rf"npz holds the memory of BTC 1day, not of {coin}"):
        MemoryFiles(tmp_path).load(coin, timeframe)


def test_the_stamp_tells_whether_a_memory_was_replaced(tmp_path: Path) -> None:
    """A reader asks it before it loads again; empty means that there is none."""
    store = MemoryFiles(tmp_path)
    assert store.stamp(BTC, DAY) == ""
    saved(tmp_path)
    first = store.stamp(BTC, DAY)
    assert store.stamp(BTC, DAY) == first != ""
    saved(tmp_path)
    assert store.stamp(BTC, DAY) not in {first, ""}


def test_a_damaged_memory_can_be_set_aside(tmp_path: Path) -> None:
    """It is kept for the owner under the name that is returned, and a new one can be trained."""
    path = saved(tmp_path)
    path.write_bytes(b"damaged")
    store = MemoryFiles(tmp_path)
    kept = store.set_aside(BTC, DAY)
    assert Path(kept).read_bytes() == b"damaged"
    assert kept == f"{path}.damaged"
    assert store.load(BTC, DAY) is None
    saved(tmp_path)
    assert store.load(BTC, DAY) is not None


def test_what_a_crash_left_behind_does_no_harm(tmp_path: Path) -> None:
    """Half a temporary file is neither read nor kept."""
    path = saved(tmp_path)
    path.with_name(".1day.npz.new").write_bytes(b"half")
    assert MemoryFiles(tmp_path).load(BTC, DAY) is not None
    saved(tmp_path)
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_save_keeps_the_old_memory(tmp_path: Path) -> None:
    """Here something stands in the way of the temporary file, as a full disk would."""
    path = saved(tmp_path)
    before = path.read_bytes()
    path.with_name(".1day.npz.new").mkdir()
    with pytest.raises(IsADirectoryError):
        saved(tmp_path)
    assert path.read_bytes() == before


def test_contents_are_durable_before_their_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a power cut could leave the new name on an empty file; the folder comes last."""
    saved(tmp_path)
    calls: list[str] = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)

        def noted(*args: object, name: str = name, real: Callable[..., object] = real) -> None:
            calls.append(name)
            real(*args)

        monkeypatch.setattr(os, name, noted)
    saved(tmp_path)
    assert calls == ["fsync", "replace", "fsync"]


TORTURE = """
import os, signal, sys
from pathlib import Path
from powertraderd.adapters.memory_files import MemoryFiles
from powertraderd.strategy.train import empty
from powertraderd.model.candle import Coin, Timeframe
from datetime import UTC, datetime

calls = int(sys.argv[2])
def dying(name):
    real = getattr(os, name)
    def call(*args, **kwargs):
        global calls
        calls -= 1
        if calls < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    setattr(os, name, call)
for name in ("fsync", "replace", "open", "close"):
    dying(name)
MemoryFiles(Path(sys.argv[1])).save(
    Coin("BTC"), Timeframe.DAY, empty(), datetime(2025, 1, 1, tzinfo=UTC))
"""


@pytest.mark.parametrize("calls", range(6))
def test_a_process_killed_while_saving_leaves_the_old_or_the_new_memory(
    tmp_path: Path, calls: int
) -> None:
    """SIGKILL before each system call of the save in turn; the last run lives."""
    saved(tmp_path)
    ended = run([sys.executable, "-c", TORTURE, str(tmp_path), str(calls)], check=False, timeout=60)
    found = MemoryFiles(tmp_path).load(BTC, DAY)
    assert found is not None
    assert found[1] in {TRAINED, datetime(2025, 1, 1, tzinfo=UTC)}
    assert ended.returncode == (0 if calls == 5 else -9)
