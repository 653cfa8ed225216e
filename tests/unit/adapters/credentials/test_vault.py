"""The key's file at rest."""

import os
import stat
from pathlib import Path

import pytest

from powertraderd.adapters.credentials.vault import read_private, shred, write_private
from powertraderd.errors import ConfigError


def test_what_is_written_is_private_and_read_back(tmp_path: Path) -> None:
    """Mode 0600 whatever the umask says, and no temporary file stays."""
    path = tmp_path / "key"
    before = os.umask(0)
    try:
        write_private(path, "one")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_private(path) == "one"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_copy_is_overwritten_when_a_new_one_takes_its_place(tmp_path: Path) -> None:
    """Seen through a descriptor that was open before, on the old file's own blocks."""
    path = tmp_path / "key"
    write_private(path, "the old secret")
    old = os.open(path, os.O_RDONLY)
    try:
        write_private(path, "the new secret")
        kept = os.pread(old, 100, 0)
    finally:
        os.close(old)
    assert len(kept) == len("the old secret")
    assert b"secret" not in kept
    assert read_private(path) == "the new secret"


def test_shredding_overwrites_before_the_name_goes(tmp_path: Path) -> None:
    """The same, without a new one."""
    path = tmp_path / "key"
    write_private(path, "the secret")
    old = os.open(path, os.O_RDONLY)
    try:
        shred(path)
        kept = os.pread(old, 100, 0)
    finally:
        os.close(old)
    assert b"secret" not in kept
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    """With the command that mends it."""
    path = tmp_path / "key"
    write_private(path, "x")
    path.chmod(mode)
    with pytest.raises(ConfigError, match=f"chmod 600 {path}"):
        read_private(path)


def test_a_file_that_cannot_be_a_key_is_refused(tmp_path: Path) -> None:
    """Missing, a folder, far too large, no text; each names the path."""
    (tmp_path / "folder").mkdir(mode=0o700)
    for name, data in (("large", b"x" * 100_000), ("binary", b"\xff\xfe")):
        (tmp_path / name).write_bytes(data)
        (tmp_path / name).chmod(0o600)
    for name in ("missing", "folder", "large", "binary"):
        with pytest.raises(ConfigError, match=f"^{tmp_path / name}: "):
            read_private(tmp_path / name)


def test_a_link_is_never_written_through(tmp_path: Path) -> None:
    """Somebody who may write into the folder cannot point us at another file."""
    target = tmp_path / "precious"
    target.write_text("precious")
    (tmp_path / "key").symlink_to(target)
    with pytest.raises(ConfigError, match="the old one was kept"):
        write_private(tmp_path / "key", "x")
    assert target.read_text() == "precious"
    assert {each.name for each in tmp_path.iterdir()} == {"precious", "key"}


def test_a_crash_while_writing_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what it left behind does not disturb the next time."""
    path = tmp_path / "key"
    write_private(path, "old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ConfigError, match="No space left"):
            write_private(path, "new")
    assert read_private(path) == "old"
    write_private(path, "new")
    assert read_private(path) == "new"
