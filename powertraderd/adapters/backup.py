"""Backups of a state folder: one archive that holds what cannot be made again.

That is the ledger, the paper broker's own book where there is one, and the owner's word on trading.
Candles, memories and signals are not in it: the daemon makes them anew. A copy is taken online with
SQLite's backup API, so nobody has to stop; the ledger first, because a book that is ahead of the
ledger is what a crash leaves, which the trader reconciles, and the other way round is not.
"""

import hashlib
import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from powertraderd.errors import StoreDamaged, StoreUnavailable

FOLDER = "backups"
"""Where in the state folder backups are kept when nobody says otherwise."""
PATTERN = "powertraderd-*.tar.gz"
DATABASES = ("ledger.db", "paper.db")
STATE_FILE = "state.json"
_MANIFEST = "manifest.json"
_VERSION = 1
_KNOWN = frozenset({*DATABASES, STATE_FILE})
_STAMP = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds: SHA-256 by name of file."""

    made_at: datetime
    made_by: str
    files: Mapping[str, str]


def write(state_dir: Path, folder: Path, *, now: datetime, made_by: str) -> Path:
    """Make an archive of ``state_dir`` in ``folder`` and return its path; it is on the disk then.

    Raises StoreUnavailable where there is no ledger or no room, StoreDamaged for a copy that is
    not whole; nothing is left half-written.
    """
    path = folder / f"powertraderd-{now.astimezone(UTC).strftime(_STAMP)}.tar.gz"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=folder) as name:
            room = Path(name)
            files = _copy(state_dir, room)
            manifest = Manifest(now, made_by, {each: _sha256(room / each) for each in files})
            body = {"version": _VERSION, **asdict(manifest), "made_at": now.isoformat()}
            (room / _MANIFEST).write_text(json.dumps(body, indent=2), encoding="utf-8")
            _pack(room, (_MANIFEST, *files), path)
    except (OSError, sqlite3.OperationalError) as error:
        msg = f"{path}: no backup was made: {error}; check free space and permissions"
        raise StoreUnavailable(msg) from error
    return path


def _copy(state_dir: Path, room: Path) -> list[str]:
    if not (state_dir / DATABASES[0]).exists():
        msg = f"{state_dir / DATABASES[0]}: does not exist, so there is nothing to back up"
        raise StoreUnavailable(msg)
    files = [name for name in DATABASES if (state_dir / name).exists()]
    for name in files:
        _copy_database(state_dir / name, room / name)
    state = state_dir / STATE_FILE
    if state.exists():
        (room / STATE_FILE).write_bytes(state.read_bytes())
        files.append(STATE_FILE)
    return files


def _copy_database(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as theirs,
        closing(sqlite3.connect(target)) as ours,
    ):
        theirs.backup(ours)
        ours.execute("PRAGMA journal_mode = DELETE")
        check_database(ours, source)


def check_database(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreDamaged where SQLite finds anything wrong with the file called ``path``."""
    try:
        problem = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        problem = str(error)
    if problem != "ok":
        msg = f"{path}: damaged: {problem}; it was left as it is"
        raise StoreDamaged(msg)


def _pack(room: Path, names: tuple[str, ...], path: Path) -> None:
    unfinished = room / path.name
    with tarfile.open(unfinished, "w:gz", compresslevel=6) as archive:
        for name in names:
            archive.add(room / name, arcname=name)
    unfinished.chmod(0o600)
    _sync(unfinished)
    unfinished.rename(path)
    _sync(path.parent)


def unpack(archive: Path, room: Path) -> Manifest:
    """Put the archive's files into the empty folder ``room``, each checked against its sum.

    Raises StoreDamaged for anything that is not a whole archive of ours, StoreUnavailable where
    it cannot be read or there is no room.
    """
    try:
        with tarfile.open(archive, "r:gz") as packed:
            manifest = _manifest(packed, archive)
            for name, expected in manifest.files.items():
                target = room / name
                target.write_bytes(_member(packed, name, archive))
                if _sha256(target) != expected:
                    raise _damaged(archive, f"{name} is not what the manifest says")
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as error:
        raise _damaged(archive, str(error)) from error
    except OSError as error:
        msg = f"{archive}: cannot be unpacked: {error}"
        raise StoreUnavailable(msg) from error
    for name in manifest.files.keys() & set(DATABASES):
        with closing(sqlite3.connect(room / name)) as connection:
            check_database(connection, room / name)
    return manifest


def _manifest(packed: tarfile.TarFile, archive: Path) -> Manifest:
    body = json.loads(_member(packed, _MANIFEST, archive))
    if body["version"] != _VERSION:
        raise _damaged(archive, f"version {body['version']} is not known here")
    files = dict(body["files"])
    if DATABASES[0] not in files or not files.keys() <= _KNOWN:
        raise _damaged(archive, f"holds {', '.join(sorted(files)) or 'nothing'}")
    return Manifest(datetime.fromisoformat(body["made_at"]), str(body["made_by"]), files)


def _member(packed: tarfile.TarFile, name: str, archive: Path) -> bytes:
    member = packed.extractfile(name)
    if member is None:
        raise _damaged(archive, f"{name} is not a file")
    return member.read()


def _damaged(archive: Path, what: str) -> StoreDamaged:
    return StoreDamaged(f"{archive}: is not a whole backup: {what}; take another one")


def prune(folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest ``keep`` archives; returns what was removed, oldest first."""
    old = sorted(folder.glob(PATTERN))[:-keep]
    for path in old:
        path.unlink()
    return old


def put_back(room: Path, state_dir: Path, manifest: Manifest, aside: Path) -> None:
    """Let the unpacked databases take the place of those in ``state_dir``.

    What is there is kept in ``aside`` first. A file is replaced in one step; the write-ahead log of
    the old one goes before, because SQLite would apply it to the new one.
    """
    aside.mkdir(mode=0o700)
    for name in DATABASES:
        path = state_dir / name
        for old in (path, *(path.with_name(f"{name}{tail}") for tail in ("-wal", "-shm"))):
            if old.exists():
                os.link(old, aside / old.name)
        for tail in ("-wal", "-shm"):
            path.with_name(f"{name}{tail}").unlink(missing_ok=True)
        if name in manifest.files:
            (room / name).chmod(0o600)
            _sync(room / name)
            (room / name).rename(path)
        else:
            path.unlink(missing_ok=True)
    _sync(state_dir)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
