"""Folders, files and the socket: who may read, write and enter."""

import grp
import os
import pwd
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from powertraderd.adapters.backup import PATTERN
from powertraderd.commands.checkup.finding import Finding, fail, ok, warn
from powertraderd.errors import ConfigError
from powertraderd.settings import Settings
from powertraderd.supervision.folders import prepare_state_dir
from powertraderd.workers.wiring import BACKUP_DIR, LEDGER_DB

LEAST_FREE, WANTED_FREE = 200 * 2**20, 2**30
"""Bytes of the disk that holds the state: below the first writes will fail soon."""
BACKUP_DUE = timedelta(days=2)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def settings_file(path: Path | None) -> Iterator[Finding]:
    """The file that decides about money must not be anybody's to change."""
    if path is None:
        yield warn("settings file", "none: all is as the defaults say", "powertraderd init")
        return
    mode = path.stat().st_mode
    if mode & stat.S_IWOTH:
        yield fail("settings file", f"{path}: everybody may change it", f"chmod o-w {path}")
    elif mode & _OTHERS_WRITE:
        group = grp.getgrgid(path.stat().st_gid).gr_name
        what = f"{path}: the group {group} may change it"
        yield warn("settings file", what, f"chmod g-w {path}")
    else:
        yield ok("settings file", f"{path}, mode {stat.S_IMODE(mode):04o}")


def state_dir(settings: Settings) -> Iterator[Finding]:
    """Ours, private, and with room."""
    path = settings.paths.state_dir
    if not path.exists():
        parent = next(each for each in path.parents if each.exists())
        if os.access(parent, os.W_OK):
            yield ok("state folder", f"{path} will be made at the first start")
        else:
            what = f"{path} is not there and cannot be made"
            yield fail("state folder", what, f"make it, owned by the daemon's user, below {parent}")
        yield from disk(parent)
        return
    try:
        prepare_state_dir(path)
    except ConfigError as error:
        yield fail("state folder", str(error), "or set paths.state_dir to another folder")
    else:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & stat.S_IRWXO:
            what = f"{path}: everybody may enter (mode {mode:04o})"
            yield warn("state folder", what, f"chmod 700 {path}")
        else:
            yield ok("state folder", f"{path}, mode {mode:04o}")
    yield from disk(path)


def disk(path: Path) -> Iterator[Finding]:
    """Room for the ledger; a full disk stops trading."""
    found = os.statvfs(path)
    free = found.f_bavail * found.f_frsize
    shown = f"{free / 2**30:.1f} GiB free for {path}"
    if free < LEAST_FREE:
        yield fail("disk", shown, "make room: without it nothing can be written down")
    elif free < WANTED_FREE:
        yield warn("disk", shown, "make room soon: candles and backups grow")
    elif found.f_files and not found.f_favail:
        yield fail("disk", f"no room for new files in {path}", "delete files that are not needed")
    else:
        yield ok("disk", shown)


def socket_group(settings: Settings) -> Iterator[Finding]:
    """Who besides the daemon's user and root may ask and command it."""
    name, path = settings.control.admin_group, settings.paths.socket
    if name is None:
        yield ok("socket group", "none: only the daemon's own user and root use ptctl")
        return
    try:
        group = grp.getgrnam(name)
    except KeyError:
        yield fail("socket group", f"there is no group {name!r}", f"groupadd --system {name}")
        return
    members = ", ".join(group.gr_mem) or "nobody"
    if not path.exists():
        yield ok("socket group", f"{name} (members: {members}); the daemon does not run")
    elif path.stat().st_gid != group.gr_gid:
        what = f"{path} belongs to group {path.stat().st_gid}, not to {name}"
        yield fail(
            "socket group", what, "restart the daemon: it makes the socket anew", passing=True
        )
    elif not _may_write(path):
        user = pwd.getpwuid(os.geteuid()).pw_name
        what = f"{user} may not use {path}"
        yield warn("socket group", what, f"usermod --append --groups {name} {user}")
    else:
        yield ok("socket group", f"{name} (members: {members})")


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK)


def backups(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Copies of the ledger, which cannot be made again."""
    folder = settings.paths.state_dir / BACKUP_DIR
    if not (settings.paths.state_dir / LEDGER_DB).exists():
        yield ok("backups", "nothing to back up yet")
        return
    made = [path.stat().st_mtime for path in folder.glob(PATTERN)]
    remedy = "powertraderd backup, each day (the timer of ops/systemd does)"
    if not made:
        live = settings.trading.mode == "live"
        yield (
            warn("backups", "the ledger was never backed up", remedy)
            if live
            else ok("backups", "none; paper money needs none")
        )
        return
    newest = datetime.fromtimestamp(max(made), UTC)
    shown = f"{len(made)} in {folder}, the newest of {newest:%Y-%m-%d %H:%M} UTC"
    yield warn("backups", shown, remedy) if now - newest > BACKUP_DUE else ok("backups", shown)
