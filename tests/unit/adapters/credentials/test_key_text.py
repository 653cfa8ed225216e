"""Reading a key: every form that is handed out, and refusals that never show the secret."""

import json

import jwt
import pytest
from coinbase import jwt_generator
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from powertraderd.adapters.credentials.key_text import make_key, read_key, write_key
from powertraderd.errors import ConfigError
from powertraderd.model.api_key import ApiKey

NAME = "organizations/o/apiKeys/k"


def coinbase_json(secret: str, name_key: str = "name") -> str:
    """The file that Coinbase gives out."""
    return json.dumps({name_key: NAME, "privateKey": secret})


def signed_by_the_sdk(key: ApiKey) -> dict[str, object]:
    """The claims of a token that the SDK signs with ``key``, verified with its public half."""
    token = jwt_generator.build_rest_jwt("GET api.coinbase.com/x", key.name, key.private_key)
    private = load_pem_private_key(key.private_key.encode(), None)
    claims: dict[str, object] = jwt.decode(
        token,
        private.public_key(),  # type: ignore[arg-type]  # EC or Ed25519, both are accepted
        algorithms=[key.algorithm],
    )
    return claims


@pytest.mark.parametrize("line_end", ["\n", "\\n", "\r\n"])
def test_an_ec_key_is_read_whatever_its_line_ends_became(ec_pem: str, line_end: str) -> None:
    """PEM with literal backslash n is what people paste from the JSON file."""
    key = read_key(coinbase_json(ec_pem.replace("\n", line_end)), "key.json")
    assert (key.name, key.algorithm) == (NAME, "ES256")
    assert key.fingerprint == make_key("another", ec_pem, "").fingerprint
    assert signed_by_the_sdk(key)["sub"] == NAME


def test_an_ed25519_key_is_read_with_and_without_its_public_half(ed25519_base64: str) -> None:
    """Base64 of 64 bytes or of the seed alone; under id, as newer files have it."""
    key = read_key(coinbase_json(ed25519_base64, "id"), "key.json")
    assert (key.name, key.algorithm) == (NAME, "EdDSA")
    assert signed_by_the_sdk(key)["sub"] == NAME


def test_what_is_written_is_read_again_as_the_same_key(key: ApiKey, ed25519_base64: str) -> None:
    """Both kinds."""
    for each in (key, make_key(NAME, ed25519_base64, "")):
        assert read_key(write_key(each), "key.json") == each


def test_the_secret_is_in_no_repr(key: ApiKey) -> None:
    """A key in a traceback or a log line gives nothing away."""
    assert "PRIVATE" not in repr(key)
    assert key.private_key not in f"{key} {key!r}"


def other_pem(kind: str) -> str:
    """A private key that Coinbase does not use."""
    private = generate_private_key(SECP384R1()) if kind == "p384" else generate_rsa(65537, 2048)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    "secret",
    ["", "AAAA", "not base64 !", "-----BEGIN EC PRIVATE KEY-----\nhidden\n-----END EC PRIVATE KEY",
     other_pem("p384"), other_pem("rsa")],
)  # fmt: skip
def test_a_private_key_of_another_kind_is_refused_without_showing_it(secret: str) -> None:
    """The message names the place and the remedy; the cause is not attached."""
    with pytest.raises(ConfigError, match=r"key\.json: ") as caught:
        read_key(coinbase_json(secret), "key.json")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert len(secret) < 3 or secret not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "7", '"x"', '{"name": "n"}', '{"privateKey": "s"}', '{"name": 7, "privateKey": "s"}',
     "{" * 100_000, '{"name": "\\u0000", "privateKey": "s"}', "-----BEGIN EC PRIVATE KEY-----"],
)  # fmt: skip
def test_what_is_no_key_file_is_refused_with_its_place(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ConfigError, match=r"^key\.json: "):
        read_key(text, "key.json")
