"""Where the trading key is found, in which order, and how each protection opens."""

import subprocess
from pathlib import Path

import pytest

from powertraderd.adapters.credentials import key_text, keyring, sealed, systemd
from powertraderd.adapters.credentials.keyring import KEY_NAME, Protection
from powertraderd.adapters.credentials.passphrase import PASSPHRASE_CREDENTIAL
from powertraderd.adapters.credentials.vault import write_private
from powertraderd.errors import ConfigError
from powertraderd.model.api_key import ApiKey

WORDS = "correct horse battery staple"


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    """The folder in which systemd hands credentials over."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    return folder


def test_systemds_credential_comes_first_then_the_settings_then_the_state_folder(
    tmp_path: Path, credentials: Path, key: ApiKey, ed25519_base64: str
) -> None:
    """Each is used only where the one before it is not there."""
    keys = [key, key_text.make_key("second", ed25519_base64, ""),
            key_text.make_key("third", ed25519_base64, "")]  # fmt: skip
    (credentials / KEY_NAME).write_text(key_text.write_key(keys[0]))
    (credentials / KEY_NAME).chmod(0o440)  # as systemd 252 hands it over, with an access list
    write_private(tmp_path / "mine", key_text.write_key(keys[1]))
    write_private(tmp_path / KEY_NAME, key_text.write_key(keys[2]))
    environ = {"CREDENTIALS_DIRECTORY": str(credentials)}
    assert keyring.trading_key(tmp_path / "mine", tmp_path, environ) == keys[0]
    (credentials / KEY_NAME).unlink()
    assert keyring.trading_key(tmp_path / "mine", tmp_path, environ) == keys[1]
    assert keyring.trading_key(None, tmp_path, {}) == keys[2]


def test_a_missing_key_says_how_to_give_one(tmp_path: Path) -> None:
    """The trader parks with this."""
    with pytest.raises(ConfigError, match=f"{tmp_path / KEY_NAME}: there is no key; .* creds set"):
        keyring.trading_key(None, tmp_path, {})


def test_a_sealed_key_opens_with_the_passphrase_that_systemd_hands_over(
    tmp_path: Path, credentials: Path, key: ApiKey
) -> None:
    """And says what is missing without it."""
    write_private(tmp_path / KEY_NAME, sealed.seal(key_text.write_key(key), WORDS))
    environ = {"CREDENTIALS_DIRECTORY": str(credentials)}
    with pytest.raises(ConfigError, match="LoadCredentialEncrypted=coinbase-passphrase"):
        keyring.trading_key(None, tmp_path, environ)
    (credentials / PASSPHRASE_CREDENTIAL).write_text(f"{WORDS}\n")
    assert keyring.trading_key(None, tmp_path, environ) == key
    assert keyring.look(keyring.place(None, tmp_path, {})).protection is Protection.PASSPHRASE


@pytest.fixture
def host_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine key of our own, made by systemd itself."""
    monkeypatch.setenv("SYSTEMD_CREDENTIAL_SECRET", str(tmp_path / "credential.secret"))
    try:
        subprocess.run(["systemd-creds", "setup"], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        pytest.skip(f"systemd-creds cannot make a host key here: {error}")


@pytest.mark.usefixtures("host_key")
def test_a_key_under_the_machines_own_key_opens_on_this_machine_alone(
    tmp_path: Path, key: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real systemd-creds."""
    assert systemd.available()
    blob = systemd.encrypt(key_text.write_key(key), KEY_NAME)
    assert "PRIVATE" not in blob
    assert keyring.protection(blob) is Protection.SYSTEMD
    write_private(tmp_path / KEY_NAME, blob)
    assert keyring.trading_key(None, tmp_path, {}) == key
    monkeypatch.setenv("SYSTEMD_CREDENTIAL_SECRET", str(tmp_path / "another.secret"))
    assert not systemd.available()
    with pytest.raises(ConfigError, match=r"systemd-creds: .*another machine must be set anew"):
        keyring.trading_key(None, tmp_path, {})


def test_no_host_key_is_made_behind_your_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether there is one is only looked at."""
    monkeypatch.setenv("SYSTEMD_CREDENTIAL_SECRET", str(tmp_path / "none"))
    assert not systemd.available()
    assert not (tmp_path / "none").exists()
