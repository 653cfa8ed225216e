"""SQLite files of ours: made in one piece, one writer, versions, errors that say what to do.

Each file is in WAL mode: readers see the last commit and never block the writer. A new file is
made under another name and renamed, so an empty file is a damaged one and never a new beginning.
PRAGMA application_id says which of our files it is, PRAGMA user_version which version of its
schema; the schemas are the .sql files in schema/, where NAME_n.sql makes version n of n - 1.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

from powertraderd.adapters.sqlite.cells import Undecodable, decimal_of
from powertraderd.errors import (
    DataUnavailable,
    PowertraderError,
    StoreDamaged,
    StoreTooNew,
    StoreUnavailable,
)
from powertraderd.model.money import EXACT, plain

_BUSY_S = 4.0
"""Waiting for a lock; less than the 5 s budget of one ledger commit."""
_PRIMARY = 0xFF
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})


@dataclass(frozen=True, slots=True)
class Schema:
    """What a file holds. Script n makes version n; ``remedy`` is for a file that is damaged.

    ``durable``: a commit survives a power cut (synchronous=FULL), else only a crash of ours.
    """

    application_id: int
    scripts: tuple[str, ...]
    remedy: str
    durable: bool = True

    @property
    def version(self) -> int:
        """The version that this program writes."""
        return len(self.scripts)


def packaged(name: str) -> tuple[str, ...]:
    """The scripts NAME_1.sql, NAME_2.sql, ... that ship with the package."""
    folder = files(__package__) / "schema"
    count = sum(item.name.startswith(f"{name}_") for item in folder.iterdir())
    return tuple((folder / f"{name}_{n}.sql").read_text("utf-8") for n in range(1, count + 1))


class Writer:
    """The one connection that writes a file."""

    def __init__(self, path: Path, schema: Schema) -> None:
        """Make the file where there is none, check it, and migrate an old one.

        Raises StoreDamaged, StoreTooNew or StoreUnavailable.
        """
        self.path = path
        self._schema = schema
        with _explained(path, schema):
            if not path.exists():
                _create(path, schema)
            version = _whole_version(path, schema)
            self._connection = _connect(path, schema, "rw")
            try:
                self._prepare(version)
            except (PowertraderError, sqlite3.Error):
                self._connection.close()
                raise

    def _prepare(self, version: int) -> None:
        connection = self._connection
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA synchronous = {'FULL' if self._schema.durable else 'NORMAL'}")
        _migrate(connection, self._schema, version)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: committed when the block ends, undone when it raises."""
        with _explained(self.path, self._schema), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Reads that belong together."""
        with _explained(self.path, self._schema), self._connection:
            self._connection.execute("BEGIN")
            yield self._connection

    def close(self) -> None:
        """Leave the file in one piece, without a write-ahead log."""
        self._connection.close()


class Reader:
    """A read-only connection, opened when it is first needed."""

    def __init__(self, path: Path, schema: Schema) -> None:
        """Nothing is opened yet: the file may not exist when its reader starts."""
        self.path = path
        self._schema = schema
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Reads that belong together. Raises DataUnavailable while there is no such file yet."""
        with _explained(self.path, self._schema):
            if self._connection is None:
                self._connection = self._opened()
            with self._connection:
                self._connection.execute("BEGIN")
                yield self._connection

    def _opened(self) -> sqlite3.Connection:
        if not self.path.exists():
            msg = f"{self.path}: does not exist yet; its writer makes it when it starts"
            raise DataUnavailable(msg)
        connection = _connect(self.path, self._schema, "ro")
        try:
            version = _checked_version(connection, self.path, self._schema)
            if version < self._schema.version:
                msg = f"{self.path}: is version {version}; its writer migrates it when it starts"
                raise DataUnavailable(msg)
        except (PowertraderError, sqlite3.Error):
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close the connection if there is one."""
        if self._connection is not None:
            self._connection.close()


class ExactSum:
    """SQL aggregate ``exact_sum``: the sum of decimal texts to the last digit, NULL of nothing."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._sum: Decimal | None = None

    def step(self, cell: str | None) -> None:
        """Add one cell; NULL adds nothing."""
        if cell is not None:
            self._sum = EXACT.add(self._sum or Decimal(0), decimal_of(cell))

    def finalize(self) -> str | None:
        """The sum as text."""
        return None if self._sum is None else plain(self._sum)


def _connect(path: Path, schema: Schema, mode: str) -> sqlite3.Connection:
    """Autocommit outside our own transactions."""
    if path.exists() and path.stat().st_size == 0:
        raise _damaged(path, schema, "the file is empty")
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_S)
    connection.row_factory = sqlite3.Row
    connection.create_aggregate("exact_sum", 1, ExactSum)  # type: ignore[arg-type]  # text, not int
    return connection


def _create(path: Path, schema: Schema) -> None:
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        raise _damaged(path, schema, f"the file is missing, but its log {log.name} is there")
    fresh = path.with_name(f"{path.name}.new")
    for left_over in (fresh, path.with_name(f"{fresh.name}-journal")):
        left_over.unlink(missing_ok=True)
    with closing(_connect(fresh, schema, "rwc")) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        _migrate(connection, schema, 0)
    fresh.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _whole_version(path: Path, schema: Schema) -> int:
    """The version of a file without damage, read-only.

    Whoever may write moves the write-ahead log into the file when it closes, damaged or not.
    """
    with closing(_connect(path, schema, "ro")) as connection:
        version = _checked_version(connection, path, schema)
        problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem != "ok":
        raise _damaged(path, schema, problem.splitlines()[-1])  # a headline comes before it
    return version


def _checked_version(connection: sqlite3.Connection, path: Path, schema: Schema) -> int:
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    if application_id != schema.application_id:
        raise _damaged(path, schema, "it is a database, but not this one")
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > schema.version:
        msg = (
            f"{path}: was written by a newer version (schema {version}, known: {schema.version}); "
            "start the newer version, or restore a backup made before the upgrade"
        )
        raise StoreTooNew(msg)
    return version


def _migrate(connection: sqlite3.Connection, schema: Schema, version: int) -> None:
    for number, script in enumerate(schema.scripts[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{script}\n"
            f"PRAGMA application_id = {schema.application_id};\n"
            f"PRAGMA user_version = {number};\nCOMMIT;"
        )


@contextmanager
def _explained(path: Path, schema: Schema) -> Iterator[None]:
    """What SQLite and the system say, as our own errors.

    Constraint failures and mistakes of our own program pass through.
    """
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & _PRIMARY
        if code in _DAMAGE:
            raise _damaged(path, schema, str(error)) from error
        raise _unavailable(path, str(error)) from error
    except Undecodable as error:
        raise _damaged(path, schema, str(error)) from error
    except OSError as error:
        raise _unavailable(path, error.strerror or str(error)) from error


def _damaged(path: Path, schema: Schema, what: str) -> StoreDamaged:
    return StoreDamaged(f"{path}: damaged: {what}; it was left as it is; {schema.remedy}")


def _unavailable(path: Path, what: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"{path}: cannot be used now: {what}; check free space, permissions and other processes"
    )
