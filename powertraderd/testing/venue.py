"""Starts a fakex process, makes keys for it, and speaks to its admin API."""

import base64
import json
import secrets
import signal
import subprocess
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from powertraderd.supervision.spawn import python_command

Algorithm = Literal["ES256", "EdDSA"]
_PEM = serialization.Encoding.PEM
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class TradingKey:
    """A key as Coinbase hands it out: a JSON file, and the public half that the exchange knows."""

    name: str
    file: Path
    public_pem: str
    secret: str
    """What must never be seen anywhere else."""


def make_key(folder: Path, algorithm: Algorithm = "ES256") -> TradingKey:
    """A new key in ``folder``, readable by its owner only."""
    private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    if algorithm == "ES256":
        name = f"organizations/{uuid.uuid4()}/apiKeys/{uuid.uuid4()}"
        private = ec.generate_private_key(ec.SECP256R1())
        form = serialization.PrivateFormat.TraditionalOpenSSL
        secret = private.private_bytes(_PEM, form, serialization.NoEncryption()).decode()
        document = {"name": name, "privateKey": secret}
    else:
        name = str(uuid.uuid4())
        private = ed25519.Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        secret = base64.b64encode(private.private_bytes_raw() + public).decode()
        document = {"name": name, "privateKey": secret}
    file = folder / f"key-{algorithm}-{secrets.token_hex(4)}.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(document), encoding="utf-8")
    form_public = serialization.PublicFormat.SubjectPublicKeyInfo
    public_pem = private.public_key().public_bytes(_PEM, form_public).decode()
    return TradingKey(name, file, public_pem, secret)


class AdminLine:
    """The admin API at an address."""

    def __init__(self, address: str) -> None:
        """``address`` is a base URL."""
        self._address = address

    def post(self, path: str, **body: Any) -> Any:  # noqa: ANN401 - JSON
        """Change something: reset, clock, product, book, price, balance, faults, policy..."""
        return self._ask(path, json.dumps(body).encode())

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Read orders, ledger, journal?since=N, stats or invariants."""
        return self._ask(path, None)

    def fault(self, action: str, *, phase: str = "after_commit", **params: Any) -> None:  # noqa: ANN401
        """Add a rule; ``match`` is one of the parameters."""
        self.post("faults", add={"action": action, "phase": phase, **params})

    def fired(self) -> int:
        """How often faults have fired since the last reset."""
        return sum(rule["fired"] for rule in self.get("stats")["faults"])

    def orders(self) -> list[dict[str, Any]]:
        """Every order that was really placed, oldest first."""
        found: list[dict[str, Any]] = self.get("orders")
        return found

    def true_balances(self) -> Mapping[str, Decimal]:
        """Balances after all that is committed."""
        return {name: Decimal(text) for name, text in self.get("ledger")["true"].items()}

    def _ask(self, path: str, body: bytes | None) -> Any:  # noqa: ANN401 - JSON
        url = f"{self._address}/{path}"
        request = urllib.request.Request(url, body)  # noqa: S310 - our own address
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            msg = f"{path}: {error.read().decode()}"
            raise AssertionError(msg) from None


class Venue(AdminLine):
    """One fakex process; the state folder survives it."""

    def __init__(self, folder: Path, *, seed: int = 1) -> None:
        """Make keys of both kinds in ``folder``; nothing runs yet."""
        super().__init__("")
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.seed = seed
        self.keys = {kind: make_key(folder, kind) for kind in ("ES256", "EdDSA")}
        self._config = folder / "fakex.json"
        keys = {key.name: key.public_pem for key in self.keys.values()}
        self._config.write_text(json.dumps({"keys": keys}), encoding="utf-8")
        self._process: subprocess.Popen[str] | None = None
        self._addresses: dict[str, Any] = {}

    def start(self) -> "Venue":
        """Run it, at the same addresses as before; returns when it serves."""
        state = ("--state-dir", str(self.folder / "fakex"), "--seed", str(self.seed))
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
            python_command("powertraderd.testing.fakex", *state, "--config", str(self._config)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            msg = f"fakex did not start: exit code {self._process.wait(_TIMEOUT_S)}"
            raise AssertionError(msg)
        self._addresses = json.loads(line)
        self._address = self.admin_url
        return self

    # -- where it is

    @property
    def base_url(self) -> str:
        """host:port of the REST API."""
        return str(self._addresses["rest"])

    @property
    def kucoin_url(self) -> str:
        """Base URL of the candles, plain HTTP."""
        return str(self._addresses["kucoin"])

    @property
    def kucoin_tls_url(self) -> str:
        """Base URL of the candles, TLS."""
        return str(self._addresses["kucoin_tls"])

    @property
    def admin_url(self) -> str:
        """Base URL of the admin API."""
        return str(self._addresses["admin"])

    @property
    def ca_file(self) -> Path:
        """The authority to trust."""
        return Path(self._addresses["ca"])

    @property
    def pid(self) -> int:
        """Its process."""
        return int(self._addresses["pid"])

    # -- its life

    def signal(self, number: signal.Signals) -> None:
        """SIGSTOP, SIGCONT, SIGKILL..."""
        if self._process is None:
            raise AssertionError("fakex was not started")
        self._process.send_signal(number)

    def stop(self) -> None:
        """End the process; the state stays."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        self._process.wait(_TIMEOUT_S)
        if self._process.stdout:
            self._process.stdout.close()
        self._process = None
