"""The folders of a daemon, made private before anything is put into them."""

import os
import stat
from pathlib import Path

from powertraderd.errors import ConfigError

_PRIVATE = 0o700
_GROUP_MAY_ENTER = 0o750
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def prepare_state_dir(path: Path) -> None:
    """Make the state folder (0700), or check that the one there is ours and nobody else's."""
    _prepare(path, "state_dir")


def prepare_runtime_dir(path: Path, admin_gid: int | None) -> None:
    """Make the runtime folder: 0700, or 0750 with the admin group where there is one.

    A folder that systemd made like that is left alone: under its unit nobody may change owners.
    """
    _prepare(path, "runtime_dir")
    found = path.stat()
    if admin_gid is None or (found.st_gid, stat.S_IMODE(found.st_mode)) == (
        admin_gid,
        _GROUP_MAY_ENTER,
    ):
        return
    try:
        os.chown(path, -1, admin_gid)
        path.chmod(_GROUP_MAY_ENTER)
    except PermissionError:
        msg = (
            f"{path}: cannot be given to group {admin_gid}; make the daemon's user a member of "
            "[control] admin_group"
        )
        raise ConfigError(msg) from None


def _prepare(path: Path, name: str) -> None:
    try:
        path.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        msg = f"[paths] {name} = {path}: cannot be used ({error.strerror}); name another folder"
        raise ConfigError(msg) from None
    if not stat.S_ISDIR(found.st_mode):
        msg = f"[paths] {name} = {path}: is not a folder (a link is refused); name a real folder"
        raise ConfigError(msg)
    if found.st_uid != os.geteuid():
        msg = f"[paths] {name} = {path}: belongs to user {found.st_uid}; name a folder of your own"
        raise ConfigError(msg)
    if found.st_mode & _OTHERS_WRITE:
        msg = f"[paths] {name} = {path}: others may write there; chmod go-w {path}"
        raise ConfigError(msg)
