"""The volatility-scaled learner, against the words of its page."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import log
from statistics import fmean, median

import numpy as np
import pytest

from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.model.memory_file import AnyMemory, MemoryRecord, from_bytes, to_bytes
from powertraderd.model.rules import TrainingRules
from powertraderd.model.volatility_memory import VolatilityMemory
from powertraderd.strategy import learner, volatility

HOUR = Timeframe.HOUR_1
START = datetime(2024, 1, 1, tzinfo=UTC)
RULES = TrainingRules(learner="volatility")


def market(seed: int, size: int, gap_at: int | None = None) -> Iterator[Candle]:
    """Hours whose ranges come in clusters, with one hole."""
    chance, price, moment, scale = np.random.default_rng(seed), 100.0, START, 0.01
    for number in range(size):
        scale = min(max(scale * (1 + chance.normal(0, 0.1)), 0.002), 0.05)
        close = price * (1 + chance.normal(0, scale))
        high = max(price, close) * (1 + abs(chance.normal(0, scale / 3)))
        low = min(price, close) * (1 - abs(chance.normal(0, scale / 3)))
        yield Candle(moment, price, high, low, close, 1.0)
        price = close
        moment += HOUR.length * (3 if number == gap_at else 1)


def by_hand(candles: Sequence[Candle], average: str) -> tuple[float, float]:
    """MODEL2.md read aloud: plain lists, every neighbour looked at; no gap, no hour of the day."""
    spans: list[float] = []
    rows: list[tuple[tuple[float, float, float], float, float]] = []
    for number, candle in enumerate(candles):
        before = candles[number - 1].close if number else candle.open
        true_range = 100 * (max(candle.high, before) - min(candle.low, before)) / before
        spans.append(max(true_range, 1e-4))
        short, ruler, long = (_mean(spans, span) for span in (5, 20, 50))
        body = 100 * (candle.close - candle.open) / candle.open / ruler
        features = (body, log(spans[-1] / ruler), 2 * log(short / long))
        rows.append((features, candle.close, ruler))
    entries = []
    for (x, close, ruler), after in zip(rows, candles[1:], strict=False):
        up = 100 * (after.high - close) / close / ruler
        down = 100 * (after.low - close) / close / ruler
        entries.append((x, up, down))
    here, close, ruler = rows[-1]
    near = sorted(
        entries, key=lambda row: sum((a - b) ** 2 for a, b in zip(row[0], here, strict=True))
    )[:200]
    middle = median if average == "median" else fmean
    high = close * (1 + ruler * middle(row[1] for row in near) / 100)
    low = close * (1 + ruler * middle(row[2] for row in near) / 100)
    return high, low


def _mean(values: Sequence[float], span: int) -> float:
    """Bias-corrected exponential mean."""
    alpha = 2 / (span + 1)
    weights = [(1 - alpha) ** age for age in range(len(values))]
    newest_first = values[::-1]
    return sum(w * v for w, v in zip(weights, newest_first, strict=True)) / sum(weights)


@pytest.mark.parametrize("average", ["median", "mean"])
@pytest.mark.parametrize("size", [31, 150, 420])
def test_the_learner_does_what_the_page_says(average: str, size: int) -> None:
    """Against a plain reading that shares no code with it."""
    candles = list(market(3, size))
    rules = TrainingRules.model_validate({"learner": "volatility", "neighbour_average": average})
    memory = learner.learn(learner.empty(rules), candles, HOUR)
    prediction = learner.predict(memory, candles[-1], HOUR)
    high, low = by_hand(candles, average)
    assert prediction.high == pytest.approx(high, rel=1e-9)
    assert prediction.low == pytest.approx(low, rel=1e-9)
    assert prediction.closed_at == candles[-1].opened_at + HOUR.length


def test_too_few_entries_make_no_prediction() -> None:
    """Below thirty."""
    candles = list(market(3, 31))
    memory = learner.learn(learner.empty(RULES), candles[:30], HOUR)
    assert not learner.predict(memory, candles[29], HOUR).active
    memory = learner.learn(memory, candles[30:], HOUR)
    assert learner.predict(memory, candles[30], HOUR).active


def test_another_candle_than_the_newest_has_no_prediction() -> None:
    """Memory and candle belong together."""
    candles = list(market(3, 60))
    memory = learner.learn(learner.empty(RULES), candles, HOUR)
    assert not learner.predict(memory, candles[-2], HOUR).active


@pytest.mark.parametrize("hour_of_day", [False, True])
def test_a_memory_is_the_same_wherever_learning_was_interrupted(*, hour_of_day: bool) -> None:
    """With a save and a load between the parts: bit for bit, a gap included."""
    rules = TrainingRules(learner="volatility", hour_of_day=hour_of_day)
    candles = list(market(5, 200, gap_at=77))
    whole = _bytes(learner.learn(learner.empty(rules), candles, HOUR))
    for split in (0, 1, 2, 77, 78, 79, 150, 200):
        first = learner.learn(learner.empty(rules), candles[:split], HOUR)
        loaded = from_bytes(_bytes(first), "first").memory
        assert _bytes(learner.learn(loaded, candles[split:], HOUR)) == whole


def _bytes(memory: AnyMemory) -> bytes:
    return to_bytes(MemoryRecord(Coin("BTC"), HOUR, START, memory))


def test_the_pair_across_a_gap_is_not_learned() -> None:
    """One entry less than pairs of neighbours."""
    candles = list(market(5, 50, gap_at=20))
    memory = learner.learn(learner.empty(RULES), candles, HOUR)
    assert learner.entries(memory) == 48


def test_the_oldest_entries_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: the newest stay, in order."""
    candles = list(market(5, 120))
    everything = learner.learn(learner.empty(RULES), candles, HOUR)
    monkeypatch.setattr(volatility, "MOST_ENTRIES", 50)
    memory = learner.learn(learner.empty(RULES), candles, HOUR)
    assert isinstance(memory, VolatilityMemory)
    assert isinstance(everything, VolatilityMemory)
    assert memory.highs.tolist() == everything.highs[-50:].tolist()
    assert memory.features.tolist() == everything.features[-50:].tolist()


