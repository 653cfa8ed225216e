"""Where the trading key is, and how to get at it: the one place that knows.

systemd's credential ``coinbase-key`` comes first, then ``[exchange] key_file``, then the file
``coinbase-key`` in the state folder. A file may hold Coinbase's JSON as it is, JSON sealed with a
passphrase, or what `systemd-creds encrypt` made of it; its content tells which.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from powertraderd.adapters.credentials import key_text, sealed, systemd
from powertraderd.adapters.credentials.passphrase import CREDENTIALS_VARIABLE, from_credential
from powertraderd.adapters.credentials.vault import read_private
from powertraderd.errors import ConfigError
from powertraderd.model.api_key import ApiKey

KEY_NAME = "coinbase-key"


class Protection(StrEnum):
    """How a key is kept at rest."""

    PLAIN = "plain"
    PASSPHRASE = "passphrase"  # noqa: S105 - the way, not the word
    SYSTEMD = "systemd-creds"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the key is; ``handed_over`` by systemd, which decrypts and guards it itself."""

    path: Path
    handed_over: bool = False


def place(key_file: Path | None, state_dir: Path, environ: Mapping[str, str]) -> Place:
    """Where the key is, whether it is there or not."""
    folder = environ.get(CREDENTIALS_VARIABLE)
    if folder and (Path(folder) / KEY_NAME).exists():
        return Place(Path(folder) / KEY_NAME, handed_over=True)
    return Place(key_file or state_dir / KEY_NAME)


def trading_key(key_file: Path | None, state_dir: Path, environ: Mapping[str, str]) -> ApiKey:
    """The key, for a process that nobody can ask: the trader.

    A sealed file needs systemd's credential ``coinbase-passphrase``. Raises ConfigError with the
    place and the remedy.
    """

    def passphrase() -> str:
        given = from_credential(environ)
        if given is None:
            msg = (
                "the key is sealed with a passphrase and there is none: give it to the service "
                "with LoadCredentialEncrypted=coinbase-passphrase:FILE"
            )
            raise ConfigError(msg)
        return given

    return open_key(place(key_file, state_dir, environ), passphrase)


def open_key(where: Place, passphrase: Callable[[], str]) -> ApiKey:
    """The key at ``where``; ``passphrase`` is asked only when the file needs one."""
    text = _text(where)
    name = str(where.path)
    match protection(text):
        case Protection.PASSPHRASE:
            text = sealed.unseal(text, passphrase(), name)
        case Protection.SYSTEMD:
            text = systemd.decrypt(text, KEY_NAME, name)
    return key_text.read_key(text, name)


def _text(where: Place) -> str:
    if not where.handed_over:
        return read_private(where.path)
    try:
        return where.path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{where.path}: systemd's credential cannot be read ({error})"
        raise ConfigError(msg) from None


def protection(text: str) -> Protection:
    """How the key in ``text`` is kept; what is no JSON and no PEM can only be systemd's."""
    if sealed.is_sealed(text):
        return Protection.PASSPHRASE
    if text.lstrip().startswith(("{", "-----BEGIN")):
        return Protection.PLAIN
    return Protection.SYSTEMD


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What can be said about the key's file without opening it."""

    place: Place
    protection: Protection
    written_at: datetime


def look(where: Place) -> KeyFile:
    """The file, its protection and its age. Raises ConfigError when it is missing or public."""
    text = _text(where)
    written_at = datetime.fromtimestamp(where.path.stat().st_mtime, UTC)
    return KeyFile(where, protection(text), written_at)
