"""The desktop bot's key."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from powertraderd.adapters.legacy import credentials
from powertraderd.errors import ConfigError

WORDS = "correct horse battery staple"
SAMPLE = Path(__file__).parents[4].parent / "shared" / "legacy" / "PowerTrader_AI"


def test_the_samples_sealed_key_opens_with_its_passphrase() -> None:
    """Written by the bot itself."""
    if not SAMPLE.is_dir():
        pytest.skip(f"{SAMPLE} is not here")
    key = credentials.read_key(SAMPLE, lambda: WORDS)
    assert key.name
    assert key.algorithm == "ES256"
    with pytest.raises(ConfigError, match=r"cb_credentials\.enc: wrong passphrase"):
        credentials.read_key(SAMPLE, lambda: "correct horse battery stapler")


@pytest.fixture(scope="module")
def pem() -> str:
    """An EC key."""
    private = generate_private_key(SECP256R1())
    return private.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    ).decode()


def seal(folder: Path, opened: object) -> None:
    """The two files as the bot makes them."""
    salt = b"\x01" * 16
    derived = PBKDF2HMAC(SHA256(), length=32, salt=salt, iterations=480_000).derive(WORDS.encode())
    token = Fernet(base64.urlsafe_b64encode(derived)).encrypt(json.dumps(opened).encode())
    (folder / credentials.SEALED).write_bytes(token)
    (folder / credentials.SALT).write_text(salt.hex())


def never() -> str:
    """No passphrase is needed."""
    raise AssertionError("asked for a passphrase")


def test_the_plain_files_are_read_without_a_passphrase(tmp_path: Path, pem: str) -> None:
    """PEM with real or written line ends."""
    (tmp_path / credentials.NAME).write_text("organizations/o/apiKeys/k\n")
    for secret in (pem, pem.replace("\n", "\\n")):
        (tmp_path / credentials.SECRET).write_text(secret)
        key = credentials.read_key(tmp_path, never)
        assert (key.name, key.algorithm) == ("organizations/o/apiKeys/k", "ES256")


def test_the_sealed_file_counts_where_both_lie_there(tmp_path: Path, pem: str) -> None:
    """The bot made it from the plain one."""
    (tmp_path / credentials.NAME).write_text("plain")
    (tmp_path / credentials.SECRET).write_text(pem)
    seal(tmp_path, {"key": "sealed", "secret": pem})
    assert credentials.read_key(tmp_path, lambda: WORDS).name == "sealed"


@pytest.mark.parametrize("opened", [{}, {"key": "k"}, [], 7])
def test_what_opens_to_something_else_is_refused(tmp_path: Path, opened: object) -> None:
    """With the file's name."""
    seal(tmp_path, opened)
    with pytest.raises(ConfigError, match=r"cb_credentials\.enc: opened, but"):
        credentials.read_key(tmp_path, lambda: WORDS)


def test_missing_and_broken_files_are_named(tmp_path: Path, pem: str) -> None:
    """Each by its own name."""
    with pytest.raises(ConfigError, match=f"{tmp_path}: holds no key"):
        credentials.read_key(tmp_path, never)
    (tmp_path / credentials.NAME).write_text("k")
    with pytest.raises(ConfigError, match=r"cb_secret\.txt: cannot be read"):
        credentials.read_key(tmp_path, never)
    seal(tmp_path, {"key": "k", "secret": pem})
    (tmp_path / credentials.SALT).write_text("salt")
    with pytest.raises(ConfigError, match=r"cb_credentials\.salt: is not a salt"):
        credentials.read_key(tmp_path, lambda: WORDS)
    (tmp_path / credentials.SALT).unlink()
    with pytest.raises(ConfigError, match=r"cb_credentials\.salt: cannot be read"):
        credentials.read_key(tmp_path, lambda: WORDS)
