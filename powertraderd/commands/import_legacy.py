"""`powertraderd import-legacy`: everything that the desktop bot left, line by line."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from powertraderd import settings_file
from powertraderd.adapters.coinbase.broker import CoinbaseBroker
from powertraderd.adapters.credentials import keyring, passphrase
from powertraderd.adapters.legacy import folder
from powertraderd.adapters.legacy.finding import Finding, Outcome
from powertraderd.adapters.legacy.folder import Contents
from powertraderd.adapters.legacy.settings import FILE, toml
from powertraderd.commands import key_check
from powertraderd.commands.command_line import Config, errors_are_explained, say
from powertraderd.commands.legacy_takeover import Takeover
from powertraderd.errors import ConfigError
from powertraderd.settings import Settings
from powertraderd.supervision import lock
from powertraderd.supervision.folders import prepare_state_dir

_STYLES = {
    Outcome.TAKEN: "green",
    Outcome.CONVERTED: "yellow",
    Outcome.WAITING: "bold yellow",
    Outcome.DAMAGED: "bold red",
}


@errors_are_explained
def import_legacy(
    *,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="PowerTrader_AI's folder; it is never changed.")
    ],
    config: Config = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be taken; write nothing.")
    ] = False,
    accept_positions: Annotated[
        bool,
        typer.Option("--accept-positions", help="Own its open positions; the daemon sells them."),
    ] = False,
    passphrase_fd: Annotated[
        int | None,
        typer.Option(
            "--passphrase-fd", metavar="N", help="Live: read our key's passphrase from here."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Take over memories, settings, history and positions of the desktop bot PowerTrader_AI.

    The daemon must be stopped. A settings file that --config names and that does not exist yet is
    written; one that exists is compared, never changed. Damaged files are named with line and
    reason, and the rest is taken. A second run changes nothing. Take the key first, by itself
    (powertraderd creds import-legacy DIR): in live mode positions are then checked against the
    exchange's own fills.

    Example: powertraderd import-legacy ~/PowerTrader_AI --config powertraderd.toml --dry-run
    """
    wish = Wish(config, dry_run, accept_positions, passphrase_fd)
    findings = list(_taken_over(folder.read(directory), wish))
    if as_json:
        sys.stdout.write(json.dumps([_row(each) for each in findings], indent=2) + "\n")
    else:
        Console().print(_table(findings))
    say(_summary(findings, dry_run=dry_run))


@dataclass(frozen=True, slots=True)
class Wish:
    """How the import was asked for."""

    config: Path | None
    dry_run: bool
    accepted: bool
    passphrase_fd: int | None


def _taken_over(contents: Contents, wish: Wish) -> Iterator[Finding]:
    yield from contents.findings
    config = wish.config
    fresh = config is not None and not config.exists()
    if config is not None and fresh:
        yield _settings_written(contents, config, dry_run=wish.dry_run)
    known = config if config is not None and config.exists() else None
    takeover = Takeover(contents, settings_file.load(known), wish.dry_run)
    if not fresh:
        place = str(known) if known else "the defaults (--config FILE writes a new file)"
        yield from takeover.compared_settings(place)
    with nullcontext() if wish.dry_run else _alone(takeover.settings.paths.state_dir):
        yield from takeover.memories()
        yield from takeover.history()
        with _exchange(contents, takeover.settings, wish) as exchange:
            yield from takeover.positions(exchange, accepted=wish.accepted)


@contextmanager
def _exchange(
    contents: Contents, settings: Settings, wish: Wish
) -> Iterator[CoinbaseBroker | None]:
    """The exchange, where there is something to ask it and a key to ask with."""
    where = keyring.place(settings.exchange.key_file, settings.paths.state_dir, os.environ)
    wanted = contents.positions or contents.pending
    if settings.trading.mode == "paper" or not wanted or not where.path.exists():
        yield None
        return
    key = keyring.open_key(where, lambda: passphrase.asked(wish.passphrase_fd))
    held = [each.coin for each in contents.positions]
    coins = (*held, *(each.coin for each in contents.pending))
    exchange = key_check.broker(settings, key, coins)
    try:
        exchange.verify_key()
        yield exchange
    finally:
        exchange.close()


@contextmanager
def _alone(state_dir: Path) -> Iterator[None]:
    """No daemon runs on this state folder meanwhile. Raises StateLocked when one does."""
    prepare_state_dir(state_dir)
    held = lock.hold(state_dir / lock.SUPERVISOR_LOCK)
    try:
        yield
    finally:
        os.close(held)


def _settings_written(contents: Contents, config: Path, *, dry_run: bool) -> Finding:
    if not dry_run:
        try:
            with config.open("x", encoding="utf-8") as file:
                file.write(toml(contents.settings))
        except OSError as error:
            msg = f"{config}: cannot be written ({error.strerror}); name another file"
            raise ConfigError(msg) from None
    what = f"{len(contents.settings)} settings, written to {config}"
    return Finding(Outcome.TAKEN, FILE, what)


def _row(finding: Finding) -> dict[str, object]:
    return {
        "outcome": finding.outcome.value,
        "file": finding.file,
        "line": finding.line,
        "what": finding.what,
    }


def _table(findings: Sequence[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("FILE", overflow="fold")
    table.add_column("WHAT", overflow="fold", ratio=1)
    for each in findings:
        style = _STYLES.get(each.outcome, "dim")
        table.add_row(f"[{style}]{each.outcome.value}[/]", escape(each.place), escape(each.what))
    return table


def _summary(findings: Sequence[Finding], *, dry_run: bool) -> str:
    counts = Counter(each.outcome for each in findings)
    told = ", ".join(f"{counts[each]} {each.value}" for each in Outcome if counts[each])
    return f"{told}{'; a dry run: nothing was written' if dry_run else ''}"
