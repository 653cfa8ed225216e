"""A passphrase on its way to the trader where no systemd hands it over."""

import os
import stat
from pathlib import Path

import pytest

from powertraderd.adapters.credentials import handover, keyring, sealed
from powertraderd.adapters.credentials.key_text import write_key
from powertraderd.adapters.credentials.passphrase import PASSPHRASE_CREDENTIAL
from powertraderd.adapters.credentials.vault import write_private
from powertraderd.errors import ConfigError
from powertraderd.model.api_key import ApiKey
from powertraderd.supervision.roles import TRADER
from powertraderd.supervision.spawn import scrubbed

WORDS = "correct horse battery staple"


@pytest.fixture(autouse=True)
def no_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody hands anything over."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def folders() -> set[Path]:
    """What is in memory."""
    return set(Path("/dev/shm").glob("powertraderd-*"))  # noqa: S108


def test_in_the_block_the_trader_alone_opens_the_key(tmp_path: Path, key: ApiKey) -> None:
    """The other workers do not even learn where to look; afterwards nothing is left."""
    write_private(tmp_path / keyring.KEY_NAME, sealed.seal(write_key(key), WORDS))
    before = folders()
    with handover.handed_over(WORDS):
        (folder,) = folders() - before
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert keyring.trading_key(None, tmp_path, scrubbed(TRADER, os.environ)) == key
        assert str(folder) not in scrubbed("thinker", os.environ).values()
        held = os.open(folder / PASSPHRASE_CREDENTIAL, os.O_RDONLY)
    try:
        assert WORDS.encode() not in os.pread(held, 100, 0)
    finally:
        os.close(held)
    assert folders() == before
    assert "CREDENTIALS_DIRECTORY" not in os.environ


def test_it_is_taken_back_when_the_daemon_ends_badly() -> None:
    """Whatever was raised."""
    before = folders()
    with pytest.raises(ZeroDivisionError), handover.handed_over(WORDS):
        raise ZeroDivisionError
    assert folders() == before


def test_a_passphrase_is_needed_only_where_nobody_hands_it_over(
    tmp_path: Path, key: ApiKey
) -> None:
    """A plain key needs none, a sealed one needs it once."""
    path = tmp_path / keyring.KEY_NAME
    write_private(path, write_key(key))
    assert not handover.needs_passphrase(None, tmp_path, {})
    write_private(path, sealed.seal(write_key(key), WORDS))
    assert handover.needs_passphrase(None, tmp_path, {})
    (tmp_path / PASSPHRASE_CREDENTIAL).write_text(WORDS)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert not handover.needs_passphrase(tmp_path / keyring.KEY_NAME, tmp_path, environ)


def test_credentials_that_systemd_hands_over_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hiding its folder could hide the key."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(ConfigError, match="put it there"), handover.handed_over(WORDS):
        pass
    assert os.environ["CREDENTIALS_DIRECTORY"] == str(tmp_path)
