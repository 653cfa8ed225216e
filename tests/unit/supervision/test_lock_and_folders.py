"""Locks and private folders."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from powertraderd.errors import ConfigError, StateLocked
from powertraderd.supervision import lock
from powertraderd.supervision.folders import prepare_runtime_dir, prepare_state_dir

HOLDER = (
    "import sys, pathlib; from powertraderd.supervision import lock;"
    "lock.hold(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
)


def test_a_lock_names_its_holder_and_dies_with_it(tmp_path: Path) -> None:
    """SIGKILL is enough to free it; no file has to be removed."""
    path = tmp_path / "trader.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StateLocked, match=str(holder.pid)):
            lock.hold(path)
        holder.kill()
    os.close(lock.hold(path))


def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    """A grandchild that lives on must not keep the next trader out."""
    path = tmp_path / "trader.lock"
    held = lock.hold(path)
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        os.close(held)
        os.close(lock.hold(path))
        child.kill()


def test_a_lock_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """Nobody makes us write our pid into a file of theirs."""
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        lock.hold(tmp_path / "lock")


def test_folders_are_made_private(tmp_path: Path) -> None:
    """0700, parents too where they were missing."""
    prepare_state_dir(tmp_path / "a" / "state")
    prepare_runtime_dir(tmp_path / "run", None)
    assert (tmp_path / "a" / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700


def test_an_admin_group_may_enter_the_runtime_folder(tmp_path: Path) -> None:
    """0750, and it belongs to that group."""
    prepare_runtime_dir(tmp_path / "run", os.getgid())
    found = (tmp_path / "run").stat()
    assert (found.st_mode & 0o777, found.st_gid) == (0o750, os.getgid())


def test_a_link_a_file_and_a_folder_open_to_others_are_refused(tmp_path: Path) -> None:
    """Each refusal names the setting, the path and the remedy."""
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    for name, words in (
        ("link", "real folder"),
        ("file", "another folder"),
        ("open", "chmod go-w"),
    ):
        with pytest.raises(ConfigError, match=rf"\[paths\] runtime_dir.*{words}"):
            prepare_runtime_dir(tmp_path / name, None)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to make a folder of somebody else")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """In /tmp anybody may have made it before us."""
    (tmp_path / "theirs").mkdir(mode=0o700)
    os.chown(tmp_path / "theirs", 12345, 12345)
    with pytest.raises(ConfigError, match="belongs to user 12345"):
        prepare_state_dir(tmp_path / "theirs")
