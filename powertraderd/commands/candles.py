"""`powertraderd candles`: our own copy of a venue's candles, without the daemon."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from powertraderd import settings_file
from powertraderd.adapters.sqlite.candle_store import CandleStore
from powertraderd.clock import RealClock
from powertraderd.commands.command_line import Config, errors_are_explained, say
from powertraderd.errors import ConfigError
from powertraderd.model.candle import EPOCH, Coin, Timeframe, aggregate
from powertraderd.ports import CandleArchive
from powertraderd.settings import Settings
from powertraderd.supervision import lock
from powertraderd.supervision.folders import prepare_state_dir
from powertraderd.workers.candle_feed import CandleFeed
from powertraderd.workers.wiring import MARKET_DB, candle_source

app = typer.Typer(
    no_args_is_help=True, help="Candles of a venue: download them, see what is there, verify them."
)

_Coins = Annotated[
    list[str] | None, typer.Argument(metavar="COIN...", help="Tickers. Else trading.coins.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_SAME = 1e-6
"""Relative difference up to which a price made from hours is the venue's own."""


class _Steps:
    """A heart whose phases are steps of a progress bar; nobody waits for this process to hang."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    @contextmanager
    def phase(self, name: str, budget_s: float, detail: str = "") -> Iterator[None]:  # noqa: ARG002
        """One step, described by what it is about."""
        self._progress.update(self._task, description=detail)
        yield
        self._progress.advance(self._task)

    def progress(self, done: int, total: int) -> None:
        """Steps are not divided."""


@app.command()
@errors_are_explained
def download(*, coins: _Coins = None, config: Config = None) -> None:
    """Fetch all candles that closed since the newest stored one; stopped, it goes on next time.

    The daemon's trainer does the same; while the daemon runs, this refuses.

    Example: powertraderd candles download BTC ETH --config powertraderd.toml
    """
    settings = settings_file.load(config)
    if not settings.candles.from_a_venue:
        msg = "[candles] source: only kucoin and coinbase have something to download"
        raise ConfigError(msg)
    chosen = _chosen(coins, settings)
    prepare_state_dir(settings.paths.state_dir)
    lock.hold(settings.paths.state_dir / lock.SUPERVISOR_LOCK)
    store = CandleStore(settings.paths.state_dir / MARKET_DB, writable=True)
    try:
        added = _fetch(settings, store, chosen)
    finally:
        store.close()
    say(f"{added} new candles of {', '.join(chosen)}")


def _fetch(settings: Settings, store: CandleStore, coins: tuple[Coin, ...]) -> int:
    clock = RealClock()
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("")
        feed = CandleFeed(
            source=candle_source(settings, clock),
            store=store,
            clock=clock,
            heart=_Steps(progress, task),
            budget_s=settings.supervisor.budgets.candles,
            history_start=settings.candles.history_start,
        )
        steps = sum(len(feed.missing(coin, frame)) for coin in coins for frame in Timeframe)
        progress.update(task, total=steps)
        return sum(feed.fetch(coin) for coin in coins)


@dataclass(frozen=True, slots=True)
class Series:
    """What is stored of one coin and timeframe."""

    coin: str
    timeframe: str
    candles: int
    oldest: str | None
    newest: str | None
    behind: int
    gaps: int
    missing: int


@app.command()
@errors_are_explained
def status(*, coins: _Coins = None, config: Config = None, as_json: _Json = False) -> None:
    """Show what is stored: how many, from when to when, how far behind, how many gaps.

    A gap is an interval without trades, or candles that the venue did not hand out.

    Example: powertraderd candles status BTC
    """
    settings = settings_file.load(config)
    store = CandleStore(settings.paths.state_dir / MARKET_DB, writable=False)
    found = [
        _series(store, coin, timeframe)
        for coin in _chosen(coins, settings)
        for timeframe in Timeframe
    ]
    if as_json:
        sys.stdout.write(json.dumps([asdict(each) for each in found], indent=2) + "\n")
        return
    table = Table("COIN", "LENGTH", "CANDLES", "OLDEST", "NEWEST", "BEHIND", "GAPS", "MISSING")
    for each in found:
        ends = (each.oldest or "-", each.newest or "-")
        numbers = (str(each.behind), str(each.gaps), str(each.missing))
        shown = (end[:16].replace("T", " ") for end in ends)
        table.add_row(each.coin, each.timeframe, str(each.candles), *shown, *numbers)
    Console().print(table)


def _series(store: CandleArchive, coin: Coin, timeframe: Timeframe) -> Series:
    now = datetime.now(UTC)
    candles = store.load(coin, timeframe, EPOCH, now)
    gaps = store.gaps(coin, timeframe)
    length = timeframe.length
    return Series(
        coin=coin,
        timeframe=timeframe.value,
        candles=len(candles),
        oldest=candles[0].opened_at.isoformat() if candles else None,
        newest=candles[-1].opened_at.isoformat() if candles else None,
        behind=max(0, (now - candles[-1].opened_at) // length - 1) if candles else 0,
        gaps=len(gaps),
        missing=sum((gap.end - gap.start) // length for gap in gaps),
    )


@app.command()
@errors_are_explained
def verify(*, coins: _Coins = None, config: Config = None, as_json: _Json = False) -> None:
    """Compare stored candles with the venue's newest ones, and longer ones with their hours.

    Exit code 1 where something differs. What is stored is never changed.

    Example: powertraderd candles verify BTC ETH
    """
    settings = settings_file.load(config)
    store = CandleStore(settings.paths.state_dir / MARKET_DB, writable=False)
    problems = [
        problem
        for coin in _chosen(coins, settings)
        for problem in (
            *_unlike_hours(settings, store, coin),
            *_unlike_venue(settings, store, coin),
        )
    ]
    if as_json:
        sys.stdout.write(json.dumps(problems, indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{problem}\n" for problem in problems))
    say(f"{len(problems)} differences" if problems else "all stored candles agree")
    raise SystemExit(1 if problems else 0)


def _unlike_hours(settings: Settings, store: CandleArchive, coin: Coin) -> Iterator[str]:
    """Longer candles whose prices are not those of their hours, where no hour is missing."""
    now = datetime.now(UTC)
    hours = store.load(coin, Timeframe.HOUR_1, EPOCH, now)
    present = {hour.opened_at for hour in hours}
    for timeframe in list(Timeframe)[1:]:
        made = {
            each.opened_at: each
            for each in aggregate(hours, timeframe, settings.candles.week_offset, now)
        }
        for candle in store.load(coin, timeframe, EPOCH, now):
            ours = made.get(candle.opened_at)
            steps = range(timeframe.length // timedelta(hours=1))
            whole = all(candle.opened_at + timedelta(hours=step) in present for step in steps)
            if ours is None or not whole:
                continue
            pairs = zip(
                (ours.open, ours.high, ours.low, ours.close),
                (candle.open, candle.high, candle.low, candle.close),
                strict=True,
            )
            if any(abs(made_of - told) > _SAME * told for made_of, told in pairs):
                yield f"{coin} {timeframe} {candle.opened_at.isoformat()}: not what its hours say"


def _unlike_venue(settings: Settings, store: CandleArchive, coin: Coin) -> Iterator[str]:
    """Stored candles that the venue tells otherwise today: one answer's worth of each timeframe."""
    source, now = candle_source(settings, RealClock()), datetime.now(UTC)
    for timeframe in Timeframe:
        start = now - 300 * timeframe.length
        told = {each.opened_at: each for each in source.candles(coin, timeframe, start, now)}
        stored = store.load(coin, timeframe, start, now)
        for candle in stored:
            theirs = told.get(candle.opened_at)
            if theirs != candle:
                word = "does not know it" if theirs is None else f"says {theirs}"
                yield f"{coin} {timeframe} {candle.opened_at.isoformat()}: the venue {word}"


def _chosen(coins: list[str] | None, settings: Settings) -> tuple[Coin, ...]:
    chosen = tuple(Coin(coin.upper()) for coin in coins or settings.trading.coins)
    for coin in chosen:
        if not coin.isascii() or not coin.isalnum():
            msg = f"{coin!r} is not a coin's ticker, for example BTC"
            raise ConfigError(msg)
    return chosen
