"""Figures of a run, each worked out by hand on a small outcome."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from powertraderd.backtest.book import BacktestTrade
from powertraderd.backtest.figures import drawdown, figures, groups, months
from powertraderd.backtest.outcome import Outcome
from powertraderd.backtest.plan import Plan
from powertraderd.backtest.track import Track
from powertraderd.model.candle import HOUR_S, Coin
from powertraderd.model.money import ZERO_USD, Base, Price, Usd
from powertraderd.model.order import OrderSide, Tag
from powertraderd.model.position import Books
from powertraderd.model.rules import StrategyRules

BTC = Coin("BTC")
START = datetime(2024, 1, 31, 20, tzinfo=UTC)
VALUES = [100.0, 110.0, 99.0, 88.0, 95.0, 112.0, 111.0, 120.0]


def trade(hour: int, tag: Tag, value: str, fee: str, realised: str | None = None) -> BacktestTrade:
    """One filled order."""
    side = OrderSide.BUY if realised is None else OrderSide.SELL
    return BacktestTrade(
        at=START + timedelta(hours=hour),
        coin=BTC,
        side=side,
        tag=tag,
        reason_code="",
        quantity=Base(Decimal(1)),
        price=Price(Decimal(value)),
        value=Usd(Decimal(value)),
        fee=Usd(Decimal(fee)),
        realised=None if realised is None else Usd(Decimal(realised)),
        stage=1 if tag is Tag.DCA else 0,
        cash=ZERO_USD,
        invested=ZERO_USD,
    )


TRADES = (
    trade(0, Tag.ENTRY, "10", "0.5"),
    trade(1, Tag.DCA, "20", "1"),
    trade(2, Tag.TRAIL_SELL, "40", "2", "6.5"),
    trade(5, Tag.ENTRY, "12", "0.5"),
)


@pytest.fixture
def track() -> Track:
    """Eight hours that rise from 50 to 100."""
    opened = np.arange(8) * HOUR_S + int(START.timestamp())
    prices = np.linspace(50, 100, 8)
    empty = np.full((8, 7), np.nan)
    return Track(BTC, opened, prices, prices, prices, prices, empty, empty, opened[:, None])


@pytest.fixture
def outcome() -> Outcome:
    """Eight hours around the end of January."""
    plan = Plan(
        rules=StrategyRules(),
        cash=Usd(Decimal(100)),
        fee_rate=Decimal("0.01"),
        spread_pct=Decimal(2),
        start=START,
        end=START + timedelta(hours=8),
    )
    value = np.array(VALUES)
    return Outcome(
        plan=plan,
        coins=(BTC,),
        trades=TRADES,
        decisions=(),
        refusals={"cash_short": 3},
        books=Books(paid_in=Usd(Decimal(100)), cash=Usd(Decimal(94)), realised=Usd(Decimal("6.5"))),
        halted_at=None,
        at=np.arange(1, 9) * HOUR_S + int(START.timestamp()),
        value=value,
        cash=value / 2,
        exposure=value / 2,
        invested=np.array([10.0, 31.5, 0, 0, 0, 12.5, 12.5, 12.5]),
    )


def test_the_figures_of_a_run(outcome: Outcome, track: Track) -> None:
    """By hand: the peak of 110 falls to 88, four hours long."""
    found = figures(outcome, [track])
    assert (found.start, found.end) == (START, START + timedelta(hours=8))
    assert found.value == 120.0
    assert found.gain_pct == pytest.approx(20)
    assert found.drawdown_pct == pytest.approx(20)
    assert found.under_water_days == pytest.approx(3 / 24)
    assert found.under_water_pct == pytest.approx(50)
    assert (found.entries, found.dca_buys, found.sells) == (2, 1, 1)
    assert (found.realised, found.fees) == (6.5, 4.0)
    assert (found.most_invested, found.most_in_a_coin) == (31.5, 31.5)
    assert found.mean_exposure_pct == pytest.approx(50)
    assert (found.worst_ladder, found.unsold) == (1, 0)
    assert found.json()["start"] == "2024-01-31T20:00:00+00:00"


def test_buy_and_hold_pays_fee_and_spread_too(outcome: Outcome, track: Track) -> None:
    """100 buys at 50.5 with one percent of fee, and is worth the bid at the end."""
    held = figures(outcome, [track]).buy_and_hold
    assert held == pytest.approx(100 / 1.01 / (50 * 1.01) * 100 * 0.99)


def test_a_coin_that_came_later_leaves_nothing_to_hold(outcome: Outcome, track: Track) -> None:
    """Unknown is not zero."""
    late = replace(track, opened=track.opened + 3 * 24 * HOUR_S)
    assert figures(outcome, [late]).buy_and_hold is None


def test_months_end_where_the_calendar_says(outcome: Outcome) -> None:
    """The hour that closes at midnight belongs to January."""
    january, february = months(outcome)
    assert (january.month, january.value) == ("2024-01", 88.0)
    assert january.gain_pct == pytest.approx(-12)
    assert (january.entries, january.dca_buys, january.sells) == (1, 1, 1)
    assert (january.realised, january.fees) == (6.5, 3.5)
    assert february.month == "2024-02"
    assert february.gain_pct == pytest.approx(100 * (120 / 88 - 1))
    assert february.entries == 1


def test_groups_are_by_coin_and_tag(outcome: Outcome) -> None:
    """Counts and sums."""
    found = {group.tag: group for group in groups(outcome)}
    assert set(found) == {Tag.ENTRY, Tag.DCA, Tag.TRAIL_SELL}
    assert (found[Tag.ENTRY].count, found[Tag.ENTRY].value) == (2, 22.0)
    assert (found[Tag.TRAIL_SELL].realised, found[Tag.TRAIL_SELL].fees) == (6.5, 2.0)


def test_the_start_counts_as_a_peak() -> None:
    """Who only loses is under water from the first hour."""
    assert drawdown(np.array([90.0, 80.0]), 100.0).tolist() == pytest.approx([0.1, 0.2])


def test_a_run_without_an_hour_has_no_figures(outcome: Outcome, track: Track) -> None:
    """And does not pretend to."""
    nothing = np.empty(0)
    empty = replace(outcome, at=np.empty(0, np.int64), value=nothing)
    with pytest.raises(ValueError, match="no candle lies between"):
        figures(empty, [track])
