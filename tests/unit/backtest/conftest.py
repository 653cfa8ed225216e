"""Markets of a few months, made from a seed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from powertraderd.adapters.hours import Hours
from powertraderd.backtest.plan import Plan
from powertraderd.backtest.track import Track, walk
from powertraderd.model.candle import MONDAY, Coin
from powertraderd.model.money import Usd
from powertraderd.model.rules import StrategyRules, TrainingRules

START = datetime(2024, 1, 1, tzinfo=UTC)
STEPS_PER_HOUR = 12

MakeHours = Callable[..., Hours]
MakeTracks = Callable[..., list[Track]]
MakePlan = Callable[..., Plan]


def random_hours(
    seed: int, days: int, hourly_pct: float = 1.0, price: float = 100.0, skip: tuple[int, ...] = ()
) -> Hours:
    """A driftless random walk; the hours numbered in ``skip`` had no trade."""
    source = np.random.default_rng(seed)
    count = days * 24
    sigma = hourly_pct / 100 / np.sqrt(STEPS_PER_HOUR)
    moves = source.normal(-(sigma**2) / 2, sigma, (count, STEPS_PER_HOUR))
    paths = price * np.exp(np.cumsum(moves.ravel()).reshape(count, STEPS_PER_HOUR))
    hours, opened = Hours(), price
    for number in range(count):
        inside = [opened, *paths[number].tolist()]
        if number not in skip:
            second = int(START.timestamp()) + number * 3600
            hours.append(second, (opened, max(inside), min(inside), inside[-1], 1.0))
        opened = inside[-1]
    return hours


@pytest.fixture
def make_hours() -> MakeHours:
    """Random hours."""
    return random_hours


@pytest.fixture
def make_tracks() -> MakeTracks:
    """Tracks of one or more coins on random hours."""

    def make(seed: int, days: int, coins: int = 2, hourly_pct: float = 1.0) -> list[Track]:
        return [
            walk(
                Coin(name),
                random_hours(seed * 100 + number, days, hourly_pct),
                TrainingRules(),
                week_offset=MONDAY,
            )
            for number, name in enumerate("ABCDEFG"[:coins])
        ]

    return make


@pytest.fixture
def make_plan() -> MakePlan:
    """A plan over all of a market; the first weeks are learned and not traded."""

    def make(days: int, **changes: object) -> Plan:
        values: dict[str, object] = {
            "rules": StrategyRules(),
            "cash": Usd(Decimal(10_000)),
            "fee_rate": Decimal("0.006"),
            "spread_pct": Decimal("0.05"),
            "start": START + timedelta(days=21),
            "end": START + timedelta(days=days),
        }
        return Plan(**{**values, **changes})  # type: ignore[arg-type]

    return make
