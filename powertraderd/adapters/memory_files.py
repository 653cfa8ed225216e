"""Memories as files: COIN/TIMEFRAME.npz below one folder."""

import os
from datetime import datetime
from pathlib import Path

from powertraderd.errors import StoreDamaged
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.memory_file import AnyMemory, MemoryRecord, from_bytes, to_bytes


class MemoryFiles:
    """A MemoryStore. One process writes; any number may read at the same time."""

    def __init__(self, root: Path) -> None:
        """``root`` is made when the first memory is saved."""
        self._root = root

    def load(self, coin: Coin, timeframe: Timeframe) -> tuple[AnyMemory, datetime] | None:
        """The memory and when it was trained; None where none was ever saved.

        Raises StoreDamaged or StoreTooNew with the file's name; the file stays as it is.
        """
        path = self._path(coin, timeframe)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        record = from_bytes(data, str(path))
        if (record.coin, record.timeframe) != (coin, timeframe):
            msg = (
                f"{path} holds the memory of {record.coin} {record.timeframe}, not of {coin} "
                f"{timeframe}: move it where it belongs, or away, and train the coin anew"
            )
            raise StoreDamaged(msg)
        return record.memory, record.trained_at

    def save(
        self, coin: Coin, timeframe: Timeframe, memory: AnyMemory, trained_at: datetime
    ) -> None:
        """Replace the memory: after a crash the file is the old one or the new one, whole.

        The temporary name is fixed, so what a crash leaves behind is overwritten the next time.
        """
        path = self._path(coin, timeframe)
        self._make_folder(path.parent)
        temporary = path.with_name(f".{path.name}.new")
        with temporary.open("wb") as file:
            file.write(to_bytes(MemoryRecord(coin, timeframe, trained_at, memory)))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)

    def stamp(self, coin: Coin, timeframe: Timeframe) -> str:
        """Changes whenever the memory was replaced; cheap to ask. Empty where there is none."""
        try:
            status = self._path(coin, timeframe).stat()
        except FileNotFoundError:
            return ""
        return f"{status.st_ino}.{status.st_mtime_ns}.{status.st_size}"

    def set_aside(self, coin: Coin, timeframe: Timeframe) -> str:
        """Keep a damaged memory under another name, which is returned, out of the way."""
        path = self._path(coin, timeframe)
        kept = path.with_name(f"{path.name}.damaged")
        path.replace(kept)
        _sync_folder(path.parent)
        return str(kept)

    def _path(self, coin: Coin, timeframe: Timeframe) -> Path:
        return self._root / coin / f"{timeframe.value}.npz"

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(parents=True)
            _sync_folder(self._root)
            _sync_folder(self._root.parent)


def _sync_folder(folder: Path) -> None:
    """Make names in ``folder`` durable, as fsync does for contents."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
