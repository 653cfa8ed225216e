"""Keys of both kinds, made anew for each run."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from powertraderd.adapters.credentials.key_text import make_key
from powertraderd.model.api_key import ApiKey

NAME = "organizations/0b7c9a2e-1111-4111-8111-000000000001/apiKeys/7f1d2c3b-2222-4222-8222-00000002"


@pytest.fixture(scope="session")
def ec_pem() -> str:
    """An EC key as Coinbase writes it: SEC 1 in PEM."""
    private = generate_private_key(SECP256R1())
    return private.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    ).decode()


@pytest.fixture(scope="session")
def ed25519_base64() -> str:
    """An Ed25519 key as Coinbase writes it: seed and public key, base64."""
    private = Ed25519PrivateKey.generate()
    raw = private.private_bytes_raw() + private.public_key().public_bytes_raw()
    return base64.b64encode(raw).decode()


@pytest.fixture(scope="session")
def key(ec_pem: str) -> ApiKey:
    """An EC key, read."""
    return make_key(NAME, ec_pem, "a test")
