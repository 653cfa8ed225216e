"""The key's file: private, replaced in one piece, and overwritten before it is let go.

Overwriting reaches this file's own blocks; copies that a file system or a backup keeps are beyond
it, which is why a key that leaked is rotated at the exchange.
"""

import os
import stat
from pathlib import Path

from powertraderd.errors import ConfigError

PRIVATE = 0o600
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LARGEST = 64 * 1024


def read_private(path: Path) -> str:
    """The text of a file that nobody else may read. Raises ConfigError with the remedy."""
    try:
        with path.open("rb") as file:
            _refuse_public(path, os.fstat(file.fileno()))
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        msg = f"{path}: there is no key; give one with powertraderd creds set"
        raise ConfigError(msg) from None
    except OSError as error:
        msg = f"{path}: the key cannot be read ({error.strerror}); let the daemon's user own it"
        raise ConfigError(msg) from None
    try:
        if len(data) <= _LARGEST:
            return data.decode()
    except UnicodeDecodeError:
        pass
    msg = f"{path}: is no key file; set the key anew: powertraderd creds set"
    raise ConfigError(msg)


def _refuse_public(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        msg = f"{path}: is not a file; name the key's file"
        raise ConfigError(msg)
    if found.st_mode & _OTHERS:
        msg = (
            f"{path}: others may read or write the key (mode {stat.S_IMODE(found.st_mode):04o}); "
            f"chmod 600 {path}, and rotate the key if this is a shared machine"
        )
        raise ConfigError(msg)


def write_private(path: Path, text: str) -> None:
    """Replace the file, mode 0600 and owned like its folder; the old content is overwritten.

    After a crash the file is the old one or the new one, whole. Raises ConfigError when it cannot
    be written; then the old one is untouched.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        _write_new(fresh, text.encode())
        old = _open_old(path)
        try:
            fresh.replace(path)
            _sync_folder(path.parent)
            if old is not None:
                _overwrite(old)
        finally:
            if old is not None:
                os.close(old)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        msg = f"{path}: the key cannot be written ({error.strerror}); the old one was kept"
        raise ConfigError(msg) from None


def shred(path: Path) -> None:
    """Overwrite a file and take its name away. Raises ConfigError when that is not possible."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        try:
            _overwrite(descriptor)
        finally:
            os.close(descriptor)
        path.unlink()
        _sync_folder(path.parent)
    except OSError as error:
        msg = f"{path}: cannot be shredded ({error.strerror}); delete it yourself"
        raise ConfigError(msg) from None


def _write_new(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)  # what a crash left behind
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, PRIVATE), "wb") as file:
        if os.geteuid() == 0:  # root writes it for the daemon's user, who owns the folder
            owner = path.parent.stat()
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _open_old(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None


def _overwrite(descriptor: int) -> None:
    os.pwrite(descriptor, os.urandom(os.fstat(descriptor).st_size), 0)
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
