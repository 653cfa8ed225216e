"""`powertraderd backtest`: what the daemon would have done."""

import csv
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from powertraderd import settings_file
from powertraderd.backtest import history, report
from powertraderd.backtest.book import BacktestTrade
from powertraderd.backtest.control import random_entries
from powertraderd.backtest.engine import Simulation
from powertraderd.backtest.figures import Figures, figures
from powertraderd.backtest.outcome import Outcome
from powertraderd.backtest.plan import PathName, Plan
from powertraderd.backtest.track import Track
from powertraderd.commands.command_line import Config, errors_are_explained, say
from powertraderd.errors import ConfigError
from powertraderd.model.candle import Coin
from powertraderd.model.money import EXACT, Usd
from powertraderd.settings import Settings

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
Start = Annotated[
    datetime | None, typer.Option("--from", formats=_FORMATS, help="Where trading begins, UTC.")
]
End = Annotated[
    datetime | None, typer.Option("--to", formats=_FORMATS, help="Where it ends, excluded.")
]
Candles = Annotated[
    Path | None,
    typer.Option("--candles", metavar="PATH", help="Folder of COIN*_1h.csv[.gz], or a market.db."),
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Another value for one setting."),
]
Coins = Annotated[str | None, typer.Option(metavar="A,B", help="Else trading.coins.")]


@errors_are_explained
def backtest(
    *,
    config: Config = None,
    coins: Coins = None,
    start: Start = None,
    end: End = None,
    change: Changes = None,
    candles: Candles = None,
    path: Annotated[
        PathName,
        typer.Option(help="Prices within an hour: pessimistic or the replay's."),
    ] = "pessimistic",
    random: Annotated[
        int, typer.Option(min=0, help="Also this many runs with random entries, to compare.")
    ] = 0,
    trades: Annotated[Path | None, typer.Option(help="Write all trades to this CSV file.")] = None,
    html: Annotated[
        Path | None, typer.Option("--report", help="Write a page with pictures to this file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Trade recorded candles with the daemon's own functions, and say what came of it.

    Learns walk-forward: each prediction sees only candles that had closed by then. Within an hour
    the price goes by an explicit path that is never too good to the strategy.

    Examples:
    powertraderd backtest --candles candles/ --coins BTC,ETH --from 2024-01-01 --report run.html

    powertraderd backtest --config powertraderd.toml --set dca.multiplier=1.0 --random 50 --json

    """
    settings = settings_file.load(config, change or ())
    chosen = chosen_coins(settings, coins)
    with bars(quiet=as_json) as progress:
        tracks = learn(settings, chosen, candles, progress)
        outcome = simulate(tracks, plan(settings, tracks, start, end, path), progress)
        control = None
        if random:
            progress.add_task("random entries", total=None)
            control = report.Control(random_entries(tracks, outcome, random, settings.paper.seed))
    found = figures(outcome, tracks)
    if trades is not None:
        write_trades(trades, outcome.trades)
    if html is not None:
        html.write_text(report.page(outcome, tracks, control), encoding="utf-8")
    if as_json:
        values = found.json() | {"random": None if control is None else list(control.ends)}
        sys.stdout.write(json.dumps(values) + "\n")
    else:
        Console().print(_table(found, outcome, control))


def chosen_coins(settings: Settings, coins: str | None) -> tuple[Coin, ...]:
    """The coins of the command line, else those of the settings."""
    if coins is None:
        return settings.trading.coins
    return tuple(Coin(name.strip().upper()) for name in coins.split(",") if name.strip())


def learn(
    settings: Settings, coins: Sequence[Coin], candles: Path | None, progress: Progress
) -> list[Track]:
    """The tracks of ``coins``; raises ConfigError where candles are missing."""
    source = candles or settings.candles.directory or settings.paths.state_dir / "market.db"
    past = history.History(source, settings.candles.history_start, settings.candles.week_offset)
    task = progress.add_task("learning", total=len(coins))
    learners = {coin: settings.rules.of(coin).training for coin in coins}
    workers = min(os.cpu_count() or 1, len(coins))
    return history.tracks(past, learners, workers, lambda _: progress.advance(task))


def plan(
    settings: Settings,
    tracks: Sequence[Track],
    start: datetime | None,
    end: datetime | None,
    path: PathName,
) -> Plan:
    """What the settings and the command line ask for; raises ConfigError for an empty span."""
    first, last = history.span(tracks)
    begin = first if start is None else start.replace(tzinfo=UTC)
    until = last if end is None else end.replace(tzinfo=UTC)
    if not max(begin, first) < min(until, last):
        msg = (
            f"nothing to trade from {begin:%Y-%m-%d} to {until:%Y-%m-%d}: candles and predictions "
            f"reach from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        )
        raise ConfigError(msg)
    paper = settings.paper
    return Plan(
        rules=settings.rules,
        cash=Usd(paper.starting_cash),
        fee_rate=EXACT.divide(paper.taker_fee_pct, Decimal(100)),
        spread_pct=paper.spread_pct,
        start=begin,
        end=until,
        quote=settings.trading.quote,
        path=path,
    )


def simulate(tracks: Sequence[Track], wanted: Plan, progress: Progress) -> Outcome:
    """One run with its bar."""
    hours = int((wanted.end - wanted.start).total_seconds()) // 3600
    task = progress.add_task("trading", total=hours)
    outcome = Simulation(tracks, wanted).run(lambda done: progress.update(task, completed=done))
    progress.update(task, completed=hours)
    return outcome


@contextmanager
def bars(*, quiet: bool) -> Iterator[Progress]:
    """Progress on standard error, none for machines."""
    columns = (
        TextColumn("{task.description:15}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        yield progress


def write_trades(path: Path, trades: Sequence[BacktestTrade]) -> None:
    """One row per order, exact decimals."""
    names = [field.name for field in fields(BacktestTrade)]
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(names)
        for trade in trades:
            values = [getattr(trade, name) for name in names]
            rows.writerow(
                value.isoformat() if isinstance(value, datetime) else value for value in values
            )
    say(f"{len(trades)} trades are in {path}")


def _table(found: Figures, outcome: Outcome, control: report.Control | None) -> Table:
    quote = outcome.plan.quote
    table = Table(title=f"{found.start:%Y-%m-%d} to {found.end:%Y-%m-%d}", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    held = "unknown" if found.buy_and_hold is None else f"{found.buy_and_hold:,.2f}"
    rows = [
        (f"account value, {quote}", f"{found.value:,.2f}"),
        ("gain", f"{found.gain_pct:+.2f} %"),
        ("buy and hold, evenly", held),
        ("deepest fall below a peak", f"{found.drawdown_pct:.1f} %"),
        ("longest time under water", f"{found.under_water_days:,.0f} days"),
        ("most invested at one time", f"{found.most_invested:,.2f}"),
        ("most invested in one coin", f"{found.most_in_a_coin:,.2f}"),
        ("worst ladder reached", f"stage {found.worst_ladder}"),
        ("entries, DCA, sales", f"{found.entries}, {found.dca_buys}, {found.sells}"),
        ("realised profit", f"{found.realised:,.2f}"),
        ("fees", f"{found.fees:,.2f}"),
        ("unsold positions", f"{found.unsold}"),
    ]
    if control is not None:
        share = control.percentile(found.value)
        rows.append((f"better than of {len(control.ends)} random runs", f"{share:.0f} %"))
    if found.halted_at is not None:
        rows.append(("halted by the drawdown limit", f"{found.halted_at:%Y-%m-%d %H:%M}"))
    for name, value in rows:
        table.add_row(name, value)
    return table
