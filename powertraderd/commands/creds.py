"""`powertraderd creds`: the trading key, from Coinbase's page to its place at rest."""

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from powertraderd import settings_file
from powertraderd.adapters.credentials import key_text, keyring, passphrase, sealed, systemd, vault
from powertraderd.adapters.credentials.keyring import KEY_NAME, Protection
from powertraderd.adapters.legacy import credentials as legacy
from powertraderd.commands import key_check
from powertraderd.commands.command_line import Config, errors_are_explained, say
from powertraderd.errors import ConfigError
from powertraderd.model.api_key import ApiKey
from powertraderd.settings import Settings
from powertraderd.supervision.folders import prepare_state_dir

app = typer.Typer(
    no_args_is_help=True,
    help="The trading key: set it, test it, replace it. It is kept encrypted and shown nowhere.",
)

_File = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help="Coinbase's JSON file, or a private key with --name; - is stdin."
    ),
]
_Name = Annotated[
    str | None, typer.Option(help="The key's name, where FILE is the private key alone.")
]
_Method = Annotated[
    Protection | None,
    typer.Option("--method", help="How to keep it. Else systemd-creds where there is a host key."),
]
_Descriptor = Annotated[
    int | None,
    typer.Option(
        "--passphrase-fd", metavar="N", help="Read the passphrase from this open descriptor."
    ),
]
_Untested = Annotated[
    bool, typer.Option("--untested", help="Keep it without asking the exchange first.")
]
_Shred = Annotated[bool, typer.Option("--shred", help="Overwrite and delete FILE afterwards.")]


@app.command("set")
@errors_are_explained
def set_key(
    *,
    file: _File,
    config: Config = None,
    name: _Name = None,
    method: _Method = None,
    passphrase_fd: _Descriptor = None,
    untested: _Untested = False,
    shred: _Shred = False,
) -> None:
    """Test a key at the exchange, then keep it encrypted where the trader looks for it.

    Example: powertraderd creds set cdp_api_key.json --config powertraderd.toml --shred
    """
    settings = settings_file.load(config)
    target = keyring.place(settings.exchange.key_file, settings.paths.state_dir, {}).path
    if target.exists() and not _is_same(file, target):
        msg = f"{target}: there is a key already; replace it with powertraderd creds rotate"
        raise ConfigError(msg)
    key = _given(file, name)
    _accept(settings, key, untested=untested)
    _keep(settings, target, key, method, passphrase_fd)
    _let_go(file, target, shred=shred)


@app.command()
@errors_are_explained
def rotate(
    *,
    file: _File,
    config: Config = None,
    name: _Name = None,
    method: _Method = None,
    passphrase_fd: _Descriptor = None,
    untested: _Untested = False,
    shred: _Shred = False,
) -> None:
    """Replace the key: the new one is tested first, then takes the old one's place at once.

    The old file is overwritten. The running trader keeps the old key until it is restarted; delete
    the old key at Coinbase after that.

    Example: powertraderd creds rotate new_key.json --config powertraderd.toml
    """
    settings = settings_file.load(config)
    target = keyring.place(settings.exchange.key_file, settings.paths.state_dir, {}).path
    before = keyring.look(keyring.Place(target))
    key = _given(file, name)
    _accept(settings, key, untested=untested)
    _keep(settings, target, key, method or _kept_as(before.protection), passphrase_fd)
    _let_go(file, target, shred=shred)
    say("restart the trader (ptctl restart trader), then delete the old key at Coinbase")


def _kept_as(protection: Protection) -> Protection | None:
    """The same way as before; a plain file is not made again."""
    return None if protection is Protection.PLAIN else protection


@app.command("test")
@errors_are_explained
def ask(*, config: Config = None, passphrase_fd: _Descriptor = None) -> None:
    """Ask the exchange whether it takes the key that the trader would use.

    Exit codes: 0 yes, 77 refused, or the key may do too much or too little, 75 no answer.

    Example: powertraderd creds test --config powertraderd.toml
    """
    settings = settings_file.load(config)
    where = keyring.place(settings.exchange.key_file, settings.paths.state_dir, os.environ)
    key = keyring.open_key(where, lambda: passphrase.asked(passphrase_fd))
    _accept(settings, key, untested=False)


