"""Make the small golden files again: python tests/golden/make_own.py, from the project's root.

The candles come from a seed, the results from the plain loop of MODEL.md. The files are in the tree
so that a change of either is seen.
"""

import csv
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from powertraderd.model.candle import Candle, Timeframe
from powertraderd.testing.plain_learner import learn_plainly, predict_plainly, spread_plainly

OWN = Path(__file__).parent / "own"
SIZES = {Timeframe.HOUR_1: 700, Timeframe.DAY: 150, Timeframe.WEEK: 40}
START = datetime(2024, 1, 1, tzinfo=UTC)
BOUND_DISTANCE_PCT = 0.5


def market(timeframe: Timeframe, size: int) -> Iterator[Candle]:
    """Candles with calm and wild times, standstills and a gap, in prices of two decimals."""
    chance = random.Random(timeframe.value)  # noqa: S311 - a market, not a secret
    moment, price = START, 500.0
    for number in range(size):
        spread = 0.4 if number % 100 < 70 else 2.0
        close = round(
            price * (1 + chance.choice((0.0, 0.5, 1, 1)) * chance.gauss(0, spread) / 100), 2
        )
        high = round(max(price, close) * (1 + abs(chance.gauss(0, spread)) / 300), 2)
        low = round(min(price, close) * (1 - abs(chance.gauss(0, spread)) / 300), 2)
        yield Candle(moment, price, high, low, close, 1.0)
        price = close
        moment += timeframe.length * (2 if number == size // 2 else 1)


def results(candles: list[Candle], timeframe: Timeframe) -> dict[str, Any]:
    """What the plain loop learns and predicts."""
    memory = learn_plainly(candles, timeframe.length)
    predicted = predict_plainly(memory, candles[-1])
    high, low = predicted or (None, None)
    return {
        "threshold": memory.threshold,
        "entries": memory.entries,
        "weights_close": [weights[0] for weights in memory.weights],
        "weights_high": [weights[1] for weights in memory.weights],
        "weights_low": [weights[2] for weights in memory.weights],
        "prediction": {"active": predicted is not None, "high": high, "low": low},
    }


def levels() -> dict[str, Any]:
    """Seven predictions that need spreading, one of them inactive, and their sorted levels."""
    lows = [100.0, 99.95, 99.9, None, 98.0, 100.02, 60.0]
    highs = [103.0, 103.0, 103.1, None, 104.9, 102.9, 150.0]
    share = BOUND_DISTANCE_PCT / 100
    return {
        "predictions": [
            {"active": low is not None, "high": high, "low": low}
            for low, high in zip(lows, highs, strict=True)
        ],
        "low": spread_plainly([low * (1 - share) for low in lows if low], -1),
        "high": spread_plainly([high * (1 + share) for high in highs if high], 1),
    }


def write_candles(path: Path, candles: list[Candle]) -> None:
    """A CSV file whose columns stand in the order of another venue."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("time", "open", "close", "high", "low", "volume"))
        for each in candles:
            opened = int(each.opened_at.timestamp())
            rows.writerow((opened, each.open, each.close, each.high, each.low, each.volume))


def main() -> None:
    """Write all files."""
    OWN.mkdir(exist_ok=True)
    golden: dict[str, Any] = {"levels": levels(), "timeframes": {}}
    for timeframe, size in SIZES.items():
        candles = list(market(timeframe, size))
        write_candles(OWN / f"{timeframe.value}.csv", candles)
        golden["timeframes"][timeframe.value] = results(candles, timeframe)
    (OWN / "results.json").write_text(json.dumps(golden) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
