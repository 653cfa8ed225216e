"""`powertraderd sweep`: many settings over the same candles, judged out of sample."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from powertraderd import settings_file
from powertraderd.backtest import sweep as trials
from powertraderd.backtest.plan import Plan
from powertraderd.backtest.sweep import Result, Results, Trial
from powertraderd.backtest.track import Track
from powertraderd.commands.backtest import (
    Candles,
    Changes,
    Coins,
    End,
    Start,
    bars,
    chosen_coins,
    learn,
    plan,
)
from powertraderd.commands.command_line import Config, errors_are_explained
from powertraderd.errors import ConfigError

IN_SAMPLE = 2 / 3
"""Share of the span that is in sample unless --split names a day."""
SHOWN = 10
_LEARNED = ("training", "candles")
"""Sections that change what is learned; a sweep learns once."""


@errors_are_explained
def sweep(
    *,
    grid: Annotated[
        list[str], typer.Option(metavar="SECTION.KEY=V1,V2", help="One axis of the grid; repeat.")
    ],
    config: Config = None,
    coins: Coins = None,
    start: Start = None,
    end: End = None,
    split: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Where out of sample begins. Else the last third."),
    ] = None,
    change: Changes = None,
    candles: Candles = None,
    results: Annotated[
        Path, typer.Option(help="Finished trials; an interrupted sweep goes on from here.")
    ] = Path("sweep.jsonl"),
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="tcp://HOST:PORT", help="A Dask scheduler. Else this machine."),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes. Else all cores.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run every combination of the grid before and after a split.

    What was best before the split stands beside what it did after it, with its rank there and the
    number of combinations that were tried: the best of many is mostly luck.

    Examples:
    powertraderd sweep --candles candles/ --grid dca.multiplier=1,1.5,2 --grid exit.start_pct=3,5

    powertraderd sweep --config powertraderd.toml --grid entry.min_long_level=2,3,4,5
    --scheduler tcp://127.0.0.1:8786

    """
    base = change or []
    settings = settings_file.load(config, base)
    combinations = list(trials.combinations(grid))
    _refuse_learned(combinations)
    planned = [settings_file.load(config, [*base, *each]) for each in combinations]
    with bars(quiet=as_json) as progress:
        tracks = learn(settings, chosen_coins(settings, coins), candles, progress)
        whole = plan(settings, tracks, start, end, "pessimistic")
        at = _split(whole, split)
        todo = [
            _trial(each, plan(made, tracks, start, end, "pessimistic"), at)
            for each, made in zip(combinations, planned, strict=True)
        ]
        kept = Results(results, _mark(tracks, whole, at))
        bar = progress.add_task("trials", total=len(todo))
        progress.advance(bar, sum(trial.changes in kept.done for trial in todo))

        def done(result: Result) -> None:
            kept.add(result)
            progress.advance(bar)

        waiting = [trial for trial in todo if trial.changes not in kept.done]
        if waiting and scheduler:
            trials.run_on_cluster(tracks, waiting, scheduler, done)
        elif waiting:
            trials.run_here(tracks, waiting, workers or os.cpu_count() or 1, done)
    _say([kept.done[trial.changes] for trial in todo], at, as_json=as_json)


def _refuse_learned(combinations: Sequence[trials.Changes]) -> None:
    for name in combinations[0]:
        if name.split(".")[0] in _LEARNED:
            msg = f"{name}: a sweep learns once; compare learners with evaluate or backtest --set"
            raise ConfigError(msg)


def _split(whole: Plan, split: datetime | None) -> datetime:
    third = whole.start + (whole.end - whole.start) * IN_SAMPLE
    at = third.replace(minute=0, second=0, microsecond=0)
    if split is not None:
        at = split.replace(tzinfo=UTC)
    if not whole.start < at < whole.end:
        msg = (
            f"--split {at:%Y-%m-%d} does not lie between {whole.start:%Y-%m-%d} and "
            f"{whole.end:%Y-%m-%d}: a sweep needs time in sample and out of sample"
        )
        raise ConfigError(msg)
    return at


def _trial(changes: trials.Changes, whole: Plan, at: datetime) -> Trial:
    return Trial(changes, replace(whole, end=at), replace(whole, start=at))


def _mark(tracks: Sequence[Track], whole: Plan, at: datetime) -> str:
    return trials.fingerprint(tracks, replace(whole, end=at), replace(whole, start=at))


def _say(results: Sequence[Result], at: datetime, *, as_json: bool) -> None:
    best = trials.ranked(results)
    place, relation = trials.outside_rank(results, best[0]), trials.rank_correlation(results)
    if as_json:
        values = {
            "tried": len(results),
            "split": at.isoformat(),
            "best": asdict(best[0]),
            "best_rank_outside": place,
            "rank_correlation": relation,
            "results": [asdict(each) for each in best],
        }
        sys.stdout.write(json.dumps(values) + "\n")
        return
    console = Console()
    console.print(_table(best[:SHOWN], at))
    inside, outside = best[0].inside["gain_pct"], best[0].outside["gain_pct"]
    console.print(
        f"{len(results)} combinations tried. The best in sample gained {inside:+.1f} %; out of "
        f"sample it gained {outside:+.1f} %, place {place} of {len(results)}."
    )
    if relation is not None:
        console.print(f"Rank correlation between in and out of sample: {relation:+.2f}.")


def _table(best: Sequence[Result], at: datetime) -> Table:
    table = Table(title=f"in sample until {at:%Y-%m-%d}, out of sample from then on", box=None)
    table.add_column("settings", overflow="fold")
    for name in ("gain in", "out", "fall in", "out", "stage in", "out"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in best:
        table.add_row(
            "\n".join(each.changes),
            *(f"{found['gain_pct']:+.1f} %" for found in (each.inside, each.outside)),
            *(f"{found['drawdown_pct']:.1f} %" for found in (each.inside, each.outside)),
            *(f"{found['worst_ladder']:.0f}" for found in (each.inside, each.outside)),
        )
    return table
