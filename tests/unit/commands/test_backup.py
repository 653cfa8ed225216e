"""`powertraderd backup` and `powertraderd restore`: the books come back to the last digit."""

import json
import os
import shutil
import tarfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from powertraderd.__main__ import build
from powertraderd.adapters import backup as archives
from powertraderd.adapters.sqlite.ledger import SqliteLedger
from powertraderd.model.money import Usd
from powertraderd.strategy import ledgering
from powertraderd.supervision import lock, state_file

_NOW = datetime(2026, 3, 1, 4, 20, tzinfo=UTC)
Run = Callable[..., Result]


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A state folder with a paused daemon's state."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    paused = state_file.DurableState().held(halted=False, reason="lunch", who="uid 0", at=_NOW)
    state_file.save(folder, paused)
    return folder


@pytest.fixture
def run(tmp_path: Path, state_dir: Path) -> Run:
    """Runs a verb with settings that name that folder."""
    config = tmp_path / "powertraderd.toml"
    config.write_text(f'[paths]\nstate_dir = "{state_dir}"\n')

    def run(verb: str, *words: str) -> Result:
        return CliRunner().invoke(build(verb), [verb, *words, "--config", str(config)])

    return run


def _ledger(state_dir: Path) -> SqliteLedger:
    return SqliteLedger(state_dir / "ledger.db", ledgering)


def _cash(state_dir: Path) -> Decimal:
    with closing(_ledger(state_dir)) as ledger:
        return ledger.books().cash


def _pay_in(ledger: SqliteLedger, amount: str) -> None:
    ledger.pay_in(Usd(Decimal(amount)), _NOW, "deposit")


def test_a_backup_is_made_while_the_ledger_is_written_and_comes_back_whole(
    run: Run, state_dir: Path
) -> None:
    """What was committed is in it, also where it is still in the write-ahead log alone."""
    with closing(_ledger(state_dir)) as ledger:
        _pay_in(ledger, "100.123456789012345678")
        made = run("backup", "--json")
        assert made.exit_code == 0, made.output
        _pay_in(ledger, "50")
    archive = json.loads(made.stdout)["path"]
    assert Path(archive).stat().st_mode & 0o777 == 0o600
    assert _cash(state_dir) == Decimal("150.123456789012345678")
    restored = run("restore", archive)
    assert restored.exit_code == 0, restored.output
    assert _cash(state_dir) == Decimal("100.123456789012345678")


def test_trading_is_halted_after_a_restore_and_the_old_books_are_kept(
    run: Run, state_dir: Path
) -> None:
    """The reason names the archive; what was replaced is beside it."""
    with closing(_ledger(state_dir)) as ledger:
        _pay_in(ledger, "1")
    archive = Path(run("backup").stdout.strip())
    with closing(_ledger(state_dir)) as ledger:
        _pay_in(ledger, "2")
    assert run("restore", str(archive)).exit_code == 0
    state = state_file.load(state_dir)
    assert (state.halted, state.reason) == (True, f"restored from {archive.name}")
    (aside,) = state_dir.glob("before-restore-*")
    assert _cash(aside) == Decimal(3)


def test_the_log_of_a_killed_daemon_is_not_applied_to_the_restored_books(
    run: Run, state_dir: Path, tmp_path: Path
) -> None:
    """What was in the write-ahead log belongs to the old ledger alone."""
    with closing(_ledger(state_dir)) as ledger:
        _pay_in(ledger, "1")
        archive = run("backup").stdout.strip()
        _pay_in(ledger, "2")
        shutil.copytree(state_dir, tmp_path / "killed")
    shutil.rmtree(state_dir)
    shutil.copytree(tmp_path / "killed", state_dir)
    assert (state_dir / "ledger.db-wal").stat().st_size > 0
    assert run("restore", archive).exit_code == 0
    assert _cash(state_dir) == Decimal(1)
    (aside,) = state_dir.glob("before-restore-*")
    assert _cash(aside) == Decimal(3)


def test_nothing_is_restored_under_a_daemon_that_runs(run: Run, state_dir: Path) -> None:
    """It says who holds the folder."""
    with closing(_ledger(state_dir)) as ledger:
        _pay_in(ledger, "1")
    archive = run("backup").stdout.strip()
    with closing(_ledger(state_dir)) as ledger:
        _pay_in(ledger, "2")
    held = lock.hold(state_dir / lock.SUPERVISOR_LOCK)
    refused = run("restore", archive)
    os.close(held)
    assert refused.exit_code == 75
    assert f"held by process {os.getpid()}" in refused.stderr
    assert _cash(state_dir) == Decimal(3)


@pytest.mark.parametrize("harm", ["cut", "other sum", "foreign member", "no archive"])
def test_a_damaged_archive_changes_nothing(
    run: Run, state_dir: Path, tmp_path: Path, harm: str
) -> None:
    """Whatever is wrong with it; the books and the trading state stay as they are."""
    with closing(_ledger(state_dir)) as ledger:
        _pay_in(ledger, "7")
    archive = Path(run("backup").stdout.strip())
    _harm(archive, harm, tmp_path)
    refused = run("restore", str(archive))
    assert refused.exit_code != 0
    assert str(archive) in refused.stderr
    assert _cash(state_dir) == Decimal(7)
    assert state_file.load(state_dir).reason == "lunch"
    assert list(state_dir.glob(".restoring-*")) == []


def _harm(archive: Path, harm: str, tmp_path: Path) -> None:
    if harm == "cut":
        archive.write_bytes(archive.read_bytes()[:-200])
    elif harm == "no archive":
        archive.write_text("nothing")
    else:
        room = tmp_path / "room"
        with tarfile.open(archive) as packed:
            packed.extractall(room, filter="data")
        manifest = json.loads((room / "manifest.json").read_text())
        if harm == "other sum":
            manifest["files"]["ledger.db"] = "0" * 64
        else:
            manifest["files"]["../state.json"] = manifest["files"]["ledger.db"]
        (room / "manifest.json").write_text(json.dumps(manifest))
        with tarfile.open(archive, "w:gz") as packed:
            for path in room.iterdir():
                packed.add(path, arcname=path.name)
            packed.add(room / "ledger.db", arcname="../state.json")


def test_no_ledger_is_no_backup(run: Run, state_dir: Path) -> None:
    """An empty archive would look like safety."""
    refused = run("backup")
    assert refused.exit_code == 75
    assert "nothing to back up" in refused.stderr
    assert list(state_dir.glob("backups/*")) == []


def test_the_oldest_backups_go_first(run: Run, state_dir: Path) -> None:
    """As many stay as were asked for, and only archives of ours go."""
    with closing(_ledger(state_dir)) as ledger:
        _pay_in(ledger, "1")
    folder = state_dir / archives.FOLDER
    first = Path(run("backup").stdout.strip())
    (folder / "mine.txt").touch()
    kept = [Path(run("backup", "--keep", "2").stdout.strip()) for _ in range(2)]
    assert not first.exists()
    assert sorted(folder.iterdir()) == sorted([*kept, folder / "mine.txt"])


def test_a_state_folder_of_somebody_else_is_refused(
    run: Run, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files made by root would be closed to the daemon; it says whom to be."""
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    for words in (("backup",), ("restore", "x.tar.gz")):
        refused = run(*words)
        assert refused.exit_code == 78
        assert "run this as that user" in refused.stderr
    assert list(state_dir.glob("backups")) == []
