"""The kNN pattern memory of one coin and timeframe (MODEL.md), and its bytes in a file.

The file is an .npz archive that any numpy can open: one array per field of Memory and a header in
JSON. Its last bytes, which zip calls the archive's comment, are a version and a SHA-256 over
everything before the digest. Equal memories have equal bytes.
"""

import hashlib
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from powertraderd.errors import StoreDamaged, StoreTooNew
from powertraderd.model.candle import Coin, Timeframe

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

MAX_THRESHOLD = 100.0
"""Largest distance in percent that can count as a match."""
VERSION = 1
_ARRAYS = (
    "patterns",
    "close_moves",
    "high_moves",
    "low_moves",
    "close_weights",
    "high_weights",
    "low_weights",
)


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """The newest learned candle: it waits for its successor.

    ``hits`` are indices into the memory's entries, ascending.
    """

    opened_at: datetime
    pattern: float
    close: float
    hits: Indices


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """All arrays have one element per entry, in order of learning; moves in percent.

    ``candles`` counts the candles learned so far.
    """

    patterns: Floats
    close_moves: Floats
    high_moves: Floats
    low_moves: Floats
    close_weights: Floats
    high_weights: Floats
    low_weights: Floats
    threshold: float
    pending: Pending | None
    candles: int


def from_rows(rows: Sequence[Sequence[float]], threshold: float) -> Memory:
    """A memory made elsewhere, which does not say which candles it has learned.

    A row is an entry: pattern, close, high and low move, then the weights of the three moves.
    """
    columns = np.array(rows, dtype=np.float64).reshape(len(rows), len(_ARRAYS)).T.copy()
    arrays = dict(zip(_ARRAYS, columns, strict=True))
    return Memory(**arrays, threshold=threshold, pending=None, candles=0)


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """A memory, whose it is, and when it was trained (aware UTC)."""

    coin: Coin
    timeframe: Timeframe
    trained_at: datetime
    memory: Memory


_SEAL = b"powertraderd memory %05d sha256 "
_DIGEST_LENGTH = 64
_SEAL_LENGTH = len(_SEAL % VERSION)
_SEAL_PATTERN = re.compile(rb"powertraderd memory (\d{5}) sha256 ")


def to_bytes(record: MemoryRecord) -> bytes:
    """The file of ``record``; the same bytes for the same record."""
    memory, pending = record.memory, record.memory.pending
    header = {
        "coin": record.coin,
        "timeframe": record.timeframe.value,
        "trained_at": record.trained_at.isoformat(),
        "threshold": memory.threshold,
        "candles": memory.candles,
        "pending": pending
        and {
            "opened_at": pending.opened_at.isoformat(),
            "pattern": pending.pattern,
            "close": pending.close,
        },
    }
    buffer = io.BytesIO()
    np.savez(
        buffer,
        allow_pickle=False,
        header=np.array(json.dumps(header, allow_nan=False)),
        hits=pending.hits if pending else np.empty(0, np.int64),
        **{name: getattr(memory, name) for name in _ARRAYS},
    )
    return seal(buffer.getvalue(), VERSION)


def seal(archive: bytes, version: int) -> bytes:
    """``archive`` (a zip file without a comment) with version and checksum as its comment."""
    comment = _SEAL % version
    length = (len(comment) + _DIGEST_LENGTH).to_bytes(2, "little")  # zip's last field
    content = archive[:-2] + length + comment
    return content + hashlib.sha256(content).hexdigest().encode()


def from_bytes(data: bytes, name: str) -> MemoryRecord:
    """The record in ``data``, all of it or nothing.

    Raises StoreDamaged or StoreTooNew with the file's ``name`` and the remedy.
    """
    content, digest = data[:-_DIGEST_LENGTH], data[-_DIGEST_LENGTH:]
    if hashlib.sha256(content).hexdigest().encode() != digest:
        raise StoreDamaged(_refusal(name, "is damaged (its checksum does not fit)"))
    match = _SEAL_PATTERN.fullmatch(content[-_SEAL_LENGTH:])
    if not match:
        raise StoreDamaged(_refusal(name, "is not a memory file"))
    if (version := int(match[1])) > VERSION:
        msg = (
            f"{name} has memory format {version}, and this version of powertraderd reads up to "
            f"{VERSION}: install the version that wrote it, or move the file away and train anew"
        )
        raise StoreTooNew(msg)
    try:
        return _record(data)
    except (KeyError, TypeError, ValueError, BadZipFile) as error:
        reason = f"does not hold a memory ({error})"
        raise StoreDamaged(_refusal(name, reason)) from None


def _refusal(name: str, reason: str) -> str:
    return f"{name} {reason}: move it away and train the coin anew, or restore it from a backup"


def _record(data: bytes) -> MemoryRecord:
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in _ARRAYS}
        hits = archive["hits"]
        header = json.loads(str(archive["header"]))
    _check(arrays, hits, header["threshold"])
    newest = header["pending"]
    pending = newest and Pending(
        opened_at=datetime.fromisoformat(newest["opened_at"]),
        pattern=newest["pattern"],
        close=newest["close"],
        hits=hits,
    )
    return MemoryRecord(
        coin=Coin(header["coin"]),
        timeframe=Timeframe(header["timeframe"]),
        trained_at=datetime.fromisoformat(header["trained_at"]),
        memory=Memory(
            **arrays,
            threshold=header["threshold"],
            pending=pending,
            candles=header["candles"],
        ),
    )


def _check(arrays: dict[str, Floats], hits: Indices, threshold: float) -> None:
    """Raise ValueError where the parts cannot belong to one memory."""
    entries = len(arrays["patterns"])
    for name, array in arrays.items():
        if array.dtype != np.float64 or array.shape != (entries,) or not np.isfinite(array).all():
            msg = f"{name} is not a list of {entries} numbers"
            raise ValueError(msg)
    if hits.dtype != np.int64 or hits.ndim != 1 or ((hits < 0) | (hits >= entries)).any():
        msg = "hits do not point at entries"
        raise ValueError(msg)
    if not 0 <= threshold <= MAX_THRESHOLD:
        msg = f"threshold {threshold} is not between 0 and {MAX_THRESHOLD:g}"
        raise ValueError(msg)
