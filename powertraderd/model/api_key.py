"""The key that may trade: who it is, and the secret that signs requests."""

from dataclasses import dataclass, field
from typing import Literal

Algorithm = Literal["ES256", "EdDSA"]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """``private_key`` is PEM (PKCS 8), whatever form it came in; it is never shown.

    ``fingerprint`` is made of the public half, so people can tell two keys apart.
    """

    name: str
    private_key: str = field(repr=False)
    algorithm: Algorithm
    fingerprint: str