@app.command()
@errors_are_explained
def status(
    *,
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say where the key is, how it is kept and how old it is, without opening it.

    Example: powertraderd creds status --config powertraderd.toml
    """
    settings = settings_file.load(config)
    where = keyring.place(settings.exchange.key_file, settings.paths.state_dir, os.environ)
    found = keyring.look(where)
    age = datetime.now(UTC) - found.written_at
    if as_json:
        row = {
            "path": str(where.path),
            "protection": found.protection.value,
            "handed_over_by_systemd": where.handed_over,
            "written_at": found.written_at.isoformat(),
            "age_days": age.days,
        }
        sys.stdout.write(json.dumps(row) + "\n")
        return
    kept = "handed over by systemd" if where.handed_over else _WORDS[found.protection]
    sys.stdout.write(f"configured ({kept}), {age.days} days old\n{where.path}\n")


_WORDS = {
    Protection.PLAIN: "NOT ENCRYPTED: powertraderd creds set FILE encrypts it in place",
    Protection.PASSPHRASE: "encrypted with a passphrase",
    Protection.SYSTEMD: "encrypted for this machine by systemd-creds",
}


@app.command("import-legacy")
@errors_are_explained
def import_legacy(
    *,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="PowerTrader_AI's folder; it is never changed.")
    ],
    config: Config = None,
    method: _Method = None,
    passphrase_fd: _Descriptor = None,
    untested: _Untested = False,
) -> None:
    """Take over the key of the desktop bot; it is tested before it is accepted.

    The old passphrase opens it. Where the new file needs one, it is the same.

    Example: powertraderd creds import-legacy ~/PowerTrader_AI --config powertraderd.toml
    """
    settings = settings_file.load(config)
    target = keyring.place(settings.exchange.key_file, settings.paths.state_dir, {}).path
    if target.exists():
        msg = f"{target}: there is a key already; nothing was changed"
        raise ConfigError(msg)
    words = _Once(lambda: passphrase.asked(passphrase_fd))
    key = legacy.read_key(directory, words)
    _accept(settings, key, untested=untested)
    _keep(settings, target, key, method, passphrase_fd, words.known)
    say(f"the old files in {directory} still hold it: delete them (shred -u) when all works")


class _Once:
    """Asks once, and remembers."""

    def __init__(self, ask: Callable[[], str]) -> None:
        self._ask = ask
        self.known: str | None = None

    def __call__(self) -> str:
        self.known = self.known or self._ask()
        return self.known


def _given(file: str, name: str | None) -> ApiKey:
    """The key in FILE."""
    place = "standard input" if file == "-" else file
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{place}: cannot be read ({error})"
        raise ConfigError(msg) from None
    return key_text.make_key(name, text, place) if name else key_text.read_key(text, place)


def _is_same(file: str, target: Path) -> bool:
    """Whether a plain key is encrypted where it lies."""
    return file != "-" and Path(file).exists() and target.samefile(file)


def _accept(settings: Settings, key: ApiKey, *, untested: bool) -> None:
    """Say what the exchange thinks of the key. Raises when it does not take it."""
    shown = f"{key.name} ({key.algorithm}, fingerprint {key.fingerprint})"
    if untested:
        say(f"{shown}: not tested; powertraderd creds test does it")
        return
    accepted = key_check.check(settings, key)
    say(f"{shown}: {settings.exchange.base_url} takes it, for viewing and trading")
    say(f"the clocks differ by {accepted.clock_skew_s:+.1f} s")


def _keep(
    settings: Settings,
    target: Path,
    key: ApiKey,
    method: Protection | None,
    passphrase_fd: int | None,
    known: str | None = None,
) -> None:
    chosen = method or (Protection.SYSTEMD if systemd.available() else Protection.PASSPHRASE)
    text = key_text.write_key(key)
    match chosen:
        case Protection.SYSTEMD:
            kept = systemd.encrypt(text, KEY_NAME)
        case Protection.PASSPHRASE:
            kept = sealed.seal(text, known or passphrase.asked(passphrase_fd, twice=True))
        case Protection.PLAIN:
            raise ConfigError("--method plain: a key is always encrypted here; choose another")
    if not settings.paths.state_dir.exists():
        prepare_state_dir(settings.paths.state_dir)
    vault.write_private(target, kept)
    say(f"kept in {target}, {_WORDS[chosen]}")
    if chosen is Protection.SYSTEMD:
        say(f"the unit reads it with LoadCredentialEncrypted={KEY_NAME}:{target}")


def _let_go(file: str, target: Path, *, shred: bool) -> None:
    if file == "-" or _is_same(file, target):
        return
    if shred:
        vault.shred(Path(file))
        say(f"{file} was overwritten and deleted")
    else:
        say(f"{file} still holds the key in plain: delete it (shred -u {file})")
