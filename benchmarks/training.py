"""Training: our learner against the plain loop of MODEL.md, on real candles, in one run.

Five coins, seven timeframes each, from the folder of hourly CSV files given as argument (default
``../shared/data/candles``). Both learn the same candles on the same core, alternating coin by coin;
times are CPU seconds of learning alone, reading and merging candles is left out. The memories are
compared at the end: a fast learner that learns something else would be no news.

    python benchmarks/training.py [FOLDER]
"""

import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TypeVar

from powertraderd.adapters.replay import ReplayMarket
from powertraderd.clock import FrozenClock
from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.model.memory import Memory
from powertraderd.settings import CandleSettings
from powertraderd.strategy import train
from powertraderd.testing.plain_learner import PlainMemory, learn_plainly

COINS = tuple(Coin(name) for name in ("BTC", "ETH", "XRP", "BNB", "DOGE"))
USUAL_FOLDER = Path(__file__).parents[2] / "shared" / "data" / "candles"
LATER = datetime(2100, 1, 1, tzinfo=UTC)
AIM_S = 1.0
CLOSE = 1e-9

Series = Mapping[Timeframe, tuple[Candle, ...]]
T = TypeVar("T")


def series_of(coin: Coin, folder: Path) -> Series:
    """All closed candles of ``coin``."""
    settings = CandleSettings(source="replay", directory=folder)
    market = ReplayMarket(FrozenClock(LATER), settings, Decimal(0))
    start = LATER - timedelta(days=100 * 365)
    return {each: market.candles(coin, each, start, LATER) for each in Timeframe}


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What ``work`` returns, and its CPU seconds."""
    begun = time.process_time()
    result = work()
    return result, time.process_time() - begun


def ours(series: Series) -> list[Memory]:
    """The product's learner."""
    return [train.learn(train.empty(), candles, each) for each, candles in series.items()]


def plain(series: Series) -> list[PlainMemory]:
    """The page, word for word."""
    return [learn_plainly(candles, each.length) for each, candles in series.items()]


def same(memory: Memory, expected: PlainMemory) -> bool:
    """Whether both learned the same, to 1e-9."""
    pairs = [
        (memory.patterns.tolist(), [entry[0] for entry in expected.entries]),
        (memory.close_weights.tolist(), [weights[0] for weights in expected.weights]),
        (memory.high_weights.tolist(), [weights[1] for weights in expected.weights]),
        (memory.low_weights.tolist(), [weights[2] for weights in expected.weights]),
    ]
    return all(
        len(got) == len(want)
        and all(abs(a - b) <= CLOSE * max(1, abs(b)) for a, b in zip(got, want, strict=True))
        for got, want in pairs
    )


def main(folder: Path) -> int:
    """Print a line for each coin and the totals; 1 where the learners disagree."""
    if not folder.is_dir():
        print(f"training: skipped, there is no folder of candles at {folder}")
        return 0
    print("training of 7 timeframes, CPU seconds")
    print(f"{'coin':<6}{'steps':>9}{'entries':>9}{'ours':>9}{'plain':>9}{'ratio':>8}")
    total_ours = total_plain = 0.0
    agree = True
    for coin in COINS:
        series = series_of(coin, folder)
        memories, ours_s = timed(partial(ours, series))
        expected, plain_s = timed(partial(plain, series))
        agree = agree and all(same(*pair) for pair in zip(memories, expected, strict=True))
        steps = sum(map(len, series.values()))
        entries = sum(len(memory.patterns) for memory in memories)
        total_ours, total_plain = total_ours + ours_s, total_plain + plain_s
        print(
            f"{coin:<6}{steps:>9,}{entries:>9,}{ours_s:>9.2f}{plain_s:>9.2f}"
            f"{plain_s / ours_s:>7.0f}x",
            flush=True,
        )
    print(
        f"all {len(COINS)} coins: {total_ours:.2f} s ours, {total_plain:.1f} s plain, "
        f"{total_plain / total_ours:.0f} times as fast; {total_ours / len(COINS):.2f} s a coin, "
        f"aim {AIM_S:g} s"
    )
    print("memories agree to 1e-9" if agree else "the memories DISAGREE")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else USUAL_FOLDER))
