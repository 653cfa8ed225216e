"""`powertraderd evaluate`: whether the predictions are worth anything."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from powertraderd import settings_file
from powertraderd.backtest import history, skill
from powertraderd.backtest.skill import BASELINES, VOLATILITY, Steps, Verdict
from powertraderd.commands.backtest import Candles, Changes, Coins, End, Start, bars, chosen_coins
from powertraderd.commands.command_line import Config, errors_are_explained
from powertraderd.errors import ConfigError
from powertraderd.model.candle import HOUR_S, Coin, Timeframe
from powertraderd.model.rules import TrainingRules
from powertraderd.settings import Settings

SEED = 1


@dataclass(frozen=True, slots=True)
class Task:
    """One coin and timeframe to be walked through; times None: all that there is."""

    past: history.History
    coin: Coin
    timeframe: Timeframe
    learner: TrainingRules
    start: datetime | None
    end: datetime | None


@errors_are_explained
def evaluate(
    *,
    config: Config = None,
    coins: Coins = None,
    start: Start = None,
    end: End = None,
    change: Changes = None,
    candles: Candles = None,
    details: Annotated[bool, typer.Option("--details", help="Also by coin and by year.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with all details.")] = False,
) -> None:
    """Measure the predicted highs and lows, walk-forward, against forecasts that know nothing.

    Each figure is the learner's mean absolute error against a baseline's, in percent: below zero is
    better. Every forecast is given the scale that served it best in the past. The interval is that
    against the volatility guess (the mean range of the last candles), at 95 percent, from blocks of
    one coin and month. Where it does not lie below zero, or another baseline is better, the answer
    is "no evidence of skill".

    Examples:
    powertraderd evaluate --candles candles/ --coins BTC,ETH

    powertraderd evaluate --candles candles/ --set training.learner=volatility --details

    """
    settings = settings_file.load(config, change or ())
    tasks = list(_tasks(settings, chosen_coins(settings, coins), candles, (start, end)))
    with bars(quiet=as_json) as progress:
        bar = progress.add_task("walking", total=len(tasks))
        parts = []
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            for future in as_completed([pool.submit(walk, task) for task in tasks]):
                parts.append(future.result())
                progress.advance(bar)
    verdicts = list(_by_timeframe(parts))
    if not verdicts:
        msg = "too few candles for a single judged prediction; give more history"
        raise ConfigError(msg)
    inner = [*_by_coin(parts), *_by_year(parts)]
    learner = settings.training.learner
    if as_json:
        rows = [_row(each) for each in [*verdicts, *inner]]
        sys.stdout.write(json.dumps({"learner": learner, "verdicts": rows}) + "\n")
        return
    console = Console()
    console.print(_table(f"{learner} learner, all coins", verdicts))
    if details:
        console.print(_table("by coin and by year", inner))


def walk(task: Task) -> Steps:
    """The errors of one task; runs in a process of its own."""
    hours = history.hours(task.past, task.coin)
    end = datetime.fromtimestamp(hours.opened[-1] + HOUR_S, UTC)
    candles = hours.closed(
        task.timeframe,
        start=task.past.start,
        end=min(end, task.end or end),
        now=min(end, task.end or end),
        week_offset=task.past.week_offset,
    )
    part = skill.steps(task.coin, task.timeframe, candles, task.learner, SEED)
    if task.start is None:
        return part
    inside = part.at >= task.start.timestamp()
    return Steps(part.coin, part.timeframe, part.at[inside], part.errors[inside])


def _tasks(
    settings: Settings,
    coins: Sequence[Coin],
    candles: Path | None,
    span: tuple[datetime | None, datetime | None],
) -> Iterator[Task]:
    source = candles or settings.candles.directory or settings.paths.state_dir / "market.db"
    past = history.History(source, settings.candles.history_start, settings.candles.week_offset)
    start, end = (None if each is None else each.replace(tzinfo=UTC) for each in span)
    for timeframe in Timeframe:
        for coin in coins:
            learner = settings.rules.of(coin).training
            yield Task(past, coin, timeframe, learner, start, end)


def _by_timeframe(parts: Sequence[Steps]) -> Iterator[Verdict]:
    for timeframe in Timeframe:
        of_timeframe = [part for part in parts if part.timeframe is timeframe]
        found = skill.verdict(timeframe.value, of_timeframe, SEED)
        if found is not None:
            yield found


def _by_coin(parts: Sequence[Steps]) -> Iterator[Verdict]:
    for part in sorted(parts, key=lambda each: (each.coin, list(Timeframe).index(each.timeframe))):
        found = skill.verdict(f"{part.coin} {part.timeframe}", [part], SEED)
        if found is not None:
            yield found


def _by_year(parts: Sequence[Steps]) -> Iterator[Verdict]:
    by_year: dict[tuple[int, Timeframe], list[Steps]] = {}
    for part in parts:
        for year, inside in skill.years(part):
            by_year.setdefault((year, part.timeframe), []).append(inside)
    for (year, timeframe), of_year in sorted(by_year.items()):
        found = skill.verdict(f"{year} {timeframe}", of_year, SEED)
        if found is not None:
            yield found


def _row(verdict: Verdict) -> dict[str, Any]:
    return asdict(verdict) | {"verdict": verdict.words}


def _table(title: str, verdicts: Sequence[Verdict]) -> Table:
    table = Table(
        title=f"{title}: error against each guess, percent", box=None, padding=(0, 1, 0, 0)
    )
    table.add_column("", no_wrap=True)
    for name in ("mean", "median", "random", "last20", "range", "95 %"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for each in verdicts:
        shares = [f"{each.against_pct[name]:+.1f}" for name in BASELINES if name != VOLATILITY]
        against = f"{each.against_pct[VOLATILITY]:+.1f}"
        interval = f"{each.low:+.1f} {each.high:+.1f}"
        table.add_row(each.group, *shares, against, interval, each.words)
    return table
