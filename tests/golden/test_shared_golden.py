"""Agreement with an independent slow implementation, whose results lie beside the checkout."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from powertraderd.model.candle import Candle, Timeframe
from powertraderd.model.memory import Memory
from powertraderd.model.prediction import Prediction
from powertraderd.strategy.levels import levels
from powertraderd.strategy.predict import predict
from powertraderd.strategy.train import empty, learn

SHARED = Path(__file__).parents[2].parent / "shared" / "golden"
NEAR = 1e-9
pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the golden files of ../shared/golden are not beside this checkout"
)


def golden(name: str) -> dict[str, Any]:
    """The results for one set of candles."""
    path = SHARED / f"trainer_reference_fixed_{name}.json"
    results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return results


def closed_candles(name: str, timeframe: Timeframe) -> list[Candle]:
    """The candles without the last one, which is unfinished; columns by name."""
    path = SHARED / "candles" / name / f"{timeframe.value}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Candle(
                datetime.fromtimestamp(int(row["time"]), UTC),
                *(float(row[column]) for column in ("open", "high", "low", "close", "volume")),
            )
            for row in csv.DictReader(file)
        ][:-1]


def learned(name: str, timeframe: Timeframe) -> tuple[Memory, Prediction]:
    """What we make of the same candles."""
    candles = closed_candles(name, timeframe)
    memory = learn(empty(), candles, timeframe)
    return memory, predict(memory, candles[-1], timeframe)


@pytest.mark.parametrize("name", ["A2000", "B6000"])
@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_memory_and_prediction_agree(name: str, timeframe: Timeframe) -> None:
    """Threshold, entries, weights and prediction to 1e-9, order included."""
    expected = golden(name)["timeframes"][timeframe]
    memory, prediction = learned(name, timeframe)
    assert memory.threshold == pytest.approx(expected["threshold"], rel=NEAR)
    arrays = (memory.patterns, memory.close_moves, memory.high_moves, memory.low_moves)
    for number, array in enumerate(arrays):
        column = [entry[number] for entry in expected["entries_pattern_close_high_low_pct"]]
        assert array.tolist() == pytest.approx(column, rel=NEAR)
    assert memory.close_weights.tolist() == pytest.approx(expected["weights_close"], rel=NEAR)
    assert memory.high_weights.tolist() == pytest.approx(expected["weights_high"], rel=NEAR)
    assert memory.low_weights.tolist() == pytest.approx(expected["weights_low"], rel=NEAR)
    wanted = expected["thinker_prediction"]
    assert prediction.active is wanted["active"]
    if prediction.active:
        assert prediction.high == pytest.approx(wanted["high"], rel=NEAR)
        assert prediction.low == pytest.approx(wanted["low"], rel=NEAR)


@pytest.mark.parametrize("name", ["A2000", "B6000"])
def test_levels_agree(name: str) -> None:
    """Per timeframe; an inactive one has a placeholder there and nothing here."""
    predictions = [learned(name, timeframe)[1] for timeframe in Timeframe]
    made, expected = levels(predictions, 0.5), golden(name)["bounds_no_shift"]
    active = [prediction.active for prediction in predictions]
    assert sum(active) == 6
    for ours, theirs in ((made.low, expected["low"]), (made.high, expected["high"])):
        wanted = {
            timeframe: level
            for timeframe, level, is_active in zip(Timeframe, theirs, active, strict=True)
            if is_active
        }
        assert ours == pytest.approx(wanted, rel=NEAR)
