"""Skill is found where there is some, and nowhere else."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from powertraderd.backtest import skill
from powertraderd.backtest.skill import BASELINES, FORECASTS, NO_EVIDENCE, Steps
from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.model.rules import TrainingRules

HOUR = Timeframe.HOUR_1
START = datetime(2023, 11, 1, tzinfo=UTC)
COIN = Coin("A")
SCALED = TrainingRules(learner="volatility")


def walk(seed: int, count: int, *, clustered: bool) -> list[Candle]:
    """A driftless walk; its ranges come in clusters, or are all alike."""
    source, price, width, made = np.random.default_rng(seed), 100.0, 0.01, []
    for number in range(count):
        if clustered and number % 48 == 0:
            width = float(source.choice([0.002, 0.03]))
        path = price * np.exp(np.cumsum(source.normal(0, width / 3, 9)))
        high, low = max(price, path.max()), min(price, path.min())
        made.append(Candle(START + number * HOUR.length, price, high, low, float(path[-1]), 1.0))
        price = float(path[-1])
    return made


def judged(candles: Sequence[Candle], rules: TrainingRules) -> skill.Verdict:
    """The verdict on one coin."""
    found = skill.verdict("A", [skill.steps(COIN, HOUR, candles, rules, seed=1)], seed=1)
    assert found is not None
    return found


def test_pattern_memory_has_no_skill_on_a_random_walk() -> None:
    """In those words."""
    found = judged(walk(1, 3000, clustered=False), TrainingRules())
    assert found.words == NO_EVIDENCE
    assert found.blocks >= 4


def test_a_learner_that_follows_the_range_beats_one_that_knows_the_mean() -> None:
    """Clusters of volatility can be learned; the same yardstick shows it."""
    candles = walk(2, 3000, clustered=True)
    scaled, classic = judged(candles, SCALED), judged(candles, TrainingRules())
    assert scaled.against_pct[skill.MEAN] < -10
    assert scaled.error_pct < classic.error_pct
    assert set(scaled.against_pct) == set(BASELINES)


def test_nothing_is_known_before_it_has_happened() -> None:
    """Poisoned candles after a moment change no error before it."""
    candles = walk(3, 600, clustered=True)
    whole = skill.steps(COIN, HOUR, candles, TrainingRules(), seed=1)
    cut = skill.steps(COIN, HOUR, candles[:400], TrainingRules(), seed=1)
    known = len(cut.at)
    assert known > 100
    assert np.array_equal(whole.at[:known], cut.at)
    assert np.array_equal(whole.errors[:known], cut.errors)


def test_pairs_across_a_gap_are_not_judged() -> None:
    """What happened in the hole is not known."""
    candles = walk(4, 400, clustered=False)
    del candles[300:303]
    part = skill.steps(COIN, HOUR, candles, TrainingRules(), seed=1)
    assert candles[300].opened_at.timestamp() not in part.at.tolist()
    assert candles[301].opened_at.timestamp() in part.at.tolist()


def test_every_forecast_gets_the_scale_that_was_best_before() -> None:
    """Twice too large is forgiven once it is seen; the first step has no past."""
    actual = np.full((50, 2), [1.0, -1.0])
    errors = skill._scaled_errors(actual * 1.25, actual)
    assert errors[0] > 0
    assert errors[1:] == pytest.approx(0)


def a_part(learner: float, guess: float, year_start: str = "2023-12-30") -> Steps:
    """Ten days around a new year with known errors."""
    at = np.arange(240) * 3600 + int(np.datetime64(year_start, "s").astype(int))
    errors = np.full((240, len(FORECASTS)), 9.0)
    errors[:, 0], errors[:, FORECASTS.index(skill.VOLATILITY)] = learner, guess
    return Steps(COIN, HOUR, at, errors)


def test_a_verdict_compares_means_and_bounds_them_by_blocks() -> None:
    """Half the guess's error, in both months alike: no doubt."""
    found = skill.verdict("all", [a_part(1.0, 2.0)], seed=1)
    assert found is not None
    assert found.against_pct[skill.VOLATILITY] == pytest.approx(-50)
    assert [found.low, found.high] == pytest.approx([-50, -50])
    assert (found.steps, found.blocks) == (240, 2)
    assert found.words == "skill: 50.0 % better"


def test_one_good_block_among_bad_ones_is_no_evidence() -> None:
    """The interval must lie below zero as a whole."""
    parts = [a_part(1.0, 8.0), a_part(2.2, 2.0), a_part(2.2, 2.0), a_part(2.2, 2.0)]
    found = skill.verdict("all", parts, seed=1)
    assert found is not None
    assert found.against_pct[skill.VOLATILITY] < 0 < found.high
    assert found.words == NO_EVIDENCE


def test_years_are_calendar_years() -> None:
    """Every step belongs to one."""
    found = dict(skill.years(a_part(1.0, 2.0)))
    assert sorted(found) == [2023, 2024]
    assert sum(len(part.at) for part in found.values()) == 240


def test_without_a_step_there_is_no_verdict() -> None:
    """Unknown is not zero."""
    assert skill.verdict("all", [], seed=1) is None
    short = skill.steps(COIN, HOUR, walk(5, 30, clustered=False), TrainingRules(), seed=1)
    assert skill.verdict("all", [short], seed=1) is None
