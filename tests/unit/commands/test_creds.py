"""`powertraderd creds`: a key is tested at a real (loopback) exchange before it is kept."""

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from powertraderd.__main__ import build
from powertraderd.adapters.credentials import keyring
from powertraderd.adapters.credentials.keyring import KEY_NAME, Protection
from powertraderd.testing.venue import TradingKey, Venue, make_key

WORDS = "correct horse battery staple"
SAMPLE = Path(__file__).parents[3].parent / "shared" / "legacy" / "PowerTrader_AI"


@pytest.fixture(autouse=True)
def no_host_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own host key is left alone."""
    monkeypatch.setenv("SYSTEMD_CREDENTIAL_SECRET", str(tmp_path / "no.secret"))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def creds(*words: str, secret: str = WORDS, given: str | None = None) -> Result:
    """One verb, with the passphrase on a descriptor where the verb may ask for it."""
    reading, writing = os.pipe()
    os.write(writing, secret.encode())
    os.close(writing)
    options = () if words[0] == "status" else ("--passphrase-fd", str(reading))
    try:
        return CliRunner().invoke(build("creds"), ["creds", *words, *options], input=given)
    finally:
        os.close(reading)


@pytest.fixture
def key(venue: Venue, tmp_path: Path) -> TradingKey:
    """Coinbase's file for a key that the exchange knows, in a folder of downloads."""
    known = venue.keys["ES256"]
    copy = tmp_path / "downloads" / "cdp_api_key.json"
    copy.parent.mkdir()
    shutil.copy(known.file, copy)
    return TradingKey(known.name, copy, known.public_pem, known.secret)


