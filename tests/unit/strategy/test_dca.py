"""Promises of averaging down."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from powertraderd.model.candle import Timeframe
from powertraderd.model.decision import Action, Decision, ReasonCode, TradingState
from powertraderd.model.position import Position
from powertraderd.model.prediction import Prediction
from powertraderd.model.rules import DcaRules, EntryRules, StrategyRules
from powertraderd.model.signal import Levels
from powertraderd.strategy.decide import decide
from powertraderd.testing.coin_views import (
    NOW,
    a_position,
    a_product,
    a_quote,
    a_signal,
    coin_view,
)

RULES = StrategyRules()


def at_ask(
    ask: str,
    position: Position | None = None,
    rules: StrategyRules = RULES,
    **view: Any,  # noqa: ANN401 - any field
) -> Decision:
    """The decision with the ask (and the bid) at ``ask``; average cost is 100."""
    return decide(coin_view(position or a_position(), quote=a_quote(ask), **view), rules)


def bought(*hours_ago: float, **changes: Any) -> Position:  # noqa: ANN401 - any field
    """A position with DCA buys so long ago."""
    times = tuple(NOW - timedelta(hours=hours) for hours in hours_ago)
    return a_position(dca_bought_at=times, **changes)


def rules_with(**dca: Any) -> StrategyRules:  # noqa: ANN401 - any field
    """Default rules but for ``dca``."""
    return StrategyRules(dca=DcaRules(**dca))


def test_the_hard_trigger_fires_at_the_drawdown_of_the_stage() -> None:
    """-2.5 percent at stage 0, exactly on it included."""
    assert at_ask("97.51").action is Action.HOLD
    decision = at_ask("97.5")
    assert (decision.action, decision.reason_code) == (Action.DCA, ReasonCode.DCA_HARD)
    assert decision.numbers["trigger"] == "dca_hard"
    assert decision.numbers["level_pct"] == "-2.5"


def test_the_ask_and_not_the_bid_triggers() -> None:
    """The bid may be lower: what counts is what a coin would cost."""
    view = coin_view(a_position(), quote=a_quote("97", "97.51"))
    assert decide(view, RULES).action is Action.HOLD


@pytest.mark.parametrize(
    ("stage", "above", "at"),
    [(0, "97.51", "97.5"), (1, "95.01", "95"), (6, "50.01", "50"), (7, "50.01", "50")],
)
def test_each_stage_has_its_own_level_and_the_last_repeats(stage: int, above: str, at: str) -> None:
    """Seven levels; stage 7 and later use the seventh."""
    position = a_position(stage=stage)
    assert at_ask(above, position).action is Action.HOLD
    assert at_ask(at, position).action is Action.DCA


def test_the_amount_is_the_position_at_the_bid_times_the_multiplier() -> None:
    """2 coins at a bid of 90.001, doubled, in whole cents."""
    view = coin_view(a_position(), quote=a_quote("90.001", "95"))
    assert decide(view, RULES).quote_size == Decimal("360.00")


def test_the_amount_is_at_least_the_products_minimum() -> None:
    """A tiny position is averaged down by the minimum."""
    product = a_product(quote_min_size=Decimal(1000))
    assert at_ask("97", product=product).quote_size == Decimal(1000)


@pytest.mark.parametrize(("stage", "needed"), [(0, 4), (1, 5), (2, 6), (3, 7)])
def test_the_neural_trigger_asks_for_more_at_each_stage(stage: int, needed: int) -> None:
    """min_long_level + 1 + stage, with the ask below average cost."""
    position = a_position(stage=stage)
    enough = at_ask("99.99", position, signal=a_signal(long_count=needed))
    short_of = at_ask("99.99", position, signal=a_signal(long_count=needed - 1))
    assert (enough.action, enough.reason_code) == (Action.DCA, ReasonCode.DCA_NEURAL)
    assert short_of.action is Action.HOLD


def test_the_neural_trigger_ends_with_the_timeframes() -> None:
    """There is no LONG 8."""
    assert at_ask("99", a_position(stage=4), signal=a_signal(long_count=7)).action is Action.HOLD
    entry = EntryRules(min_long_level=7)
    rules = StrategyRules(entry=entry)
    assert at_ask("99", rules=rules, signal=a_signal(long_count=7)).action is Action.HOLD


def test_the_neural_trigger_needs_a_loss() -> None:
    """At average cost there is nothing to average down."""
    assert at_ask("100", signal=a_signal(long_count=7)).action is Action.HOLD


@pytest.mark.parametrize(
    "signal",
    [
        None,
        a_signal(long_count=7, made_at=NOW - timedelta(seconds=301)),
        a_signal(long_count=7, trained_at=NOW - timedelta(days=15)),
        a_signal(long_count=7, blocked_because="candles are behind"),
    ],
    ids=["unknown", "stale", "training stale", "blocked"],
)
def test_an_unusable_signal_triggers_nothing_but_the_hard_trigger_works(signal: object) -> None:
    """The drawdown is known without a signal."""
    assert at_ask("99", signal=signal).action is Action.HOLD
    assert at_ask("97", signal=signal).reason_code is ReasonCode.DCA_HARD


def test_a_cap_of_zero_means_no_dca_buys() -> None:
    """Zero is zero and not a default."""
    decision = at_ask("50", rules=rules_with(max_per_24h=0))
    assert (decision.action, decision.reason_code) == (Action.DCA_SKIP, ReasonCode.DCA_CAP)
    assert decision.numbers["limit"] == "0"


def test_the_cap_counts_buys_of_this_position_in_rolling_24_hours() -> None:
    """Two within the day are the default; one that is 24 hours old no longer counts."""
    full = at_ask("50", bought(23.999, 2))
    assert (full.action, full.reason_code) == (Action.DCA_SKIP, ReasonCode.DCA_CAP)
    assert full.numbers["dca_24h"] == "2"
    assert at_ask("50", bought(24, 2)).action is Action.DCA


def test_a_cap_of_null_means_no_cap() -> None:
    """Any number of buys."""
    assert at_ask("50", bought(9, 8, 7, 6, 5), rules_with(max_per_24h=None)).action is Action.DCA


def test_the_cooldown_runs_from_the_last_dca_buy() -> None:
    """An hour by default, over exactly after an hour."""
    early = at_ask("50", bought(0.999))
    assert (early.action, early.reason_code) == (Action.DCA_SKIP, ReasonCode.DCA_COOLDOWN)
    assert at_ask("50", bought(1)).action is Action.DCA


def test_a_cooldown_of_zero_means_none() -> None:
    """Even right after a buy, and after one that the venue dates a moment ahead."""
    rules = rules_with(cooldown_minutes=0, max_per_24h=None)
    assert at_ask("50", bought(0), rules).action is Action.DCA
    assert at_ask("50", bought(-0.001), rules).action is Action.DCA


DCA_GATES: list[tuple[ReasonCode, dict[str, Any]]] = [
    (ReasonCode.PAUSED, {"trading": TradingState(paused=True)}),
    (ReasonCode.SAFE_MODE, {"trading": TradingState(safe_mode=True)}),
    (ReasonCode.DIFFERENCES, {"trading": TradingState(differences=("BTC",))}),
    (ReasonCode.DCA_CAP, {"position": bought(0.5, 0.4)}),
    (ReasonCode.DCA_COOLDOWN, {"position": bought(0.5)}),
    (ReasonCode.PRODUCT_UNKNOWN, {"product": None}),
    (ReasonCode.PRODUCT_CLOSED, {"product": a_product(closed_because="cancel_only")}),
    (ReasonCode.ABOVE_MAXIMUM, {"product": a_product(quote_max_size=Decimal(300))}),
]
"""Every gate of a DCA buy, in the order in which they are asked (docs/strategy.md)."""


@pytest.mark.parametrize("first", range(len(DCA_GATES)), ids=[code for code, _ in DCA_GATES])
def test_the_first_shut_gate_names_the_reason(first: int) -> None:
    """A DCA buy that is triggered and forbidden is a DCA_SKIP with its reason."""
    alone: dict[str, Any] = {"position": a_position(), "quote": a_quote("90")}
    both = dict(alone)
    for _, change in reversed(DCA_GATES[first:]):
        both |= change
    alone |= DCA_GATES[first][1]
    for changes in (alone, both):
        decision = decide(coin_view(**changes), RULES)
        assert (decision.action, decision.reason_code) == (
            Action.DCA_SKIP,
            DCA_GATES[first][0],
        )
        assert decision.quote_size is None


def test_the_next_line_is_shown_with_every_position() -> None:
    """The hard line stands when there is no signal at all."""
    decision = at_ask("101", signal=None)
    assert (decision.next_dca_price, decision.next_dca_source) == (Decimal("97.5"), "hard")


def test_the_next_line_is_the_neural_level_when_that_is_met_first() -> None:
    """LONG 5 needs the ask below the fifth low level from above."""
    decision = at_ask("101", a_position(stage=1))
    assert (decision.next_dca_price, decision.next_dca_source) == (Decimal(97), "neural N5")


def test_the_next_neural_line_is_never_above_average_cost() -> None:
    """A level above it triggers as soon as there is a loss."""
    lows = dict.fromkeys(Timeframe, 120.0)
    signal = a_signal(levels=Levels(low=lows, high={}))
    decision = at_ask("101", signal=signal)
    assert (decision.next_dca_price, decision.next_dca_source) == (Decimal(100), "neural N4")


def test_the_hard_line_is_shown_where_too_few_timeframes_can_say_long() -> None:
    """Inactive timeframes have no level, and a prediction without a range never counts."""
    levels = Levels(low={Timeframe.DAY: 99.0, Timeframe.WEEK: 98.0}, high={})
    few = at_ask("101", signal=a_signal(levels=levels))
    flat = a_signal(predictions=tuple(Prediction(frame, NOW, 99.0, 99.0) for frame in Timeframe))
    assert few.next_dca_source == "hard"
    assert at_ask("101", a_position(stage=1), signal=flat).next_dca_source == "hard"


def test_the_hard_line_is_shown_when_no_neural_stage_is_left() -> None:
    """Stage 4 with LONG 3 needs LONG 8."""
    decision = at_ask("101", a_position(stage=4))
    assert (decision.next_dca_price, decision.next_dca_source) == (Decimal(70), "hard")
    assert decision.reason_code is ReasonCode.WAITING


def test_an_armed_exit_is_not_averaged_down() -> None:
    """Far above average cost there is no trigger to look at."""
    decision = at_ask("106", signal=a_signal(long_count=7))
    assert (decision.action, decision.reason_code) == (Action.HOLD, ReasonCode.TRAILING)


def test_the_documented_order_is_the_tested_order() -> None:
    """Page strategy.md names the same gates one after the other."""
    page = (Path(__file__).parents[3] / "docs" / "strategy.md").read_text(encoding="utf-8")
    chain = " → ".join(f"`{code}`" for code, _ in DCA_GATES)
    assert f"{chain}." in " ".join(page.split())
