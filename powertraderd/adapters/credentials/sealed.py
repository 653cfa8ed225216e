"""A key under a passphrase: JSON with a Fernet token and the scrypt figures of its key."""

import base64
import json
import os
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from powertraderd.errors import ConfigError

MARK = "powertraderd_sealed"
VERSION = 1
SALT_BYTES = 16
COST, BLOCK, LANES = 2**15, 8, 3
"""scrypt's N, r and p: 32 MiB and about 0.2 s for each guess; OWASP's equal of N = 2^17, p = 1."""
_MOST_MEMORY = 128 * 2**20
_MOST_LANES = 16
_SHORTEST = 12


def seal(text: str, passphrase: str) -> str:
    """The file that gives back ``text`` for ``passphrase``. Raises ConfigError for a short one."""
    if len(passphrase) < _SHORTEST:
        msg = f"the passphrase is too short: give {_SHORTEST} characters or more"
        raise ConfigError(msg)
    salt = os.urandom(SALT_BYTES)
    token = Fernet(_derived(passphrase, salt, COST, BLOCK, LANES)).encrypt(text.encode())
    return json.dumps(
        {
            MARK: VERSION,
            "kdf": "scrypt",
            "n": COST,
            "r": BLOCK,
            "p": LANES,
            "salt": salt.hex(),
            "token": token.decode(),
        },
        indent=1,
    )


def is_sealed(text: str) -> bool:
    """Whether ``text`` is such a file, whole or not."""
    return text.lstrip().startswith("{") and f'"{MARK}"' in text


def unseal(text: str, passphrase: str, place: str) -> str:
    """What was sealed. Raises ConfigError that names ``place``."""
    try:
        parts: dict[str, Any] = json.loads(text)
        version, salt = int(parts[MARK]), bytes.fromhex(parts["salt"])
        numbers = int(parts["n"]), int(parts["r"]), int(parts["p"])
        token = str(parts["token"]).encode()
    except (ValueError, KeyError, TypeError):
        raise ConfigError(_damaged(place)) from None
    if version > VERSION:
        msg = f"{place}: was sealed by a newer version (format {version}); use that version"
        raise ConfigError(msg)
    _refuse_costly(numbers, place)
    try:
        return Fernet(_derived(passphrase, salt, *numbers)).decrypt(token).decode()
    except InvalidToken:
        msg = f"{place}: wrong passphrase, or the file was changed; try again, or set the key anew"
        raise ConfigError(msg) from None


def _damaged(place: str) -> str:
    return (
        f"{place}: damaged; restore it from a backup, or set the key anew: powertraderd creds set"
    )


def _refuse_costly(numbers: tuple[int, int, int], place: str) -> None:
    """A file that somebody changed must not eat the machine."""
    cost, block, lanes = numbers
    sane = cost > 1 and cost & (cost - 1) == 0 and block > 0 and 0 < lanes <= _MOST_LANES
    if not sane or 128 * cost * block > _MOST_MEMORY:
        raise ConfigError(_damaged(place))


def _derived(passphrase: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    kdf = Scrypt(salt=salt, length=32, n=cost, r=block, p=lanes)
    return base64.urlsafe_b64encode(kdf.derive(passphrase.encode()))
