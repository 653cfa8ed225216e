"""state.json: what the supervisor must not forget over a crash, a restart or a reboot.

Written to a temporary name, fsynced and renamed, with a checksum. Of a damaged file a
copy is put aside, and whoever reads it learns what is wrong with it.
"""

import contextlib
import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from powertraderd.errors import StoreDamaged

FILE_NAME = "state.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Anchor:
    """The wall time at which an accelerated market stood at its ``start``."""

    start: datetime
    speed: float
    wall: datetime


@dataclass(frozen=True, slots=True)
class DurableState:
    """Whether trading is held back, since when, why and by whom; and where the market stands."""

    paused: bool = False
    halted: bool = False
    reason: str = ""
    since: datetime | None = None
    who: str = ""
    anchor: Anchor | None = None

    def held(self, *, halted: bool, reason: str, who: str, at: datetime) -> "DurableState":
        """Paused, and halted where asked for; a halt keeps its own reason over a later pause."""
        if self.halted and not halted:
            return self
        return replace(self, paused=True, halted=halted, reason=reason, who=who, since=at)

    def released(self, *, who: str, at: datetime) -> "DurableState":
        """Neither paused nor halted."""
        return replace(self, paused=False, halted=False, reason="", who=who, since=at)

    def anchored(self, anchor: Anchor) -> "DurableState":
        """The same with another market clock."""
        return replace(self, anchor=anchor)


def save(folder: Path, state: DurableState) -> None:
    """Replace the file durably; raises OSError and leaves the old one when that fails."""
    path = folder / FILE_NAME
    temporary = path.with_suffix(".tmp")
    body = json.dumps({"version": _VERSION, **asdict(state)}, default=_moment, sort_keys=True)
    document = {"checksum": checksum(body), "state": body}
    with open(temporary, "w", encoding="utf-8", opener=_private) as file:
        json.dump(document, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync_folder(folder)


def load(folder: Path) -> DurableState:
    """The state, and a fresh one where there never was a file.

    Raises StoreDamaged for a file that cannot be believed, after a copy was put aside.
    """
    path = folder / FILE_NAME
    try:
        return _parse(path.read_bytes())
    except FileNotFoundError:
        return DurableState()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreDamaged(_put_aside(path, error)) from None


def _put_aside(path: Path, error: Exception) -> str:
    aside = path.with_suffix(".damaged")
    with contextlib.suppress(OSError):  # the folder does not let us: it stays where it is
        aside.unlink(missing_ok=True)
        os.link(path, aside)
    return (
        f"{path} is damaged ({error}); a copy is {aside.name}. Whether trading was paused is "
        "unknown, so it is paused now: look at the positions, then run ptctl resume"
    )


def _parse(raw: bytes) -> DurableState:
    document = json.loads(raw)
    body = document["state"]
    if document["checksum"] != checksum(body):
        msg = "the checksum does not fit"
        raise ValueError(msg)
    values: dict[str, Any] = json.loads(body)
    version = values.pop("version")
    if version != _VERSION:
        msg = f"version {version} is not known here"
        raise ValueError(msg)
    anchor = values.pop("anchor")
    since = values.pop("since")
    return DurableState(
        **values,
        since=None if since is None else datetime.fromisoformat(since),
        anchor=None if anchor is None else _anchor(anchor),
    )


def _anchor(values: dict[str, Any]) -> Anchor:
    return Anchor(
        start=datetime.fromisoformat(values["start"]),
        speed=values["speed"],
        wall=datetime.fromisoformat(values["wall"]),
    )


def checksum(body: str) -> str:
    """SHA-256 of the state's text."""
    return hashlib.sha256(body.encode()).hexdigest()


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(repr(value))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
