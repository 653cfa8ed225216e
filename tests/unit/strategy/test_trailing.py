"""Promises of the trailing exit."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from powertraderd.model.decision import Action, Decision, ReasonCode, TradingState
from powertraderd.model.money import Price, Usd
from powertraderd.model.position import Position, Trail
from powertraderd.model.rules import ExitRules, RiskLimits, StrategyRules
from powertraderd.strategy.decide import decide
from powertraderd.strategy.trailing import break_even
from powertraderd.testing.coin_views import (
    NOW,
    a_position,
    a_product,
    a_quote,
    a_signal,
    coin_view,
)

RULES = StrategyRules()
ARMED = Trail(armed=True, peak=Price(Decimal(110)), line=Price(Decimal("109.45")), was_above=True)


def price(text: str) -> Price:
    """A price from text."""
    return Price(Decimal(text))


def ticks(
    position: Position,
    bids: list[str],
    rules: StrategyRules = RULES,
    **view: Any,  # noqa: ANN401
) -> list[Decision]:
    """The decisions for one bid after the other; the trail is carried on, nothing is sold."""
    decisions = []
    for bid in bids:
        decision = decide(coin_view(position, quote=a_quote(bid), **view), rules)
        assert decision.trail is not None
        position = replace(position, trail=decision.trail)
        decisions.append(decision)
    return decisions


def test_below_the_start_line_it_waits() -> None:
    """Average cost 100 and 5 percent: the line to reach is 105."""
    (decision,) = ticks(a_position(), ["104.99"])
    assert (decision.action, decision.reason_code) == (Action.HOLD, ReasonCode.WAITING)
    assert decision.trail == Trail(line=price("105"))


def test_at_the_start_line_it_is_armed() -> None:
    """Reaching the line counts as above it."""
    (decision,) = ticks(a_position(), ["105"])
    assert (decision.action, decision.reason_code) == (Action.HOLD, ReasonCode.TRAILING)
    assert decision.trail == Trail(armed=True, peak=price("105"), line=price("105"), was_above=True)


def test_the_line_follows_the_peak_and_the_whole_position_is_sold_below_it() -> None:
    """Half a percent below the highest bid; a lower bid leaves peak and line alone."""
    decisions = ticks(a_position(), ["105", "105.2", "110", "109.5", "109.45", "109.44"])
    assert [decision.trail.line for decision in decisions if decision.trail] == [
        price(line) for line in ("105", "105", "109.45", "109.45", "109.45", "109.45")
    ]
    assert [decision.action for decision in decisions] == [Action.HOLD] * 5 + [Action.TRAIL_SELL]
    sold = decisions[-1]
    assert sold.reason_code is ReasonCode.TRAIL_CROSSED
    assert sold.base_size == Decimal(2)
    assert sold.quote_size is None
    assert sold.numbers["line"] == "109.45"
    assert sold.numbers["size"] == "2"


def test_after_a_dca_buy_the_start_line_is_nearer() -> None:
    """2.5 instead of 5 percent from stage 1 on."""
    first, second = ticks(a_position(stage=1), ["102.49", "102.5"])
    assert first.reason_code is ReasonCode.WAITING
    assert second.reason_code is ReasonCode.TRAILING


def test_an_exit_that_could_not_be_done_stays_due() -> None:
    """A sell that was held back is sold at the next tick below the line."""
    position = a_position(trail=ARMED)
    closed = coin_view(
        position, quote=a_quote("109"), product=a_product(closed_because="cancel_only")
    )
    held = decide(closed, RULES)
    assert (held.action, held.reason_code) == (Action.HOLD, ReasonCode.PRODUCT_CLOSED)
    assert held.trail == replace(ARMED, was_above=False)
    (sold,) = ticks(replace(position, trail=held.trail), ["109"])
    assert sold.action is Action.TRAIL_SELL


def test_a_due_exit_is_called_off_when_the_bid_returns_above_the_line() -> None:
    """The rule looks at the bid of now."""
    due = a_position(trail=replace(ARMED, was_above=False))
    (decision,) = ticks(due, ["109.46"])
    assert (decision.action, decision.trail) == (Action.HOLD, ARMED)


def test_break_even_returns_cost_fees_and_the_selling_fee() -> None:
    """201.20 spent on 2 coins at 0.6 percent: selling at break-even returns it to the cent."""
    bid = break_even(a_position(), Decimal("0.006"))
    proceeds = 2 * bid * (1 - Decimal("0.006"))
    assert Decimal(0) <= proceeds - Decimal("201.2") < Decimal("1e-20")


def test_the_line_is_never_below_break_even_plus_the_least_profit() -> None:
    """With 10 percent asked for, the start line of 5 percent is raised."""
    rules = StrategyRules(exit=ExitRules(min_net_profit_pct=Decimal(10)))
    (decision,) = ticks(a_position(), ["105"], rules)
    floor = break_even(a_position(), Decimal("0.006")) * Decimal("1.1")
    assert decision.trail is not None
    assert decision.trail.line is not None
    assert abs(decision.trail.line - floor) < Decimal("1e-20")
    assert not decision.trail.armed


def test_with_loss_allowed_the_line_may_lie_below_break_even() -> None:
    """Fees of 20 dollars put break-even at 110.7; the owner wants out at 105 all the same."""
    rules = StrategyRules(exit=ExitRules(allow_loss=True))
    position = a_position(fees=Usd(Decimal(20)))
    guarded = ticks(position, ["105", "104"])
    free = ticks(position, ["105", "104"], rules)
    assert [decision.action for decision in guarded] == [Action.HOLD, Action.HOLD]
    assert [decision.action for decision in free] == [Action.HOLD, Action.TRAIL_SELL]


def test_a_bid_that_falls_through_break_even_at_once_sells_nothing() -> None:
    """There is no stop loss by accident: the trail starts anew instead."""
    decisions = ticks(a_position(trail=ARMED), ["101", "105"])
    assert decisions[0].action is Action.HOLD
    assert decisions[0].reason_code is ReasonCode.TRAIL_RESTARTED
    assert decisions[0].trail == Trail(line=price("105"))
    assert decisions[1].reason_code is ReasonCode.TRAILING


def test_with_loss_allowed_a_fall_through_break_even_is_sold() -> None:
    """allow_loss means what it says."""
    rules = StrategyRules(exit=ExitRules(allow_loss=True))
    (decision,) = ticks(a_position(trail=ARMED), ["50"], rules)
    assert decision.action is Action.TRAIL_SELL


def test_a_start_line_that_overtakes_the_line_starts_the_trail_anew() -> None:
    """A buy raised the average cost: what was a profit line is none any more."""
    dearer = a_position(cost=Usd(Decimal(216)), trail=ARMED)
    waits, armed = (ticks(dearer, [bid])[0] for bid in ("109.4", "114"))
    assert (waits.action, waits.reason_code) == (Action.HOLD, ReasonCode.TRAIL_RESTARTED)
    assert waits.trail == Trail(line=price("113.4"))
    assert (armed.action, armed.reason_code) == (Action.HOLD, ReasonCode.TRAILING)
    assert armed.trail == Trail(armed=True, peak=price("114"), line=price("113.43"), was_above=True)


def test_the_line_stays_when_the_start_line_falls() -> None:
    """Cheaper coins lower the average cost; an armed line only rises."""
    cheaper = a_position(cost=Usd(Decimal(190)), trail=ARMED)
    (decision,) = ticks(cheaper, ["109.5"])
    assert decision.trail == ARMED


@pytest.mark.parametrize(
    "signal",
    [None, a_signal(made_at=NOW - timedelta(days=9)), a_signal(blocked_because="old")],
    ids=["unknown", "stale", "blocked"],
)
def test_exits_need_no_signal(signal: object) -> None:
    """Selling must work while nothing is learned or predicted."""
    (decision,) = ticks(a_position(trail=ARMED), ["109"], signal=signal)
    assert decision.action is Action.TRAIL_SELL


@pytest.mark.parametrize(
    "state",
    [
        TradingState(paused=True),
        TradingState(safe_mode=True),
        TradingState(differences=("BTC",)),
    ],
    ids=["paused", "safe_mode", "differences"],
)
def test_exits_go_on_where_buying_is_forbidden(state: TradingState) -> None:
    """A pause stops buying, never selling."""
    (decision,) = ticks(a_position(trail=ARMED), ["109"], trading=state)
    assert decision.action is Action.TRAIL_SELL


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"trading": TradingState(halted=True)}, ReasonCode.HALTED),
        ({"order_in_flight": True}, ReasonCode.ORDER_IN_FLIGHT),
        ({"product": a_product(base_min_size=Decimal(3))}, ReasonCode.DUST),
        (
            {"product": a_product(base_increment=Decimal(3), base_min_size=Decimal(0))},
            ReasonCode.DUST,
        ),
        ({"product": None}, ReasonCode.PRODUCT_UNKNOWN),
        ({"product": a_product(closed_because="cancel_only")}, ReasonCode.PRODUCT_CLOSED),
    ],
)
def test_a_due_exit_that_is_held_back_says_why(changes: dict[str, Any], code: ReasonCode) -> None:
    """The trail goes on following the bid all the same."""
    (decision,) = ticks(a_position(trail=ARMED), ["109"], **changes)
    assert (decision.action, decision.reason_code) == (Action.HOLD, code)
    assert decision.base_size is None
    assert decision.trail == replace(ARMED, was_above=False)


def test_the_first_obstacle_of_an_exit_names_the_reason() -> None:
    """Halted, order in flight, dust, quote, fee, product: in this order."""
    obstacles: list[tuple[ReasonCode, dict[str, Any]]] = [
        (ReasonCode.HALTED, {"trading": TradingState(halted=True)}),
        (ReasonCode.ORDER_IN_FLIGHT, {"order_in_flight": True}),
        (
            ReasonCode.DUST,
            {"product": a_product(base_min_size=Decimal(3), closed_because="cancel_only")},
        ),
        (ReasonCode.QUOTE_UNKNOWN, {"quote": None}),
        (ReasonCode.FEE_UNKNOWN, {"fee_rate": None}),
        (ReasonCode.PRODUCT_CLOSED, {"product": a_product(closed_because="cancel_only")}),
    ]
    for first, (code, _) in enumerate(obstacles):
        changes: dict[str, Any] = {"quote": a_quote("109")}
        for _, change in reversed(obstacles[first:]):
            changes |= change
        assert decide(coin_view(a_position(trail=ARMED), **changes), RULES).reason_code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quote": None}, ReasonCode.QUOTE_UNKNOWN),
        ({"quote": a_quote("90", at=NOW - timedelta(seconds=16))}, ReasonCode.QUOTE_STALE),
        ({"quote": a_quote("90", "89")}, ReasonCode.QUOTE_INVALID),
        ({"fee_rate": None, "quote": a_quote("90")}, ReasonCode.FEE_UNKNOWN),
        ({"fee_rate": Decimal(1), "quote": a_quote("90")}, ReasonCode.FEE_UNKNOWN),
        ({"fee_rate": Decimal("NaN"), "quote": a_quote("90")}, ReasonCode.FEE_UNKNOWN),
    ],
)
def test_nothing_is_concluded_from_what_is_not_known(
    changes: dict[str, Any], code: ReasonCode
) -> None:
    """No exit, no averaging down, and the trail stays as it is."""
    decision = decide(coin_view(a_position(trail=ARMED), **changes), RULES)
    assert (decision.action, decision.reason_code) == (Action.HOLD, code)
    assert decision.trail == ARMED


def test_without_a_floor_the_fee_need_not_be_known() -> None:
    """The selling fee matters for break-even only."""
    rules = StrategyRules(exit=ExitRules(allow_loss=True))
    (decision,) = ticks(a_position(trail=ARMED), ["109"], rules, fee_rate=None)
    assert decision.action is Action.TRAIL_SELL
    assert "floor" not in decision.numbers


def test_a_sell_is_rounded_down_to_the_base_increment() -> None:
    """Fills are finer than what may be sold; the rest stays."""
    position = a_position(quantity=Decimal("2.00000000999"), trail=ARMED)
    (decision,) = ticks(position, ["109"])
    assert decision.base_size == Decimal("2.00000000")


def test_more_than_one_order_may_hold_is_sold_piece_by_piece() -> None:
    """The rest is due at the next tick."""
    (decision,) = ticks(
        a_position(trail=ARMED), ["109"], product=a_product(base_max_size=Decimal("1.5"))
    )
    assert decision.base_size == Decimal("1.5")
    assert decision.trail == replace(ARMED, was_above=False)


def test_a_position_that_cost_nothing_is_no_division_by_zero() -> None:
    """It shows no percentage, and it can be sold."""
    (decision,) = ticks(a_position(cost=Usd(Decimal(0)), trail=ARMED), ["109"])
    assert decision.action is Action.TRAIL_SELL
    assert "pnl_bid_pct" not in decision.numbers


STOP = StrategyRules(risk=RiskLimits(stop_loss_pct=Decimal(8)))
CAP = StrategyRules(exit=ExitRules(take_profit_pct=Decimal(3)))


def test_there_is_no_stop_loss_and_no_cap_unless_the_owner_sets_them() -> None:
    """Half the price gone, or ten times gained and still above the line: held."""
    down, up = ticks(a_position(stage=7), ["50"]) + ticks(a_position(), ["1000"])
    assert (down.action, up.action) == (Action.DCA, Action.HOLD)


def test_the_stop_loss_sells_everything_at_its_line_and_below() -> None:
    """Before averaging down, below break-even, and without knowing the fee."""
    above, at = ticks(a_position(stage=7), ["92.01", "92"], STOP, fee_rate=Decimal("0.006"))
    assert above.action is Action.HOLD
    assert (at.action, at.reason_code) == (Action.TRAIL_SELL, ReasonCode.STOP_LOSS)
    assert at.base_size == Decimal(2)
    (unknown_fee,) = ticks(a_position(), ["60"], STOP, fee_rate=None)
    assert unknown_fee.reason_code is ReasonCode.STOP_LOSS


def test_a_stop_loss_that_cannot_be_sold_does_not_average_down() -> None:
    """The product is closed: the position is held with that reason."""
    (held,) = ticks(a_position(), ["60"], STOP, product=a_product(closed_because="cancel_only"))
    assert (held.action, held.reason_code) == (Action.HOLD, ReasonCode.PRODUCT_CLOSED)
    (halted,) = ticks(a_position(), ["60"], STOP, trading=TradingState(halted=True))
    assert (halted.action, halted.reason_code) == (Action.HOLD, ReasonCode.HALTED)


def test_the_cap_sells_at_once_without_trailing() -> None:
    """3 percent above average cost, although the trail would only be armed at 5."""
    below, at = ticks(a_position(), ["102.99", "103"], CAP)
    assert below.action is Action.HOLD
    assert (at.action, at.reason_code) == (Action.TRAIL_SELL, ReasonCode.TAKE_PROFIT)


def test_the_cap_never_sells_below_the_floor() -> None:
    """Break-even after fees is 103.2: a cap of 1 percent waits for it, unless a loss is allowed."""
    tight = {"take_profit_pct": Decimal(1)}
    costly = a_position(fees=Usd(Decimal(5)))
    (waits,) = ticks(costly, ["102"], StrategyRules(exit=ExitRules(**tight)))
    assert waits.action is Action.HOLD
    (sells,) = ticks(costly, ["102"], StrategyRules(exit=ExitRules(allow_loss=True, **tight)))
    assert sells.reason_code is ReasonCode.TAKE_PROFIT
