"""The desktop bot's memories: per timeframe four text files and a threshold.

``memories_TF.txt`` holds entries joined by ``~``, each "pattern close{}high{}low" in percent, the
weights stand in three files, joined by blanks. Old versions left quotes and brackets between them.
"""

import math
from datetime import UTC, datetime
from pathlib import Path

from powertraderd.adapters.legacy.finding import LegacyDamaged
from powertraderd.adapters.legacy.text import read_text
from powertraderd.model.candle import Timeframe
from powertraderd.model.memory import MAX_THRESHOLD, Memory, from_rows

_STRAY = str.maketrans("", "", "'\",[]")
_FIGURES = 4
_TRAINED = "trainer_last_training_time.txt"


def has_memory(folder: Path, timeframe: Timeframe) -> bool:
    """Whether there is a memory of this timeframe."""
    return (folder / f"memories_{timeframe.value}.txt").exists()


def read_memory(folder: Path, prefix: str, timeframe: Timeframe) -> Memory:
    """The memory, whole. ``prefix`` leads to ``folder`` in the names of the report.

    It does not say which candle it learned last, so nothing is pending. Raises LegacyDamaged.
    """
    entries = _entries(folder, prefix, f"memories_{timeframe.value}.txt")
    weights = [
        _weights(folder, prefix, f"memory_weights{part}_{timeframe.value}.txt", len(entries))
        for part in ("", "_high", "_low")
    ]
    threshold = _threshold(folder, prefix, f"neural_perfect_threshold_{timeframe.value}.txt")
    rows = [(*entry, *of_entry) for entry, *of_entry in zip(entries, *weights, strict=True)]
    return from_rows(rows, threshold)


def trained_at(folder: Path, prefix: str) -> datetime | None:
    """When the coin was trained last; None where the bot did not write it down."""
    name = f"{prefix}{_TRAINED}"
    try:
        seconds = _figure(read_text(folder / _TRAINED, name))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise LegacyDamaged(name, f"is no time: {error}", 1) from None
    return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None


def _entries(folder: Path, prefix: str, name: str) -> list[list[float]]:
    text = _file(folder, prefix, name)
    entries: list[list[float]] = []
    for number, entry in enumerate(text.split("~"), 1):
        if not entry.strip():
            continue
        try:
            figures = [_figure(word) for word in entry.replace("{}", " ").split()]
        except ValueError as error:
            raise LegacyDamaged(f"{prefix}{name}", f"entry {number}: {error}", 1) from None
        if len(figures) != _FIGURES:
            what = f"entry {number}: {len(figures)} figures instead of {_FIGURES}"
            raise LegacyDamaged(f"{prefix}{name}", what, 1)
        entries.append(figures)
    return entries


def _weights(folder: Path, prefix: str, name: str, wanted: int) -> list[float]:
    figures = []
    for number, word in enumerate(_file(folder, prefix, name).split(), 1):
        try:
            figures.append(_figure(word))
        except ValueError as error:
            raise LegacyDamaged(f"{prefix}{name}", f"weight {number}: {error}", 1) from None
    if len(figures) != wanted:
        what = f"{len(figures)} weights for {wanted} entries"
        raise LegacyDamaged(f"{prefix}{name}", what, 1)
    return figures


def _threshold(folder: Path, prefix: str, name: str) -> float:
    try:
        threshold = _figure(_file(folder, prefix, name))
    except ValueError as error:
        raise LegacyDamaged(f"{prefix}{name}", str(error), 1) from None
    if not 0 <= threshold <= MAX_THRESHOLD:
        what = f"{threshold} is not between 0 and {MAX_THRESHOLD:g} percent"
        raise LegacyDamaged(f"{prefix}{name}", what, 1)
    return threshold


def _file(folder: Path, prefix: str, name: str) -> str:
    try:
        return read_text(folder / name, f"{prefix}{name}").translate(_STRAY)
    except FileNotFoundError:
        raise LegacyDamaged(f"{prefix}{name}", "is missing") from None


def _figure(word: str) -> float:
    """A finite number. Raises ValueError in plain words."""
    try:
        figure = float(word)
    except ValueError:
        figure = math.nan
    if not math.isfinite(figure):
        msg = f"{word.strip()[:40]!r} is no number"
        raise ValueError(msg)
    return figure
