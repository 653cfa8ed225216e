"""`powertraderd replay`: a recorded day through today's code."""

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from powertraderd import settings_file
from powertraderd.adapters.sqlite.ledger_reader import LedgerReader
from powertraderd.backtest.again import Difference, Replay
from powertraderd.backtest.again import replay as make_again
from powertraderd.commands.backtest import Changes
from powertraderd.commands.command_line import Config, errors_are_explained
from powertraderd.errors import DataUnavailable
from powertraderd.model.decision import Decision
from powertraderd.model.money import plain

LEDGER_DB = "ledger.db"
DIFFERENT = 1
_SHOWN = 50


@errors_are_explained
def replay(
    day: Annotated[
        datetime, typer.Argument(formats=["%Y-%m-%d"], help="Market day, UTC.", metavar="DAY")
    ],
    *,
    days: Annotated[int, typer.Option(min=1, help="So many days from DAY on.")] = 1,
    config: Config = None,
    change: Changes = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make the recorded decisions of a day again, and list those that come out differently.

    The ledger keeps what each of the newest 2,000 changes of mind was made from. Today's code and
    settings decide again from exactly that. Leaves with 0 when all are the same, with 1 when some
    are not: run it before a new version or new settings go live.

    Examples:
    powertraderd replay 2026-03-01 --config powertraderd.toml

    powertraderd replay 2026-03-01 --days 7 --set entry.min_long_level=4

    """
    settings = settings_file.load(config, change or ())
    start = day.replace(tzinfo=UTC)
    ledger = LedgerReader(settings.paths.state_dir / LEDGER_DB)
    try:
        recorded = ledger.decision_inputs(start, start + timedelta(days=days))
    finally:
        ledger.close()
    if not recorded:
        msg = f"the ledger has no decision from {start:%Y-%m-%d} on for {days} days"
        raise DataUnavailable(msg)
    found = make_again(recorded, settings.rules)
    if as_json:
        sys.stdout.write(json.dumps(_values(found)) + "\n")
    else:
        _say(found)
    raise SystemExit(DIFFERENT if found.differences else 0)


def _values(found: Replay) -> dict[str, object]:
    return {
        "same": found.same,
        "skipped": found.skipped,
        "differences": [
            {
                "at": each.recorded.at.isoformat(),
                "coin": each.recorded.coin,
                "recorded": _row(each.recorded),
                "today": _row(each.today),
            }
            for each in found.differences
        ],
    }


def _row(decision: Decision) -> dict[str, str | None]:
    sizes = {"quote_size": decision.quote_size, "base_size": decision.base_size}
    return {
        "action": decision.action.value,
        "reason_code": decision.reason_code.value,
        **{name: None if size is None else plain(size) for name, size in sizes.items()},
    }


def _say(found: Replay) -> None:
    console = Console()
    if found.differences:
        console.print(_table(found.differences[:_SHOWN]))
    different = len(found.differences)
    console.print(
        f"{found.same} decisions come out the same, {different} differently; "
        f"{found.skipped} have no recorded inputs or were a person's."
    )


def _table(differences: tuple[Difference, ...]) -> Table:
    table = Table(title="decisions that come out differently today", box=None)
    for name in ("at", "coin", "recorded", "today"):
        table.add_column(name, overflow="fold")
    for each in differences:
        table.add_row(
            f"{each.recorded.at:%m-%d %H:%M:%S}",
            each.recorded.coin,
            *(_words(decision) for decision in (each.recorded, each.today)),
        )
    return table


def _words(decision: Decision) -> str:
    size = decision.quote_size if decision.base_size is None else decision.base_size
    amount = "" if size is None else f" {plain(size)}"
    return f"{decision.action} {decision.reason_code}{amount}"
