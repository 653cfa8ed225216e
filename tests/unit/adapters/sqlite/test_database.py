"""A file that is not as it should be is named, explained, and left as it is to the last byte."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from powertraderd.adapters.sqlite.database import Reader, Schema, Writer
from powertraderd.errors import DataUnavailable, StoreDamaged, StoreTooNew, StoreUnavailable

SCHEMA = Schema(77, ("CREATE TABLE note (text TEXT NOT NULL) STRICT;",), "restore a backup")
PAGE = 4096


def fill(path: Path, count: int = 400) -> None:
    """Some pages of notes."""
    with closing(Writer(path, SCHEMA)) as writer, writer.transaction() as connection:
        connection.executemany("INSERT INTO note VALUES (?)", [("x" * 100,)] * count)


def killed(path: Path, folder: Path) -> Path:
    """The files as a SIGKILL leaves them: the last commit is in the write-ahead log alone."""
    writer = Writer(path, SCHEMA)
    with writer.transaction() as connection:
        connection.execute("INSERT INTO note VALUES ('last')")
    folder.mkdir()
    for each in path.parent.glob(f"{path.name}*"):
        if not each.name.endswith("-shm"):
            shutil.copy(each, folder)
    writer.close()
    return folder / path.name


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but the shared memory, which holds nothing."""
    return {each.name: each.read_bytes() for each in folder.iterdir() if "-shm" not in each.name}


def refused(path: Path, error: type[Exception], words: str) -> None:
    """The writer says so and changes nothing."""
    before = contents(path.parent)
    with pytest.raises(error, match=words) as said:
        Writer(path, SCHEMA)
    assert str(path) in str(said.value)
    assert {name: text for name, text in contents(path.parent).items() if text} == {
        name: text for name, text in before.items() if text
    }


def test_what_was_committed_before_a_kill_is_there(tmp_path: Path) -> None:
    """The log is taken over."""
    fill(tmp_path / "notes.db")
    left = killed(tmp_path / "notes.db", tmp_path / "left")
    with closing(Writer(left, SCHEMA)) as writer, writer.snapshot() as connection:
        newest = connection.execute("SELECT text FROM note ORDER BY rowid DESC").fetchone()[0]
    assert newest == "last"


def test_a_damaged_page_is_refused_and_the_log_beside_it_not_worked_in(tmp_path: Path) -> None:
    """Whatever can be saved is saved by a person."""
    fill(tmp_path / "notes.db")
    left = killed(tmp_path / "notes.db", tmp_path / "left")
    text = bytearray(left.read_bytes())
    text[3 * PAGE : 3 * PAGE + 2000] = b"\xa5" * 2000
    left.write_bytes(text)
    assert left.with_name("notes.db-wal").stat().st_size > 0
    refused(left, StoreDamaged, "damaged: Page 4: .*; it was left as it is; restore a backup")


def test_a_file_of_noise_is_refused(tmp_path: Path) -> None:
    """It is no database at all."""
    (tmp_path / "notes.db").write_bytes(b"\xa5" * PAGE)
    refused(tmp_path / "notes.db", StoreDamaged, "damaged")


def test_an_empty_file_is_damage_and_no_new_beginning(tmp_path: Path) -> None:
    """A new one is made under another name and renamed."""
    (tmp_path / "notes.db").touch()
    refused(tmp_path / "notes.db", StoreDamaged, "the file is empty")


def test_a_log_without_its_file_is_damage(tmp_path: Path) -> None:
    """Somebody took the file away."""
    fill(tmp_path / "notes.db")
    left = killed(tmp_path / "notes.db", tmp_path / "left")
    left.unlink()
    refused(left, StoreDamaged, "the file is missing, but its log notes.db-wal is there")


def test_another_database_is_refused(tmp_path: Path) -> None:
    """Also when its tables have the right names."""
    with closing(sqlite3.connect(tmp_path / "notes.db")) as other:
        other.executescript(SCHEMA.scripts[0])
    refused(tmp_path / "notes.db", StoreDamaged, "a database, but not this one")


def test_a_newer_file_is_refused_with_the_way_back(tmp_path: Path) -> None:
    """A downgrade cannot know what the columns mean."""
    fill(tmp_path / "notes.db")
    with closing(sqlite3.connect(tmp_path / "notes.db")) as newer:
        newer.execute("PRAGMA user_version = 9")
    refused(tmp_path / "notes.db", StoreTooNew, r"schema 9, known: 1.*restore a backup")


def test_an_older_file_is_brought_up_to_date(tmp_path: Path) -> None:
    """And keeps what it holds."""
    fill(tmp_path / "notes.db", 3)
    newer = Schema(77, (*SCHEMA.scripts, "ALTER TABLE note ADD COLUMN at INTEGER;"), "")
    with closing(Writer(tmp_path / "notes.db", newer)) as writer, writer.snapshot() as connection:
        assert connection.execute("SELECT count(*), count(at) FROM note").fetchone()[:] == (3, 0)


def test_a_half_made_file_is_made_again(tmp_path: Path) -> None:
    """Killed before the rename."""
    (tmp_path / "notes.db.new").write_bytes(b"half")
    (tmp_path / "notes.db.new-journal").write_bytes(b"half")
    fill(tmp_path / "notes.db", 1)
    assert set(contents(tmp_path)) == {"notes.db"}


def test_a_reader_before_the_writer_is_told_to_wait(tmp_path: Path) -> None:
    """No empty answer for a file that is not there."""
    with (
        closing(Reader(tmp_path / "notes.db", SCHEMA)) as reader,
        pytest.raises(DataUnavailable, match="its writer makes it"),
        reader.snapshot(),
    ):
        pass
    assert contents(tmp_path) == {}


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With what the system says."""
    with pytest.raises(StoreUnavailable, match="nowhere"):
        Writer(tmp_path / "nowhere" / "notes.db", SCHEMA)
