"""Whether a request is signed by a known key (FAKE_EXCHANGE.md, 2)."""

import re
import time
from collections.abc import Mapping
from typing import Any

import jwt

from powertraderd.testing.fakex.clock import VirtualClock
from powertraderd.testing.fakex.knobs import Knobs
from powertraderd.testing.fakex.message import Request

LIFETIME_S = 120
_NONCE = re.compile(r"[0-9a-f]{64}")
_ALGORITHMS = ("ES256", "EdDSA")


class Doorkeeper:
    """Checks tokens; ``keys`` are public keys (PEM) by name."""

    def __init__(self, clock: VirtualClock, knobs: Knobs, keys: Mapping[str, str]) -> None:
        """Know the keys."""
        self._clock = clock
        self._knobs = knobs
        self.keys = dict(keys)
        self._nonces: dict[str, float] = {}

    def objection(self, request: Request) -> str:
        """Why the token is refused; empty when it is good."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            return "no bearer token"
        try:
            return self._judge(request, token)
        except jwt.PyJWTError as error:
            return f"{type(error).__name__}: {error}"

    def _judge(self, request: Request, token: str) -> str:
        header = jwt.get_unverified_header(token)
        kid = header.get("kid")
        if header.get("alg") not in _ALGORITHMS or header.get("typ") != "JWT":
            return f"algorithm {header.get('alg')}, type {header.get('typ')}"
        if kid not in self.keys:
            return "unknown key"
        claims = jwt.decode(
            token,
            self.keys[kid],
            algorithms=list(_ALGORITHMS),
            options={
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "require": ["sub", "iss", "nbf", "exp", "uri"],
            },
        )
        return self._claims(request, kid, claims) or self._fresh(str(header.get("nonce", "")))

    def _claims(self, request: Request, kid: str, claims: Mapping[str, Any]) -> str:
        if claims["sub"] != kid or claims["iss"] != "cdp":
            return f"sub {claims['sub']}, iss {claims['iss']}"
        begins, ends = claims["nbf"], claims["exp"]
        if type(begins) is not int or type(ends) is not int or ends - begins != LIFETIME_S:
            return f"nbf {begins}, exp {ends}"
        now, leeway = self._now_s(), self._knobs.leeway_s
        if begins > now + leeway or now >= ends + leeway:
            return f"valid from {begins} to {ends}, now {now:.0f}"
        expected = f"{request.method} {request.headers.get('host', '')}{request.path}"
        return "" if claims["uri"] == expected else f"uri {claims['uri']}, not {expected}"

    def _now_s(self) -> float:
        return self._clock.now().timestamp() if self._knobs.auth_clock == "virtual" else time.time()

    def _fresh(self, nonce: str) -> str:
        if not _NONCE.fullmatch(nonce):
            return "the nonce is not 64 hex digits"
        now = self._clock.monotonic()
        self._nonces = {old: at for old, at in self._nonces.items() if now - at < LIFETIME_S}
        if nonce in self._nonces and self._knobs.nonce_replay == "reject":
            return "the nonce was used before"
        self._nonces[nonce] = now
        return ""
