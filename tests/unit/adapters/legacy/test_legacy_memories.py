"""Imported memories predict as the desktop bot did."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from powertraderd.adapters.legacy import memories
from powertraderd.adapters.legacy.finding import LegacyDamaged
from powertraderd.model.candle import Candle, Timeframe
from powertraderd.model.prediction import Prediction
from powertraderd.strategy.levels import levels
from powertraderd.strategy.predict import predict

CANDLES = Path(__file__).parents[4].parent / "shared" / "golden" / "candles" / "A2000"
BOUND_DISTANCE_PCT = 0.5
PLACEHOLDERS = (0.01, 99999999999999999.0)


def newest_closed(timeframe: Timeframe) -> Candle:
    """The candle that the bot saw last: the last row of each file is not closed yet."""
    with (CANDLES / f"{timeframe.value}.csv").open(encoding="utf-8") as file:
        row = list(csv.DictReader(file))[-2]
    prices = [float(row[name]) for name in ("open", "high", "low", "close", "volume")]
    return Candle(datetime.fromtimestamp(int(row["time"]), UTC), *prices)


def held_levels(path: Path) -> list[float]:
    """The levels in a file of the bot, without its placeholders, ascending."""
    figures = [float(word) for word in path.read_text().split(",")]
    return sorted(figure for figure in figures if figure not in PLACEHOLDERS)


def predictions(folder: Path) -> Iterator[Prediction]:
    """From the imported memories."""
    for timeframe in Timeframe:
        memory = memories.read_memory(folder, "", timeframe)
        yield predict(memory, newest_closed(timeframe), timeframe)


def test_imported_memories_give_the_levels_that_the_bot_wrote_down(sample: Path) -> None:
    """Its own files, both sides; it forgot which timeframe a level is of, so order is by price."""
    if not CANDLES.is_dir():
        pytest.skip(f"the candles {CANDLES} are not here")
    made = levels(list(predictions(sample)), BOUND_DISTANCE_PCT)
    lows, highs = (held_levels(sample / f"{side}_bound_prices.html") for side in ("low", "high"))
    assert len(lows) == len(highs) == 4
    assert sorted(made.low.values()) == pytest.approx(lows, rel=1e-12)
    assert sorted(made.high.values()) == pytest.approx(highs, rel=1e-12)


def slow_forecast(folder: Path, timeframe: Timeframe, candle: Candle) -> tuple[float, float] | None:
    """High and low as the bot computed them, straight from its files."""
    text = (folder / f"memories_{timeframe.value}.txt").read_text()
    threshold = float((folder / f"neural_perfect_threshold_{timeframe.value}.txt").read_text())
    files = [f"memory_weights{part}_{timeframe.value}.txt" for part in ("", "_high", "_low")]
    weights = [(folder / name).read_text().split(" ") for name in files]
    now = 100 * (candle.close - candle.open) / candle.open
    found: list[list[float]] = [[], [], []]
    for place, entry in enumerate(text.split("~")):
        first, high, low = entry.split("{}")
        then, close = first.split(" ")
        middle = (now + float(then)) / 2
        if middle == 0 or abs(abs(now - float(then)) / middle * 100) > threshold:
            continue
        for column, move in enumerate((close, high, low)):
            weight = float(weights[column][place])
            if weight != 0.0:
                found[column].append(float(move) * weight)
    if not all(found):
        return None
    return tuple(candle.close * (1 + sum(each) / len(each) / 100) for each in found[1:])  # type: ignore[return-value]  # two of them


def test_weights_that_the_bot_had_moved_count_in_its_forecasts(sample: Path) -> None:
    """ETH's weights are not all 1; compared with the bot's arithmetic on its own files."""
    if not CANDLES.is_dir():
        pytest.skip(f"the candles {CANDLES} are not here")
    active = 0
    for timeframe in Timeframe:
        candle = newest_closed(timeframe)
        expected = slow_forecast(sample / "ETH", timeframe, candle)
        made = predict(memories.read_memory(sample / "ETH", "ETH/", timeframe), candle, timeframe)
        assert (made.high is None) == (expected is None)
        if expected is not None:
            assert (made.high, made.low) == pytest.approx(expected, rel=1e-12)
            active += 1
    assert active == 3


def test_a_memory_is_read_whole(small: Path) -> None:
    """Every column in its place; nothing is pending, for the files do not tell."""
    memory = memories.read_memory(small / "ETH", "ETH/", Timeframe.DAY)
    assert memory.patterns.tolist() == [1.0, 1.2, -3.0]
    assert memory.close_moves.tolist() == [0.5, -0.5, 0.1]
    assert memory.high_moves.tolist() == [2.0, 1.0, 0.2]
    assert memory.low_moves.tolist() == [-1.0, -2.0, -0.3]
    assert memory.close_weights.tolist() == [1.0, 1.0, 1.0]
    assert memory.high_weights.tolist() == [1.5, 0.5, 1.0]
    assert memory.low_weights.tolist() == [1.0, 2.0, 1.0]
    assert (memory.threshold, memory.pending) == (40.0, None)
    trained_at = memories.trained_at(small / "ETH", "ETH/")
    assert trained_at == datetime.fromtimestamp(1_700_000_000, UTC)


def test_quotes_and_brackets_of_old_versions_do_no_harm(small: Path) -> None:
    """They wrote Python lists."""
    path = small / "ETH" / "memories_1day.txt"
    path.write_text("['1.0 0.5{}2.0{}-1.0'~'1.2 -0.5{}1.0{}-2.0'~-3.0 0.1{}0.2{}-0.3]~")
    memory = memories.read_memory(small / "ETH", "ETH/", Timeframe.DAY)
    again = memories.read_memory(small / "ETH", "ETH/", Timeframe.WEEK)
    assert np.array_equal(memory.patterns, again.patterns)


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        (
            "memories_1day.txt",
            "1.0 0.5{}2.0{}-1.0~1.2 -0.5{}1.0",
            "entry 2: 3 figures instead of 4",
        ),
        ("memories_1day.txt", "1.0 0.5{}2.0{}nan", "entry 1: 'nan' is no number"),
        ("memories_1day.txt", "1.0 0.5{}2.0{}x", "entry 1: 'x' is no number"),
        ("memory_weights_1day.txt", "1.0 1.0", "2 weights for 3 entries"),
        ("memory_weights_high_1day.txt", "1.0 1.0 inf", "weight 3: 'inf' is no number"),
        ("memory_weights_low_1day.txt", None, "is missing"),
        ("neural_perfect_threshold_1day.txt", "", "'' is no number"),
        ("neural_perfect_threshold_1day.txt", "100.5", "is not between 0 and 100 percent"),
    ],
)
def test_a_damaged_memory_is_refused_with_file_and_place(
    small: Path, name: str, text: str | None, what: str
) -> None:
    """Nothing of it is taken."""
    path = small / "ETH" / name
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    with pytest.raises(LegacyDamaged, match=rf"^ETH/{name}.*") as caught:
        memories.read_memory(small / "ETH", "ETH/", Timeframe.DAY)
    assert what in str(caught.value)


def test_a_training_time_that_is_none_is_refused(small: Path) -> None:
    """And a missing one is unknown."""
    (small / "ETH" / "trainer_last_training_time.txt").write_text("yesterday")
    with pytest.raises(LegacyDamaged, match="'yesterday' is no number"):
        memories.trained_at(small / "ETH", "ETH/")
    (small / "ETH" / "trainer_last_training_time.txt").unlink()
    assert memories.trained_at(small / "ETH", "ETH/") is None
