"""Learning, one rule of MODEL.md at a time."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from powertraderd.model.candle import Candle, Timeframe
from powertraderd.model.memory import Memory
from powertraderd.strategy.train import PROGRESS_EVERY, empty, learn

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def series(*moves: float, start: datetime = START, price: float = 100.0) -> list[Candle]:
    """Candles that move by these percents; each high is 1 % and each low 2 % outside."""
    candles = []
    for number, move in enumerate(moves):
        close = price * (1 + move / 100)
        high, low = max(price, close) * 1.01, min(price, close) * 0.98
        candles.append(Candle(start + number * HOUR, price, high, low, close, 1.0))
        price = close
    return candles


def learned(*moves: float) -> Memory:
    """The memory of a series of hourly moves."""
    return learn(empty(), series(*moves), Timeframe.HOUR_1)


def test_an_empty_memory_is_ready_to_learn() -> None:
    """Threshold 1, no entries, nothing pending; learning nothing changes nothing."""
    memory = learn(empty(), [], Timeframe.HOUR_1)
    assert memory.threshold == 1.0
    assert memory.patterns.size == 0
    assert memory.pending is None
    assert memory.candles == 0


def test_the_newest_candle_only_waits() -> None:
    """What comes after it is not known yet."""
    memory = learned(1.0)
    assert memory.patterns.size == 0
    assert memory.pending is not None
    assert memory.pending.opened_at == START
    assert memory.pending.pattern == pytest.approx(1.0)
    assert memory.pending.close == pytest.approx(101.0)
    assert memory.pending.hits.size == 0


def test_an_unknown_pattern_becomes_an_entry_with_what_came_after() -> None:
    """Moves in percent of the pattern candle's close, weights 1."""
    memory = learned(1.0, -3.0)
    assert memory.patterns.tolist() == pytest.approx([1.0])
    assert memory.close_moves.tolist() == pytest.approx([-3.0])
    assert memory.high_moves.tolist() == pytest.approx([1.0])
    assert memory.low_moves.tolist() == pytest.approx([100 * (0.97 * 0.98 - 1)])
    assert memory.close_weights.tolist() == [1.0]
    assert memory.high_weights.tolist() == [1.0]
    assert memory.low_weights.tolist() == [1.0]


def test_entries_stand_in_order_of_learning() -> None:
    """Not in order of size."""
    assert learned(5.0, -1.0, 2.0, -9.0, 0.0).patterns.tolist() == pytest.approx(
        [5.0, -1.0, 2.0, -9.0]
    )


def test_a_known_pattern_turns_weights_instead() -> None:
    """Twice up 1 %: first a fall of 2 % followed, then a rise of 4 %: the close was wrong."""
    memory = learned(1.0, -2.0, 1.0, 4.0)
    assert memory.patterns.tolist() == pytest.approx([1.0, -2.0])
    assert memory.close_weights.tolist() == [0.75, 1.0]
    assert memory.high_weights.tolist() == [1.25, 1.0]


def test_an_error_within_a_tenth_of_the_prediction_is_forgiven() -> None:
    """After 1 % came 4 %, then 4.3 %: near enough."""
    assert learned(1.0, 4.0, -7.0, 1.0, 4.3).close_weights[0] == 1.0
    assert learned(1.0, 4.0, -7.0, 1.0, 4.5).close_weights[0] == 1.25
    assert learned(1.0, 4.0, -7.0, 1.0, 3.5).close_weights[0] == 0.75


def test_a_move_of_zero_keeps_its_weight() -> None:
    """It predicts zero whatever its weight is."""
    assert learned(1.0, 0.0, -7.0, 1.0, 4.0).close_weights[0] == 1.0