def nowhere(secret: str, root: Path, *but: Path) -> bool:
    """Whether a part of the secret is in no file below, some aside."""
    core = secret.replace("\n", "")[40:80].encode()
    files = [each for each in root.rglob("*") if each.is_file() and each not in but]
    return all(core not in each.read_bytes().replace(b"\\n", b"") for each in files)


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_a_key_is_tested_and_kept_encrypted_where_the_trader_finds_it(
    venue: Venue, config: Path, tmp_path: Path, algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both kinds; the trader opens it with the passphrase that systemd hands over."""
    known = venue.keys[algorithm]
    result = creds("set", str(known.file), "--config", str(config))
    assert result.exit_code == 0, result.output
    assert f"{venue.base_url} takes it" in result.output
    assert venue.get("journal")[-1]["jwt_ok"]
    kept = tmp_path / "state" / KEY_NAME
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert known.secret not in result.output
    assert nowhere(known.secret, tmp_path)
    (tmp_path / "coinbase-passphrase").write_text(WORDS)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert keyring.trading_key(None, tmp_path / "state", environ).name == known.name
    assert creds("test", "--config", str(config)).exit_code == 0
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    told = CliRunner().invoke(build("creds"), ["creds", "test", "--config", str(config)])
    assert told.exit_code == 0, told.output


def test_a_key_that_the_exchange_does_not_know_is_not_kept(config: Path, tmp_path: Path) -> None:
    """Exit code 77; nothing is written."""
    stranger = make_key(tmp_path)
    result = creds("set", str(stranger.file), "--config", str(config))
    assert result.exit_code == 77, result.output
    assert "refuses the key" in result.output
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"can_transfer": True}, "may transfer money away"),
        ({"can_trade": False}, "may not view and trade"),
    ],
)
def test_a_key_that_may_do_too_much_or_too_little_is_not_kept(
    venue: Venue, config: Path, key: TradingKey, knobs: dict[str, bool], words: str
) -> None:
    """View and trade, and nothing more."""
    venue.post("policy", **knobs)
    result = creds("set", str(key.file), "--config", str(config))
    assert result.exit_code == 77, result.output
    assert words in result.output
    assert not (config.parent / "state" / KEY_NAME).exists()


def test_an_exchange_that_does_not_answer_keeps_the_key_out_unless_told_so(
    config: Path, key: TradingKey
) -> None:
    """Exit code 75; --untested is the owner's word."""
    config.write_text(config.read_text().replace("base_url = ", 'base_url = "127.0.0.1:1" #'))
    result = creds("set", str(key.file), "--config", str(config))
    assert result.exit_code == 75, result.output
    assert not (config.parent / "state" / KEY_NAME).exists()
    result = creds("set", str(key.file), "--config", str(config), "--untested")
    assert result.exit_code == 0, result.output
    assert "not tested" in result.output
    assert (config.parent / "state" / KEY_NAME).exists()


def test_the_downloaded_file_is_shredded_on_request(config: Path, key: TradingKey) -> None:
    """Without it, its owner is reminded."""
    assert "shred -u" in creds("set", str(key.file), "--config", str(config)).output
    assert key.file.exists()
    (config.parent / "state" / KEY_NAME).unlink()
    creds("set", str(key.file), "--config", str(config), "--shred")
    assert not key.file.exists()
    assert nowhere(key.secret, config.parent)


def test_a_plain_key_file_is_encrypted_where_it_lies(config: Path, key: TradingKey) -> None:
    """The one that the settings name; its old blocks are overwritten."""
    text = config.read_text().replace("[paths]", f'key_file = "{key.file}"\n[paths]')
    config.write_text(text)
    key.file.chmod(0o600)
    assert "NOT ENCRYPTED" in creds("status", "--config", str(config)).output
    assert creds("set", str(key.file), "--config", str(config)).exit_code == 0
    assert keyring.look(keyring.Place(key.file)).protection is Protection.PASSPHRASE
    assert nowhere(key.secret, config.parent)


def test_a_second_key_is_refused_and_rotation_replaces_it(
    venue: Venue, config: Path, key: TradingKey
) -> None:
    """The new one is tested first; a new one that is refused leaves the old one as it was."""
    assert creds("rotate", str(key.file), "--config", str(config)).exit_code == 78
    assert creds("set", str(key.file), "--config", str(config)).exit_code == 0
    other = venue.keys["EdDSA"]
    again = creds("set", str(other.file), "--config", str(config))
    assert again.exit_code == 78
    assert "creds rotate" in again.output
    kept = config.parent / "state" / KEY_NAME
    before = kept.read_bytes()
    stranger = make_key(config.parent)
    assert creds("rotate", str(stranger.file), "--config", str(config)).exit_code == 77
    assert kept.read_bytes() == before
    result = creds("rotate", str(other.file), "--config", str(config))
    assert result.exit_code == 0, result.output
    assert "restart the trader" in result.output
    opened = keyring.open_key(keyring.Place(kept), lambda: WORDS)
    assert opened.name == other.name


def test_a_private_key_alone_needs_its_name(config: Path, key: TradingKey) -> None:
    """PEM from standard input, as people paste it."""
    refused = creds("set", "-", "--config", str(config), given=key.secret)
    assert refused.exit_code == 78
    assert "--name" in refused.output
    taken = creds("set", "-", "--name", key.name, "--config", str(config), given=key.secret)
    assert taken.exit_code == 0, taken.output


def test_a_wrong_passphrase_is_told_from_a_refused_key(config: Path, key: TradingKey) -> None:
    """78, not 77."""
    creds("set", str(key.file), "--config", str(config))
    result = creds("test", "--config", str(config), secret=f"{WORDS}!")
    assert result.exit_code == 78
    assert "wrong passphrase" in result.output


def test_status_says_how_the_key_is_kept_without_opening_it(config: Path, key: TradingKey) -> None:
    """For people, and as JSON."""
    missing = creds("status", "--config", str(config))
    assert missing.exit_code == 78
    assert "creds set" in missing.output
    creds("set", str(key.file), "--config", str(config))
    assert (
        "configured (encrypted with a passphrase), 0 days old"
        in creds("status", "--config", str(config)).output
    )
    row = json.loads(creds("status", "--config", str(config), "--json").stdout)
    assert (row["protection"], row["age_days"]) == ("passphrase", 0)


def test_a_machine_with_a_host_key_uses_it(
    config: Path, key: TradingKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real systemd-creds; no passphrase is asked, and the unit's line is shown."""
    monkeypatch.setenv("SYSTEMD_CREDENTIAL_SECRET", str(tmp_path / "credential.secret"))
    try:
        subprocess.run(["systemd-creds", "setup"], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        pytest.skip(f"systemd-creds cannot make a host key here: {error}")
    words = ["creds", "set", str(key.file), "--config", str(config)]
    result = CliRunner().invoke(build("creds"), words)
    assert result.exit_code == 0, result.output
    assert f"LoadCredentialEncrypted={KEY_NAME}:" in result.output
    assert nowhere(key.secret, tmp_path, key.file)
    assert creds("test", "--config", str(config)).exit_code == 0


def test_the_desktop_bots_key_is_taken_over_with_its_passphrase(
    config: Path, tmp_path: Path
) -> None:
    """The sample's own sealed file; the exchange does not know that key, so it stays out first."""
    if not SAMPLE.is_dir():
        pytest.skip(f"the sample {SAMPLE} is not here")
    words = ("import-legacy", str(SAMPLE), "--config", str(config))
    assert creds(*words).exit_code == 77
    assert not (tmp_path / "state" / KEY_NAME).exists()
    result = creds(*words, "--untested")
    assert result.exit_code == 0, result.output
    opened = keyring.open_key(keyring.Place(tmp_path / "state" / KEY_NAME), lambda: WORDS)
    assert opened.algorithm == "ES256"
    assert creds(*words, "--untested").exit_code == 78


def test_the_plain_files_of_the_desktop_bot_are_taken_over(
    config: Path, tmp_path: Path, key: TradingKey
) -> None:
    """With the new passphrase; the exchange knows this key."""
    folder = tmp_path / "PowerTrader_AI"
    folder.mkdir()
    (folder / "cb_key.txt").write_text(key.name)
    (folder / "cb_secret.txt").write_text(key.secret)
    result = creds("import-legacy", str(folder), "--config", str(config))
    assert result.exit_code == 0, result.output
    assert (folder / "cb_secret.txt").read_text() == key.secret
    assert "delete them" in result.output


def test_without_anybody_to_ask_a_passphrase_is_asked_for_in_words(
    config: Path, key: TradingKey
) -> None:
    """Not in a terminal, no descriptor, no credential."""
    words = ["creds", "set", str(key.file), "--config", str(config)]
    result = CliRunner().invoke(build("creds"), words)
    assert result.exit_code == 78
    assert "--passphrase-fd" in result.output
