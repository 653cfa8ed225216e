"""Where a passphrase comes from: a descriptor, a systemd credential, the terminal; never argv."""

import getpass
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from powertraderd.errors import ConfigError

CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"
PASSPHRASE_CREDENTIAL = "coinbase-passphrase"  # noqa: S105 - the name of a file, not a secret
_LONGEST = 4096


def asked(descriptor: int | None, *, twice: bool = False) -> str:
    """From whichever there is, in that order. Raises ConfigError that names all of them."""
    if descriptor is not None:
        return from_descriptor(descriptor)
    question = "new passphrase, which every start will ask for" if twice else "the key's passphrase"
    given = from_credential(os.environ) or from_terminal(question, twice=twice)
    if not given:
        msg = (
            "a passphrase is needed: sit at a terminal, or give --passphrase-fd N, or systemd's "
            f"credential {PASSPHRASE_CREDENTIAL}"
        )
        raise ConfigError(msg)
    return given


def from_descriptor(descriptor: int) -> str:
    """Everything that comes out of an open descriptor, without its last line end."""
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            given = stream.read(_LONGEST)
    except OSError as error:
        msg = f"--passphrase-fd {descriptor}: cannot be read ({error.strerror})"
        raise ConfigError(msg) from None
    return _clean(given, f"--passphrase-fd {descriptor}")


def from_credential(environ: Mapping[str, str]) -> str | None:
    """From systemd, as ``LoadCredential=coinbase-passphrase:FILE`` hands it over; None without."""
    folder = environ.get(CREDENTIALS_VARIABLE)
    if not folder:
        return None
    path = Path(folder) / PASSPHRASE_CREDENTIAL
    try:
        return _clean(path.read_bytes(), str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror})"
        raise ConfigError(msg) from None


def from_terminal(question: str, *, twice: bool = False) -> str | None:
    """Asked for without an echo; None where nobody sits at a terminal."""
    if not sys.stdin.isatty():
        return None
    given = getpass.getpass(f"{question}: ")
    if twice and getpass.getpass("once more: ") != given:
        raise ConfigError("the two passphrases differ; nothing was changed")
    return given


def _clean(given: bytes, place: str) -> str:
    try:
        text = given.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        msg = f"{place}: is not text in UTF-8"
        raise ConfigError(msg) from None
    if not text:
        msg = f"{place}: is empty"
        raise ConfigError(msg)
    return text
