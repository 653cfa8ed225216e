"""Agreement with our own golden files, which every checkout has (made by make_own.py)."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from powertraderd.model.candle import EPOCH, Candle, Timeframe
from powertraderd.model.prediction import Prediction
from powertraderd.strategy.levels import levels
from powertraderd.strategy.predict import predict
from powertraderd.strategy.train import empty, learn
from powertraderd.testing.plain_learner import learn_plainly

OWN = Path(__file__).parent / "own"
GOLDEN: dict[str, Any] = json.loads((OWN / "results.json").read_text(encoding="utf-8"))
TIMEFRAMES = [Timeframe(name) for name in GOLDEN["timeframes"]]
NEAR = 1e-9


def candles(timeframe: Timeframe) -> list[Candle]:
    """The golden candles, columns by name."""
    with (OWN / f"{timeframe.value}.csv").open(newline="", encoding="utf-8") as file:
        return [
            Candle(
                datetime.fromtimestamp(int(row["time"]), UTC),
                *(float(row[name]) for name in ("open", "high", "low", "close", "volume")),
            )
            for row in csv.DictReader(file)
        ]


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_the_learner_agrees_with_the_golden_memory(timeframe: Timeframe) -> None:
    """Threshold, entries, weights and prediction, order included."""
    golden, given = GOLDEN["timeframes"][timeframe], candles(timeframe)
    memory = learn(empty(), given, timeframe)
    assert memory.threshold == pytest.approx(golden["threshold"], rel=NEAR)
    arrays = (memory.patterns, memory.close_moves, memory.high_moves, memory.low_moves)
    for number, array in enumerate(arrays):
        column = [entry[number] for entry in golden["entries"]]
        assert array.tolist() == pytest.approx(column, rel=NEAR)
    assert memory.close_weights.tolist() == golden["weights_close"]
    assert memory.high_weights.tolist() == golden["weights_high"]
    assert memory.low_weights.tolist() == golden["weights_low"]
    prediction = predict(memory, given[-1], timeframe)
    expected = golden["prediction"]
    assert prediction.active is expected["active"]
    if prediction.active:
        assert prediction.high == pytest.approx(expected["high"], rel=NEAR)
        assert prediction.low == pytest.approx(expected["low"], rel=NEAR)


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_the_plain_loop_still_makes_the_golden_memory(timeframe: Timeframe) -> None:
    """So that the files cannot fall behind the loop that made them."""
    golden = GOLDEN["timeframes"][timeframe]
    plain = learn_plainly(candles(timeframe), timeframe.length)
    assert plain.threshold == golden["threshold"]
    assert plain.entries == golden["entries"]


def test_levels_agree_with_the_golden_levels() -> None:
    """Sorted from the market outwards."""
    given = [
        Prediction(timeframe, EPOCH, high=each["high"], low=each["low"])
        for timeframe, each in zip(Timeframe, GOLDEN["levels"]["predictions"], strict=True)
    ]
    made = levels(given, 0.5)
    lows = sorted(made.low.values(), reverse=True)
    assert lows == pytest.approx(GOLDEN["levels"]["low"], rel=NEAR)
    assert sorted(made.high.values()) == pytest.approx(GOLDEN["levels"]["high"], rel=NEAR)
