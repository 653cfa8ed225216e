"""The desktop bot's key: two plain files, or one under a passphrase with its salt beside it."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from powertraderd.adapters.credentials.key_text import make_key
from powertraderd.errors import ConfigError
from powertraderd.model.api_key import ApiKey

SEALED, SALT = "cb_credentials.enc", "cb_credentials.salt"
NAME, SECRET = "cb_key.txt", "cb_secret.txt"
_ROUNDS = 480_000


def has_key(folder: Path) -> bool:
    """Whether the folder holds a key in either form."""
    return (folder / SEALED).exists() or (folder / NAME).exists()


def read_key(folder: Path, passphrase: Callable[[], str]) -> ApiKey:
    """The key; ``passphrase`` is asked when it is sealed. Raises ConfigError with file and reason.

    Where both forms lie there the sealed one counts: the bot made it from the plain one.
    """
    if (folder / SEALED).exists():
        return _sealed(folder, passphrase)
    if not (folder / NAME).exists():
        msg = f"{folder}: holds no key ({SEALED} with {SALT}, or {NAME} with {SECRET})"
        raise ConfigError(msg)
    name, secret = _text(folder / NAME), _text(folder / SECRET)
    return make_key(name, secret, str(folder / SECRET))


def _sealed(folder: Path, passphrase: Callable[[], str]) -> ApiKey:
    path = folder / SEALED
    token, salt = _text(path), _text(folder / SALT)
    try:
        kdf = PBKDF2HMAC(SHA256(), length=32, salt=bytes.fromhex(salt.strip()), iterations=_ROUNDS)
    except ValueError:
        msg = f"{folder / SALT}: is not a salt in hex; nothing was taken"
        raise ConfigError(msg) from None
    derived = base64.urlsafe_b64encode(kdf.derive(passphrase().encode()))
    try:
        opened = json.loads(Fernet(derived).decrypt(token.strip().encode()))
        name, secret = opened["key"], opened["secret"]
    except InvalidToken:
        msg = f"{path}: wrong passphrase, or the file was changed; nothing was taken"
        raise ConfigError(msg) from None
    except (ValueError, KeyError, TypeError):
        msg = f"{path}: opened, but holds no key and secret; nothing was taken"
        raise ConfigError(msg) from None
    return make_key(str(name), str(secret), str(path))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read ({error}); nothing was taken"
        raise ConfigError(msg) from None
