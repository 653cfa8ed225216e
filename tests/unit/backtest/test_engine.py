"""A backtest takes the daemon's decisions, at prices that nobody can call too good."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from powertraderd.backtest.engine import Simulation
from powertraderd.backtest.outcome import Outcome
from powertraderd.backtest.plan import Plan
from powertraderd.backtest.track import Track
from powertraderd.model.decision import ReasonCode
from powertraderd.model.order import OrderSide, Tag
from powertraderd.model.rules import DcaRules, EntryRules, RiskLimits, StrategyRules
from powertraderd.strategy.ledgering import residual

MakeTracks = Callable[..., list[Track]]
MakePlan = Callable[..., Plan]
DAYS = 90


@pytest.fixture
def tracks(make_tracks: MakeTracks) -> list[Track]:
    """Two lively coins over three months."""
    return make_tracks(5, DAYS, hourly_pct=1.2)


@pytest.fixture
def outcome(tracks: list[Track], make_plan: MakePlan) -> Outcome:
    """An ordinary run."""
    return Simulation(tracks, make_plan(DAYS)).run()


def test_all_kinds_of_trades_happen_and_the_books_add_up(outcome: Outcome) -> None:
    """Entries, averaging down and trailing exits."""
    assert {trade.tag for trade in outcome.trades} == {Tag.ENTRY, Tag.DCA, Tag.TRAIL_SELL}
    assert residual(outcome.books) == 0
    assert outcome.books.realised > 0


def test_hours_that_are_screened_out_would_have_changed_nothing(
    tracks: list[Track], make_plan: MakePlan, outcome: Outcome
) -> None:
    """Every trade and the value of every hour are the same when each tick is decided."""
    full = Simulation(tracks, make_plan(DAYS, screened=False)).run()
    assert full.trades == outcome.trades
    assert np.array_equal(full.value, outcome.value)


def test_the_future_changes_no_trade_before_it(
    tracks: list[Track], make_plan: MakePlan, outcome: Outcome
) -> None:
    """Prices after the middle are poisoned; what was traded before stays."""
    middle = len(tracks[0]) // 2
    poisoned = []
    for track in tracks:
        low, close = track.low.copy(), track.close.copy()
        low[middle:], close[middle:] = 1.0, 1.0
        poisoned.append(replace(track, low=low, close=close))
    found = Simulation(poisoned, make_plan(DAYS)).run()
    moment = datetime.fromtimestamp(int(tracks[0].opened[middle]), UTC)
    assert _before(found, moment) == _before(outcome, moment)
    assert found.trades != outcome.trades


def _before(outcome: Outcome, moment: datetime) -> list[object]:
    return [trade for trade in outcome.trades if trade.at < moment]


def test_every_trade_lies_within_its_hour_and_buys_never_at_the_low(
    tracks: list[Track], outcome: Outcome
) -> None:
    """A buy costs at least its trigger on the way down, or the opening."""
    by_coin = {track.coin: track for track in tracks}
    at_the_low = 0
    for trade in outcome.trades:
        track = by_coin[trade.coin]
        index = int(np.searchsorted(track.opened, trade.at.timestamp(), side="right")) - 1
        assert track.low[index] * 0.999 <= float(trade.price) <= track.high[index] * 1.001
        ask_at_low = track.low[index] * 1.00025
        if trade.side is OrderSide.BUY and float(trade.price) < ask_at_low * 1.0001:
            at_the_low += 1
    buys = sum(trade.side is OrderSide.BUY for trade in outcome.trades)
    assert at_the_low < buys / 4


def test_no_exit_ever_loses_after_fees(outcome: Outcome) -> None:
    """The break-even guard, at the worst price that the hour allows."""
    sells = [trade for trade in outcome.trades if trade.tag is Tag.TRAIL_SELL]
    assert sells
    assert all(trade.realised is not None and trade.realised >= 0 for trade in sells)


def test_a_random_walk_without_costs_returns_its_cash(
    make_tracks: MakeTracks, make_plan: MakePlan
) -> None:
    """On a martingale nothing can be earned: the mean of many markets is the cash."""
    ends = []
    for seed in range(16):
        tracks = make_tracks(seed, 60, coins=1)
        rules = StrategyRules(entry=EntryRules(allocation_pct=Decimal(5)))
        plan = make_plan(60, rules=rules, fee_rate=Decimal(0), spread_pct=Decimal(0))
        ends.append(Simulation(tracks, plan).run().value[-1])
    error = np.std(ends, ddof=1) / np.sqrt(len(ends))
    assert abs(np.mean(ends) - 10_000) < 3 * error + 50
    assert np.std(ends) > 100


def test_limits_and_refusals_are_counted_by_reason(
    tracks: list[Track], make_plan: MakePlan
) -> None:
    """A cap on the position refuses what the ladder wants."""
    rules = StrategyRules(risk=RiskLimits(max_position_pct=Decimal(1)))
    found = Simulation(tracks, make_plan(DAYS, rules=rules)).run()
    assert found.refusals[ReasonCode.POSITION_PCT_LIMIT.value] > 0
    assert max(trade.stage for trade in found.trades) <= 1


def test_rules_of_one_coin_leave_the_others_alone(tracks: list[Track], make_plan: MakePlan) -> None:
    """No averaging down in A, as before in B."""
    alone = StrategyRules(dca=DcaRules(max_per_24h=0))
    rules = StrategyRules(coins={tracks[0].coin: alone})
    found = Simulation(tracks, make_plan(DAYS, rules=rules)).run()
    dca = {trade.coin for trade in found.trades if trade.tag is Tag.DCA}
    assert dca == {tracks[1].coin}


def test_a_drawdown_beyond_the_limit_ends_all_trading(
    tracks: list[Track], make_plan: MakePlan, outcome: Outcome
) -> None:
    """As in the daemon: nothing is bought or sold any more."""
    rules = StrategyRules(risk=RiskLimits(max_drawdown_pct=Decimal("0.5")))
    found = Simulation(tracks, make_plan(DAYS, rules=rules)).run()
    assert found.halted_at is not None
    assert all(trade.at <= found.halted_at for trade in found.trades)
    assert len(found.trades) < len(outcome.trades)


def test_the_span_is_kept(tracks: list[Track], make_plan: MakePlan) -> None:
    """From the start on, before the end."""
    start = datetime(2024, 2, 10, 5, tzinfo=UTC)
    plan = make_plan(DAYS, start=start, end=start + timedelta(days=7))
    seen: list[int] = []
    found = Simulation(tracks, plan).run(seen.append)
    assert len(found.value) == seen[-1] == 7 * 24
    assert found.at[0] == start.timestamp() + 3600
    assert all(start <= trade.at < plan.end for trade in found.trades)
