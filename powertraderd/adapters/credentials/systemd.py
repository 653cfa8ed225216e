"""A key under the machine's own key, by `systemd-creds`; only root can open it, and systemd.

A unit reads it with ``LoadCredentialEncrypted=coinbase-key:FILE``.
"""

import os
import shutil
import subprocess
from pathlib import Path

from powertraderd.errors import ConfigError

_HOST_KEY = Path("/var/lib/systemd/credential.secret")
_HOST_KEY_VARIABLE = "SYSTEMD_CREDENTIAL_SECRET"  # systemd-creds honours it too
_PATIENCE_S = 30


def available() -> bool:
    """Whether this machine has a host key that we may use; one is never made behind your back."""
    secret = Path(os.environ.get(_HOST_KEY_VARIABLE, _HOST_KEY))
    return shutil.which("systemd-creds") is not None and os.access(secret, os.R_OK)


def encrypt(text: str, name: str) -> str:
    """``text`` encrypted for this machine under the credential's ``name``."""
    return _run(["encrypt", "--with-key=host", f"--name={name}", "-", "-"], text, "encrypt")


def decrypt(text: str, name: str, place: str) -> str:
    """The text again. Raises ConfigError that names ``place`` where this machine cannot do it."""
    return _run(["decrypt", f"--name={name}", "-", "-"], text, place)


def _run(words: list[str], text: str, place: str) -> str:
    """The secret goes through standard input and output, never through argv."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell, fixed words
            ["systemd-creds", *words],  # noqa: S607 - the system's own, from PATH
            input=text,
            capture_output=True,
            encoding="utf-8",
            timeout=_PATIENCE_S,
            check=True,
        )
    except FileNotFoundError:
        msg = f"{place}: systemd-creds is not installed here; use a passphrase instead"
        raise ConfigError(msg) from None
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        said = error.stderr if isinstance(error, subprocess.CalledProcessError) else str(error)
        reason = (str(said).strip().splitlines() or ["no reason given"])[-1]
        msg = (
            f"{place}: systemd-creds: {reason}; a key that was encrypted for another machine must "
            "be set anew, and a service that is not root gets it by LoadCredentialEncrypted="
        )
        raise ConfigError(msg) from None
    return done.stdout
