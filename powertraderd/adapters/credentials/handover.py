"""Handing a passphrase to the trader where no systemd does: as systemd would, through memory.

The folder is on a file system that has no disk, belongs to this user alone, and is overwritten and
removed when the daemon ends.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from powertraderd.adapters.credentials.keyring import Protection, look, place
from powertraderd.adapters.credentials.passphrase import CREDENTIALS_VARIABLE, PASSPHRASE_CREDENTIAL
from powertraderd.adapters.credentials.vault import shred, write_private
from powertraderd.errors import ConfigError

_MEMORY = Path("/dev/shm")  # noqa: S108 - the point is that it is in memory


def needs_passphrase(key_file: Path | None, state_dir: Path, environ: Mapping[str, str]) -> bool:
    """Whether the key is sealed and nobody hands the passphrase over. Raises as `look` does."""
    folder = environ.get(CREDENTIALS_VARIABLE)
    if folder and (Path(folder) / PASSPHRASE_CREDENTIAL).exists():
        return False
    return look(place(key_file, state_dir, environ)).protection is Protection.PASSPHRASE


@contextmanager
def handed_over(passphrase: str) -> Iterator[None]:
    """In this block the workers that may know it find the passphrase where systemd puts it."""
    before = os.environ.get(CREDENTIALS_VARIABLE)
    if before:
        msg = (
            f"{CREDENTIALS_VARIABLE} is set, but holds no {PASSPHRASE_CREDENTIAL}: put it there, "
            "or start without that variable"
        )
        raise ConfigError(msg)
    try:
        folder = Path(tempfile.mkdtemp(prefix="powertraderd-", dir=_MEMORY))
    except OSError as error:
        msg = f"{_MEMORY}: the passphrase cannot be kept in memory ({error.strerror})"
        raise ConfigError(msg) from None
    try:
        write_private(folder / PASSPHRASE_CREDENTIAL, passphrase)
        os.environ[CREDENTIALS_VARIABLE] = str(folder)
        yield
    finally:
        os.environ.pop(CREDENTIALS_VARIABLE, None)
        if (folder / PASSPHRASE_CREDENTIAL).exists():
            shred(folder / PASSPHRASE_CREDENTIAL)
        shutil.rmtree(folder)