def test_a_candle_that_does_not_come_after_the_newest_is_refused() -> None:
    """Time goes one way."""
    candles = list(market(5, 10))
    memory = learner.learn(learner.empty(RULES), candles, HOUR)
    with pytest.raises(ValueError, match="does not come after"):
        learner.learn(memory, [candles[-1]], HOUR)


def test_wide_hours_are_expected_to_be_wide() -> None:
    """With hour_of_day a forecast knows that noon is livelier than the hour before."""
    chance, price, candles = np.random.default_rng(2), 100.0, []
    for number in range(24 * 40 - 12):  # the last candle is that of 11 o'clock
        moment = START + number * HOUR.length
        scale = 0.02 if moment.hour == 12 else 0.004
        close = price * (1 + chance.normal(0, scale))
        high, low = max(price, close) * (1 + scale), min(price, close) * (1 - scale)
        candles.append(Candle(moment, price, high, low, close, 1.0))
        price = close
    widths = []
    for hour_of_day in (False, True):
        rules = TrainingRules(learner="volatility", hour_of_day=hour_of_day)
        memory = learner.learn(learner.empty(rules), candles, HOUR)
        said = learner.predict(memory, candles[-1], HOUR)
        assert said.high is not None
        assert said.low is not None
        widths.append(said.high - said.low)
    assert candles[-1].opened_at.hour == 11
    assert widths[1] > 2 * widths[0]


def test_days_have_no_hour() -> None:
    """The option is for timeframes under a day."""
    rules = TrainingRules(learner="volatility", hour_of_day=True)
    memory = learner.learn(learner.empty(rules), list(market(1, 3)), Timeframe.DAY)
    assert isinstance(memory, VolatilityMemory)
    assert memory.slots.shape == (0, 2)


def test_progress_reaches_the_end() -> None:
    """For the bar."""
    seen: list[int] = []
    learner.learn(learner.empty(RULES), list(market(1, 12)), HOUR, seen.append)
    assert seen == [12]


@pytest.mark.parametrize("rules", [TrainingRules(), RULES])
def test_a_student_says_what_the_memory_says(rules: TrainingRules) -> None:
    """Candle by candle as in a backtest, or all at once as in the trainer."""
    candles = list(market(9, 120))
    student = learner.student(rules, HOUR)
    said = [student.learn(candle) for candle in candles]
    memory = learner.learn(learner.empty(rules), candles, HOUR)
    assert said[-1] == learner.predict(memory, candles[-1], HOUR)


def test_a_memory_knows_by_which_rules_it_was_made() -> None:
    """Another learner, or other options, must learn anew."""
    mean = TrainingRules(learner="volatility", neighbour_average="mean")
    every = [TrainingRules(), RULES, mean]
    made = [[learner.made_by(learner.empty(rules), other) for other in every] for rules in every]
    assert made == [[True, False, False], [False, True, False], [False, False, True]]


def test_only_the_classic_learner_has_a_threshold() -> None:
    """What the training table shows."""
    assert learner.threshold(learner.empty(TrainingRules())) == 1.0
    assert learner.threshold(learner.empty(RULES)) == 0.0
    assert learner.entries(learner.empty(TrainingRules())) == 0
