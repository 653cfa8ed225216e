"""Learning, over any candles: as the plain loop of MODEL.md says, and the same in any portions."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.model.memory import Memory
from powertraderd.model.memory_file import MemoryRecord, from_bytes, to_bytes
from powertraderd.model.pattern import matches
from powertraderd.strategy.predict import predict
from powertraderd.strategy.train import Pupil, empty, learn
from powertraderd.strategy.weights import MAX_WEIGHT, TOLERATED_ERROR, Weights
from powertraderd.testing.plain_learner import PlainMemory, learn_plainly, predict_plainly

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = Timeframe.HOUR_1
COARSE, FINE, WILD = "coarse", "fine", "wild"


def market(seed: int, size: int, kind: str) -> Iterator[Candle]:
    """Hours of a market; some are missing. A coarse one repeats its few patterns all the time.

    That makes more than twenty hits, so that the threshold falls down to its fine steps.
    """
    chance = random.Random(seed)  # noqa: S311 - a market, not a secret
    moment, price = START, 100.0
    for _ in range(size):
        if kind == COARSE:
            price, move = 100.0, chance.choice((-1.0, 0.0, 1.0, 1.001, 2.0))
        else:
            move = chance.gauss(0, 1.0 if kind == FINE else 1.0 + 8.0 * (chance.random() > 0.9))
        close = max(price * (1 + move / 100), price / 5)
        high = max(price, close) * (1 + abs(chance.gauss(0, 0.003)))
        low = min(price, close) * (1 - min(abs(chance.gauss(0, 0.003)), 0.5))
        yield Candle(moment, price, high, low, close, 1.0)
        price = close
        moment += HOUR.length * (3 if chance.random() > 0.97 else 1)


markets = st.builds(
    lambda seed, size, kind: list(market(seed, size, kind)),
    st.integers(0, 2**32),
    st.integers(1, 400),
    st.sampled_from((COARSE, FINE, WILD)),
)


def in_bytes(memory: Memory) -> bytes:
    """All bits of a memory."""
    return to_bytes(MemoryRecord(Coin("BTC"), HOUR, START, memory))


def assert_same(memory: Memory, plain: PlainMemory) -> None:
    """Equal, not only nearly."""
    assert memory.threshold == plain.threshold
    moves = (memory.patterns, memory.close_moves, memory.high_moves, memory.low_moves)
    weights = (memory.close_weights, memory.high_weights, memory.low_weights)
    assert np.array_equal(np.column_stack(moves), np.array(plain.entries).reshape(-1, 4))
    assert np.array_equal(np.column_stack(weights), np.array(plain.weights).reshape(-1, 3))
    assert memory.pending is not None
    assert plain.pending is not None
    assert memory.pending.hits.tolist() == plain.pending[3]


@settings(max_examples=40, deadline=None)
@given(markets)
def test_the_learner_does_what_the_page_says(candles: list[Candle]) -> None:
    """Against a plain loop that shares no code with it, to the last bit; predictions too."""
    memory, plain = learn(empty(), candles, HOUR), learn_plainly(candles, HOUR.length)
    assert_same(memory, plain)
    prediction = predict(memory, candles[-1], HOUR)
    expected = predict_plainly(plain, candles[-1])
    assert prediction.active == (expected is not None)
    assert (prediction.high, prediction.low) == (expected or (None, None))


@pytest.mark.parametrize("kind", [COARSE, FINE, WILD])
def test_the_learner_does_what_the_page_says_for_long(kind: str) -> None:
    """Long enough that weights reach their bounds and the threshold swings around twenty hits."""
    candles = list(market(7, 2500, kind))
    assert_same(learn(empty(), candles, HOUR), learn_plainly(candles, HOUR.length))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from((COARSE, FINE, WILD)))
def test_a_memory_is_the_same_wherever_learning_was_interrupted(seed: int, kind: str) -> None:
    """At every split, with a save and a load between the parts: bit for bit, gaps included."""
    candles = list(market(seed, 60, kind))
    whole = in_bytes(learn(empty(), candles, HOUR))
    for split in range(len(candles) + 1):
        first = from_bytes(in_bytes(learn(empty(), candles[:split], HOUR)), "first").memory
        assert isinstance(first, Memory)
        assert in_bytes(learn(first, candles[split:], HOUR)) == whole


@pytest.mark.parametrize("kind", [COARSE, FINE, WILD])
def test_a_memory_is_the_same_when_it_learns_candle_by_candle(kind: str) -> None:
    """As the trainer does it from day to day, for long enough to fill a memory."""
    candles = list(market(11, 1500, kind))
    memory = learn(empty(), candles[:1000], HOUR)
    for candle in candles[1000:]:
        memory = learn(memory, [candle], HOUR)
    assert in_bytes(memory) == in_bytes(learn(empty(), candles, HOUR))


@settings(max_examples=300, deadline=None)
@given(
    st.floats(1e-12, 1e6),
    st.sampled_from((1.0, -1.0)),
    st.one_of(st.floats(0, 100), st.sampled_from((0.0, 1e-9, 0.001, 1.0, 100.0))),
    st.integers(0, 2**32),
)
def test_hits_are_exactly_the_matches_also_where_rounding_decides(
    size: float, sign: float, threshold: float, seed: int
) -> None:
    """Entries lie on, just inside and just outside of both ends of the interval of matches."""
    pattern = sign * size
    ratio = (200 + threshold) / (200 - threshold)
    chance = random.Random(seed)  # noqa: S311 - places of test entries
    entries = [0.0, -pattern, pattern]
    for end in (pattern / ratio, pattern * ratio):
        entries.extend(end * (1 + steps * 2**-52) for steps in range(-4, 5))
        entries.extend(end * (1 + chance.gauss(0, 1e-9)) for _ in range(3))
    chance.shuffle(entries)
    memory = replace(learn(empty(), [], HOUR), patterns=np.array(entries), threshold=threshold)
    hits = Pupil(memory, HOUR).hits(pattern)
    assert sorted(hits) == [
        place for place, entry in enumerate(entries) if matches(pattern, entry, threshold)
    ]


@settings(max_examples=300, deadline=None)
@given(
    st.floats(-1e3, 1e3),
    st.one_of(st.sampled_from([x / 4 for x in range(-8, 9)]), st.floats(-2, 2)),
    st.sampled_from((-MAX_WEIGHT, 0.0)),
    st.one_of(st.floats(-1e3, 1e3), st.integers(-4, 4)),
)
@example(move=5.361559892466568, weight=1.0, least=0.0, actual=1)
@example(move=5.361559892466568, weight=1.0, least=0.0, actual=-1)
def test_weights_turn_exactly_where_the_rule_says(
    move: float, weight: float, least: float, actual: float
) -> None:
    """Also for actual moves within a few bits of a tenth beside the prediction."""
    weight = max(weight, least)
    prediction = move * weight
    if isinstance(actual, int):
        actual = prediction * (1.1 if actual > 0 else 0.9) * (1 + actual * 2**-52)
    weights = Weights([move], [weight], least)
    weights.turn([0], actual)
    error = actual - prediction
    expected = weight
    if move != 0 and abs(error) > TOLERATED_ERROR * abs(prediction):
        turned = weight + (0.25 if (error > 0) == (move > 0) else -0.25)
        expected = min(max(turned, least), MAX_WEIGHT)
    assert weights.weights() == [expected]
    assert weights.moves() == [move]


def test_memory_stays_small_and_work_per_candle_too() -> None:
    """Ten times the candles do not make ten times the entries."""
    short = learn(empty(), list(market(3, 1000, WILD)), HOUR)
    long = learn(empty(), list(market(3, 10_000, WILD)), HOUR)
    assert len(long.patterns) < 2 * len(short.patterns)
    assert len(long.patterns) < 400
    assert long.candles == 10_000