def test_weights_stay_between_their_bounds() -> None:
    """Close from -2 to 2, high and low from 0 to 2."""
    right = learned(1.0, 0.5, -3.0, *[1.0, 9.0, -3.0] * 20)
    assert (right.close_weights[0], right.high_weights[0]) == (2.0, 2.0)
    wrong = learned(1.0, 9.0, -3.0, *[1.0, -30.0, -3.0] * 20)
    assert (wrong.close_weights[0], wrong.high_weights[0]) == (-2.0, 0.0)


@pytest.mark.parametrize(
    ("entries", "before", "after"),
    [
        (20, 5.0, 5.01),
        (21, 5.0, 4.99),
        (20, 0.05, 0.051),
        (21, 0.05, 0.049),
        (20, 0.1, 0.11),
        (21, 0.1, 0.09),
        (21, 0.0004, 0.0),
        (20, 99.995, 100.0),
    ],
)
def test_the_threshold_seeks_twenty_hits(entries: int, before: float, after: float) -> None:
    """Steps of 0.01, of 0.001 below 0.1; never below 0 nor above 100."""
    ones = np.ones(entries)
    memory = Memory(ones, ones, ones, ones, ones, ones, ones, before, pending=None, candles=99)
    moved = learn(memory, [Candle(START, 100.0, 103.0, 97.0, 101.0, 1.0)], Timeframe.HOUR_1)
    assert moved.threshold == pytest.approx(after, abs=1e-12)
    assert moved.pending is not None
    assert moved.pending.hits.tolist() == list(range(entries))


def test_a_candle_after_a_gap_is_not_the_successor() -> None:
    """The pair across the gap is not learned, but the new candle waits in its turn."""
    before, after = series(1.0), series(-3.0, 2.0, start=START + 2 * HOUR)
    memory = learn(empty(), [*before, *after], Timeframe.HOUR_1)
    assert memory.patterns.tolist() == pytest.approx([-3.0])
    assert memory.candles == 3
    assert memory.threshold == pytest.approx(1.03)


def test_the_length_of_the_timeframe_decides_what_a_gap_is() -> None:
    """Hourly candles learned as two-hour candles are all apart."""
    memory = learn(empty(), series(1.0, -3.0, 2.0), Timeframe.HOUR_2)
    assert memory.patterns.size == 0


def test_a_gap_forgets_the_hits_too() -> None:
    """A known pattern before a gap turns no weight."""
    first = series(1.0, -2.0, 1.0)
    later = series(4.0, start=START + 9 * HOUR)
    memory = learn(empty(), [*first, *later], Timeframe.HOUR_1)
    assert memory.close_weights.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("back", [0, 1])
def test_a_candle_that_does_not_come_after_the_newest_is_refused(back: int) -> None:
    """Learning a candle twice would count it twice."""
    memory = learned(1.0, 2.0)
    with pytest.raises(ValueError, match="does not come after"):
        learn(memory, series(3.0, start=START + (1 - back) * HOUR), Timeframe.HOUR_1)


def test_the_memory_that_was_given_stays_as_it_was() -> None:
    """Learning returns a new one."""
    memory = learned(1.0, -2.0, 1.0)
    learn(memory, series(4.0, start=START + 3 * HOUR), Timeframe.HOUR_1)
    assert memory.close_weights.tolist() == [1.0, 1.0]
    assert memory.candles == 3


def test_progress_is_told_now_and_then_and_at_the_end() -> None:
    """The supervisor sees that training moves."""
    told: list[int] = []
    moves = [0.1, -0.1] * PROGRESS_EVERY + [0.1]
    learn(empty(), series(*moves), Timeframe.HOUR_1, progress=told.append)
    assert told == [PROGRESS_EVERY, 2 * PROGRESS_EVERY, 2 * PROGRESS_EVERY + 1]


def test_falls_are_learned_like_rises() -> None:
    """A move below zero that is right gains weight as well."""
    memory = learned(1.0, -2.0, -9.0, 1.0, -4.0)
    assert memory.close_weights[0] == 1.25
    assert learned(1.0, -2.0, -9.0, 1.0, -1.0).close_weights[0] == 0.75
