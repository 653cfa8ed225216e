"""Certificates of the test authority, and bad ones."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

NAMES = ("127.0.0.1", "localhost")


class Certificates:
    """One authority for the life of a state folder; contexts by kind."""

    def __init__(self, folder: Path) -> None:
        """Make the authority, or take the one that is in ``folder``."""
        self.ca_file = folder / "ca.pem"
        self._folder = folder
        self._contexts: dict[str, ssl.SSLContext] = {}
        key_file = folder / "ca.key"
        if key_file.exists():
            self._ca = trustme.CA.from_pem(self.ca_file.read_bytes(), key_file.read_bytes())
            return
        self._ca = trustme.CA()
        self._ca.private_key_pem.write_to_path(str(key_file))
        self._ca.cert_pem.write_to_path(str(self.ca_file))

    def context(self, kind: str = "good") -> ssl.SSLContext:
        """``good``, ``untrusted``, ``wrong_name`` or ``expired``."""
        if kind not in self._contexts:
            self._contexts[kind] = self._make(kind)
        return self._contexts[kind]

    def _make(self, kind: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority = trustme.CA() if kind == "untrusted" else self._ca
        names = ("elsewhere.example",) if kind == "wrong_name" else NAMES
        expires = datetime.now(UTC) - timedelta(days=1) if kind == "expired" else None
        certificate = authority.issue_cert(*names, not_after=expires)
        certificate.configure_cert(context)
        return context
