"""Where a backtest's candles come from: a folder of recorded hours, or the daemon's own store."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from powertraderd.adapters.candle_csv import read_hours
from powertraderd.adapters.hours import Hours, epoch_second
from powertraderd.adapters.replay import hours_file
from powertraderd.adapters.sqlite.candle_store import CandleStore
from powertraderd.backtest.track import Track, walk
from powertraderd.errors import ConfigError
from powertraderd.model.candle import EPOCH, Coin, Timeframe
from powertraderd.model.rules import TrainingRules


@dataclass(frozen=True, slots=True)
class History:
    """``source``: a folder of CSV files, or a market.db; ``start``: the oldest hour learned."""

    source: Path
    start: datetime
    week_offset: timedelta


def hours(history: History, coin: Coin) -> Hours:
    """The recorded hours of ``coin``; raises ConfigError where there are none."""
    if history.source.is_dir():
        path = hours_file(coin, history.source)
        if path is None:
            msg = f"{history.source}: no hourly candles of {coin}; add {coin}USDT_1h.csv.gz"
            raise ConfigError(msg)
        return read_hours(path)
    if not history.source.is_file():
        msg = f"{history.source}: does not exist; name a folder of candles with --candles"
        raise ConfigError(msg)
    return _stored(history.source, coin)


def tracks(
    history: History,
    learners: Mapping[Coin, TrainingRules],
    workers: int,
    progress: Callable[[Coin], None],
) -> list[Track]:
    """Learn every coin, ``workers`` at a time; ``progress`` hears of each coin that is done."""
    if workers == 1 or len(learners) == 1:
        done = []
        for coin, learner in learners.items():
            done.append(track(history, coin, learner))
            progress(coin)
        return done
    with ProcessPoolExecutor(workers) as pool:
        waiting = {
            pool.submit(track, history, coin, learner): coin for coin, learner in learners.items()
        }
        for future in as_completed(waiting):
            future.result()
            progress(waiting[future])
        return [future.result() for future in waiting]


def track(history: History, coin: Coin, learner: TrainingRules) -> Track:
    """One coin, learned in one pass."""
    return walk(
        coin,
        hours(history, coin),
        learner,
        week_offset=history.week_offset,
        history_start=history.start,
    )


def span(known: Sequence[Track]) -> tuple[datetime, datetime]:
    """From the first hour that every timeframe of some coin can predict to the end of the last."""
    first = min(_first_predicted(each) for each in known)
    last = max(int(each.opened[-1]) for each in known)
    return first, datetime.fromtimestamp(last, UTC) + timedelta(hours=1)


def _first_predicted(each: Track) -> datetime:
    ready = (each.closed_at >= 0).all(axis=1)
    if not ready.any():
        msg = f"{each.coin}: the candles end before every timeframe has one; add older candles"
        raise ConfigError(msg)
    return datetime.fromtimestamp(int(each.opened[int(ready.argmax())]), UTC)


def _stored(path: Path, coin: Coin) -> Hours:
    store = CandleStore(path, writable=False)
    try:
        candles = store.load(coin, Timeframe.HOUR_1, EPOCH, datetime.now(UTC))
    finally:
        store.close()
    if not candles:
        msg = f"{path}: holds no hourly candles of {coin}; let the trainer fetch them first"
        raise ConfigError(msg)
    found = Hours()
    for candle in candles:
        figures = (candle.open, candle.high, candle.low, candle.close, candle.volume)
        found.append(epoch_second(candle.opened_at), figures)
    return found
