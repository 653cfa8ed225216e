"""Promises of the trading state and of the brakes behind it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from powertraderd.model.decision import ReasonCode, Standing, TradingState
from powertraderd.model.money import Usd
from powertraderd.model.rules import RiskLimits
from powertraderd.strategy.standing import brakes, drawdown_pct, standing
from powertraderd.testing.coin_views import FRESH

ZERO = Usd(Decimal(0))
SKEWED = brakes(ZERO, replace(FRESH, skew=-7.25), RiskLimits())


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (TradingState(), Standing.ACTIVE),
        (TradingState(paused=True), Standing.REDUCING),
        (TradingState(safe_mode=True), Standing.REDUCING),
        (TradingState(differences=("x",)), Standing.REDUCING),
        (TradingState(halted=True), Standing.HALTED),
        (TradingState(halted=True, paused=True, safe_mode=True), Standing.HALTED),
    ],
)
def test_the_strictest_reason_counts(state: TradingState, expected: Standing) -> None:
    """And a pulled brake makes ACTIVE a REDUCING, never less."""
    assert standing(state, ()) is expected
    reduced = Standing.REDUCING if expected is Standing.ACTIVE else expected
    assert standing(state, SKEWED) is reduced


def test_a_brake_says_in_words_what_pulled_it() -> None:
    """With the figure and the limit."""
    (skewed,) = SKEWED
    assert skewed.code is ReasonCode.CLOCK_SKEW
    assert skewed.why == "the venue's clock is -7.2 s from ours; at most 5 s"
    never = brakes(ZERO, replace(FRESH, clock=None), RiskLimits())
    assert [brake.why for brake in never] == ["our clock was never compared with the venue's"]
    old = brakes(ZERO, replace(FRESH, clock=4000), RiskLimits())
    assert [brake.why for brake in old] == [
        "our clock was not for 4000 s compared with the venue's"
    ]


def test_several_brakes_are_all_named() -> None:
    """The day's loss first."""
    limits = RiskLimits(daily_loss_limit_usd=Decimal(5))
    pulled = brakes(Usd(Decimal(-6)), replace(FRESH, skew=60), limits)
    assert [brake.code for brake in pulled] == [
        ReasonCode.DAILY_LOSS_LIMIT,
        ReasonCode.CLOCK_SKEW,
    ]
    assert brakes(Usd(Decimal(-6)), FRESH, RiskLimits()) == ()


@pytest.mark.parametrize(
    ("value", "paid_in", "peak_gain", "expected"),
    [
        ("10000", "10000", "0", "0"),
        ("9000", "10000", "0", "10"),
        ("10000", "10000", "2500", "20"),
        ("13000", "10000", "2500", "0"),
        ("15000", "15000", "2500", "14.28571428571428571428571429"),
        ("0", "0", "0", "0"),
        ("5", "10", "-20", "0"),
    ],
)
def test_the_drawdown_is_measured_from_the_peak_of_what_was_paid_in_and_gained(
    value: str, paid_in: str, peak_gain: str, expected: str
) -> None:
    """Paying in 5,000 moves value and peak alike; a peak of nothing has no drawdown."""
    figures = (Usd(Decimal(each)) for each in (value, paid_in, peak_gain))
    assert drawdown_pct(*figures) == Decimal(expected)
