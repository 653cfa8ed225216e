"""`powertraderd doctor`: whether everything is as it should be, line by line, with remedies."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from powertraderd import settings_file
from powertraderd.adapters.credentials import passphrase
from powertraderd.commands.checkup import files, machine, stores, venues
from powertraderd.commands.checkup.finding import Finding, Verdict, fail, ok
from powertraderd.commands.command_line import Config, errors_are_explained, say
from powertraderd.errors import ConfigError, ExitCode, PowertraderError

_STYLES = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red"}
Passphrase = Callable[[], str]


@errors_are_explained
def doctor(
    *,
    config: Config = None,
    gate: Annotated[
        bool,
        typer.Option("--gate", help="Say only what forbids real money, as `run` asks it."),
    ] = False,
    passphrase_fd: Annotated[
        int | None,
        typer.Option("--passphrase-fd", metavar="N", help="Read the key's passphrase from here."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at settings, files, key, clock, exchange, disk, limits, models, ledger and backups.

    Each line is ok, warn or fail, and says what to do. Exit codes: 0 nothing fails, 78 something
    does. In live mode `powertraderd run` asks the same first, and does not start when something
    fails that does not mend itself.

    Example: powertraderd doctor --config powertraderd.toml
    """

    def words() -> str:
        return passphrase.asked(passphrase_fd)

    if gate:
        raise SystemExit(_gate(examine(config, words, for_a_start=True)))
    findings = []
    for finding in examine(config, words):
        findings.append(finding)
        if not as_json:
            Console().print(_line(finding))
    if as_json:
        rows = [{**asdict(each), "forbids_live": each.forbids_live} for each in findings]
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    counts = Counter(each.verdict for each in findings)
    say(", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict))
    raise SystemExit(ExitCode.CONFIG if counts[Verdict.FAIL] else ExitCode.CLEAN)


def _gate(findings: Iterator[Finding]) -> ExitCode:
    """Say only what forbids real money."""
    forbidding = [each for each in findings if each.forbids_live]
    for each in forbidding:
        say(f"{each.topic}: {each.what}; {each.remedy}")
    return ExitCode.CONFIG if forbidding else ExitCode.CLEAN


def examine(
    config: Path | None, words: Passphrase, *, for_a_start: bool = False
) -> Iterator[Finding]:
    """All findings, each as soon as it is known.

    ``for_a_start``: only what decides about it. The rest could not be asked inside the unit's own
    walls either.
    """
    try:
        settings = settings_file.load(config)
    except ConfigError as error:
        yield fail("settings", str(error), "mend them; powertraderd check-config --explain")
        return
    trading = settings.trading
    what = f"{trading.mode}, {', '.join(trading.coins)}, candles: {settings.candles.source}"
    yield ok("settings", what)
    now = datetime.now(UTC)
    yield from files.settings_file(settings_file.named(config))
    yield from files.state_dir(settings)
    yield from files.socket_group(settings)
    yield from _guarded("ledger", stores.ledger(settings))
    yield from _guarded("key", venues.key(settings, words, now))
    if not for_a_start:
        yield from files.backups(settings, now)
        market_now = now if settings.clock.kind == "real" else None
        yield from _guarded("models", stores.models(settings, market_now))
        yield from _guarded("market", venues.market(settings))
        yield from machine.time_sync()
        yield from machine.service(machine.unit_properties())


def _guarded(topic: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """An error that no check foresaw is a finding too."""
    try:
        yield from findings
    except PowertraderError as error:
        yield fail(topic, str(error), "see the message")


def _line(finding: Finding) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=4)
    table.add_column(width=16, overflow="fold")
    table.add_column(overflow="fold", ratio=1)
    style = _STYLES[finding.verdict]
    table.add_row(f"[{style}]{finding.verdict.value}[/]", finding.topic, escape(finding.what))
    if finding.remedy:
        table.add_row("", "", f"[dim]-> {escape(finding.remedy)}[/]")
    return table
