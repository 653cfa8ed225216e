"""Memories in bytes.

A file is an .npz archive that any numpy can open: one array per array of the memory and a header
in JSON, which names the learner. Its last bytes, which zip calls the archive's comment, are a
version and a SHA-256 over everything before the digest. Equal memories have equal bytes.
"""

import hashlib
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from powertraderd.errors import StoreDamaged, StoreTooNew
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.memory import MAX_THRESHOLD, Indices, Memory, Pending
from powertraderd.model.volatility_memory import FEATURES, Newest, VolatilityMemory

VERSION = 1

AnyMemory = Memory | VolatilityMemory

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """A memory, whose it is, and when it was trained (aware UTC)."""

    coin: Coin
    timeframe: Timeframe
    trained_at: datetime
    memory: AnyMemory


_CLASSIC = (
    "patterns",
    "close_moves",
    "high_moves",
    "low_moves",
    "close_weights",
    "high_weights",
    "low_weights",
)
_VOLATILITY = ("features", "highs", "lows", "ranges", "slots")
_SEAL = b"powertraderd memory %05d sha256 "
_DIGEST_LENGTH = 64
_SEAL_LENGTH = len(_SEAL % VERSION)
_SEAL_PATTERN = re.compile(rb"powertraderd memory (\d{5}) sha256 ")


def to_bytes(record: MemoryRecord) -> bytes:
    """The file of ``record``; the same bytes for the same record."""
    memory = record.memory
    parts = _classic_parts(memory) if isinstance(memory, Memory) else _volatility_parts(memory)
    header, arrays = parts
    header |= {
        "coin": record.coin,
        "timeframe": record.timeframe.value,
        "trained_at": record.trained_at.isoformat(),
    }
    buffer = io.BytesIO()
    text = np.array(json.dumps(header, allow_nan=False))
    np.savez(buffer, allow_pickle=False, header=text, **arrays)
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
        arrays = {name: archive[name] for name in archive.files if name != "header"}
        header = json.loads(str(archive["header"]))
    read = _READERS[header["learner"]]
    return MemoryRecord(
        coin=Coin(header["coin"]),
        timeframe=Timeframe(header["timeframe"]),
        trained_at=datetime.fromisoformat(header["trained_at"]),
        memory=read(header, arrays),
    )


# -- the classic learner


def _classic_parts(memory: Memory) -> tuple[dict[str, Any], Arrays]:
    pending = memory.pending
    header: dict[str, Any] = {
        "learner": "classic",
        "threshold": memory.threshold,
        "candles": memory.candles,
        "pending": pending
        and {
            "opened_at": pending.opened_at.isoformat(),
            "pattern": pending.pattern,
            "close": pending.close,
        },
    }
    hits = pending.hits if pending else np.empty(0, np.int64)
    return header, {"hits": hits, **{name: getattr(memory, name) for name in _CLASSIC}}


def _classic(header: Mapping[str, Any], arrays: Arrays) -> Memory:
    parts = {name: arrays[name] for name in _CLASSIC}
    entries, hits = len(parts["patterns"]), arrays["hits"]
    for name, array in parts.items():
        _check(name, array, (entries,))
    _check_hits(hits, entries)
    if not 0 <= header["threshold"] <= MAX_THRESHOLD:
        msg = f"threshold {header['threshold']} is not between 0 and {MAX_THRESHOLD:g}"
        raise ValueError(msg)
    newest = header["pending"]
    pending = newest and Pending(
        opened_at=datetime.fromisoformat(newest["opened_at"]),
        pattern=newest["pattern"],
        close=newest["close"],
        hits=hits,
    )
    return Memory(
        **parts, threshold=header["threshold"], pending=pending, candles=header["candles"]
    )


def _check_hits(hits: Indices, entries: int) -> None:
    if hits.dtype != np.int64 or hits.ndim != 1 or ((hits < 0) | (hits >= entries)).any():
        msg = "hits do not point at entries"
        raise ValueError(msg)


# -- the volatility-scaled learner


def _volatility_parts(memory: VolatilityMemory) -> tuple[dict[str, Any], Arrays]:
    pending = memory.pending
    header: dict[str, Any] = {
        "learner": "volatility",
        "neighbour_average": memory.neighbour_average,
        "hour_of_day": memory.hour_of_day,
        "candles": memory.candles,
        "pending": pending
        and {
            "opened_at": pending.opened_at.isoformat(),
            "features": pending.features,
            "close": pending.close,
            "ruler": pending.ruler,
        },
    }
    return header, {name: getattr(memory, name) for name in _VOLATILITY}


def _volatility(header: Mapping[str, Any], arrays: Arrays) -> VolatilityMemory:
    parts = {name: arrays[name] for name in _VOLATILITY}
    entries = len(parts["highs"])
    _check("features", parts["features"], (entries, FEATURES))
    for name in ("highs", "lows"):
        _check(name, parts[name], (entries,))
    for name in ("ranges", "slots"):
        _check(name, parts[name], (len(parts[name]), 2))
    newest = header["pending"]
    body, span, trend = newest["features"] if newest else (0.0, 0.0, 0.0)
    pending = newest and Newest(
        opened_at=datetime.fromisoformat(newest["opened_at"]),
        features=(body, span, trend),
        close=newest["close"],
        ruler=newest["ruler"],
    )
    return VolatilityMemory(
        **parts,
        neighbour_average=header["neighbour_average"],
        hour_of_day=header["hour_of_day"],
        pending=pending,
        candles=header["candles"],
    )


_READERS: Mapping[str, Callable[[Mapping[str, Any], Arrays], AnyMemory]] = {
    "classic": _classic,
    "volatility": _volatility,
}


def _check(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Raise ValueError where the parts cannot belong to one memory."""
    if array.dtype != np.float64 or array.shape != shape or not np.isfinite(array).all():
        msg = f"{name} is not an array of {' x '.join(map(str, shape))} numbers"
        raise ValueError(msg)
