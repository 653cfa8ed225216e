"""Reading a key in every form that Coinbase or the desktop bot hands it out in.

Coinbase's file is JSON with ``name`` (or ``id``) and ``privateKey``: an EC key in PEM, often with
its line ends written as backslash and n, or an Ed25519 key as base64 of 32 or 64 bytes.
"""

import base64
import binascii
import hashlib
import json
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from powertraderd.errors import ConfigError
from powertraderd.model.api_key import Algorithm, ApiKey

_RAW_LENGTHS = (32, 64)
"""Bytes of an Ed25519 key: the seed alone, or followed by the public key."""
_LONGEST_NAME = 512

_Private = EllipticCurvePrivateKey | Ed25519PrivateKey


def read_key(text: str, place: str) -> ApiKey:
    """The key in the JSON ``text``. Raises ConfigError that names ``place`` and never the text."""
    if text.lstrip().startswith("-----BEGIN"):
        msg = f"{place}: holds a private key without its name; give the name with --name"
        raise ConfigError(msg)
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        msg = f"{place}: is not JSON; give the file as Coinbase hands it out (name, privateKey)"
        raise ConfigError(msg) from None
    return make_key(_member(given, place, "name", "id"), _member(given, place, "privateKey"), place)


def _member(given: object, place: str, *names: str) -> str:
    found: Any = None
    if isinstance(given, dict):
        found = next((given[name] for name in names if given.get(name)), None)
    if not isinstance(found, str):
        msg = (
            f"{place}: has no text under {' or '.join(names)}; give the file as Coinbase hands it "
            "out (name, privateKey)"
        )
        raise ConfigError(msg)
    return found


def make_key(name: str, secret: str, place: str) -> ApiKey:
    """The key of this name and private key. Raises ConfigError that names ``place``."""
    name = name.strip()
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        msg = f"{place}: the key's name is not a name; copy it from Coinbase's API key page"
        raise ConfigError(msg)
    private = _private_key(secret, place)
    algorithm: Algorithm = "EdDSA" if isinstance(private, Ed25519PrivateKey) else "ES256"
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return ApiKey(name, pem.decode(), algorithm, hashlib.sha256(public).hexdigest()[:16])


def _private_key(secret: str, place: str) -> _Private:
    """Errors are raised anew, because the library's own may quote what it was given."""
    try:
        private = _loaded(secret.replace("\\r", "").replace("\\n", "\n").strip())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if isinstance(private, Ed25519PrivateKey) or (
        isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1)
    ):
        return private
    msg = (
        f"{place}: the private key is neither EC P-256 in PEM nor Ed25519 (PEM, or base64 of "
        f"{' or '.join(map(str, _RAW_LENGTHS))} bytes); make a new key at Coinbase"
    )
    raise ConfigError(msg)


def _loaded(secret: str) -> object:
    if secret.startswith("-----BEGIN"):
        return load_pem_private_key(secret.encode(), password=None)
    try:
        raw = base64.b64decode("".join(secret.split()), validate=True)
    except binascii.Error:
        return None
    return Ed25519PrivateKey.from_private_bytes(raw[:32]) if len(raw) in _RAW_LENGTHS else None


def write_key(key: ApiKey) -> str:
    """``key`` as JSON that ``read_key`` and Coinbase's own tools read."""
    return json.dumps({"name": key.name, "privateKey": key.private_key})
