"""Decisions over any view of the world."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from powertraderd.model.decision import Action, CoinView, Decision, TradingState
from powertraderd.model.money import Base, Price, Usd
from powertraderd.model.position import Position, Trail
from powertraderd.model.quote import Quote
from powertraderd.model.rules import DcaRules, ExitRules, RiskLimits, StrategyRules
from powertraderd.strategy.decide import decide, manual_buy, manual_sell
from powertraderd.strategy.risk import admit
from powertraderd.strategy.trailing import break_even, follow
from powertraderd.testing.coin_views import (
    BTC,
    FRESH,
    NOW,
    a_books,
    a_product,
    a_quote,
    a_signal,
    coin_view,
)

BUYS = {Action.ENTRY, Action.DCA, Action.MANUAL_BUY}
SELLS = {Action.TRAIL_SELL, Action.MANUAL_SELL}
THOROUGH = settings(deadline=None, max_examples=200)

PRICES = st.decimals("60", "130", places=4).map(Price)
RATES = st.decimals("0", "0.02", places=4)
SIZES = st.decimals("0.0001", "300", places=9)


FORBIDDING_STATES = [
    TradingState(paused=True),
    TradingState(safe_mode=True),
    TradingState(halted=True),
    TradingState(differences=("BTC: the exchange holds less",)),
]


def spoiled(**changes: Any) -> Callable[[CoinView], CoinView]:  # noqa: ANN401 - any field
    """A change of the view that may shut a gate."""
    return lambda view: replace(view, **changes)


STOPPERS: list[Callable[[CoinView], CoinView]] = [
    spoiled(trading=TradingState(halted=True)),
    spoiled(order_in_flight=True),
    spoiled(quote=None),
    spoiled(quote=a_quote("90", at=NOW - timedelta(seconds=16))),
    spoiled(quote=a_quote("90", at=NOW + timedelta(seconds=16))),
    spoiled(quote=a_quote("90", "89")),
    spoiled(quote=a_quote("0", "90")),
    spoiled(product=None),
    spoiled(product=a_product(closed_because="cancel_only")),
]
SPOILERS: list[Callable[[CoinView], CoinView]] = [
    *STOPPERS,
    *(spoiled(trading=state) for state in FORBIDDING_STATES),
    spoiled(quote=a_quote("90", "95")),
    spoiled(product=a_product(base_max_size=Decimal(1), quote_max_size=Decimal(100))),
    spoiled(product=a_product(base_increment=Decimal("0.3"), quote_increment=Decimal("2.5"))),
    spoiled(signal=None),
    spoiled(signal=a_signal(made_at=NOW - timedelta(seconds=301), long_count=7)),
    spoiled(signal=a_signal(trained_at=NOW - timedelta(days=15), long_count=7)),
    spoiled(signal=a_signal(blocked_because="candles are behind", long_count=7)),
    spoiled(signal=a_signal(short_count=1, long_count=7)),
    spoiled(account_value=None),
    spoiled(exposure=None),
    spoiled(exposure=Usd(Decimal(9_500))),
    spoiled(fee_rate=None),
    spoiled(orders_last_hour=60),
    spoiled(last_exit_at=NOW - timedelta(minutes=5)),
    spoiled(last_close=None),
    spoiled(last_close=Price(Decimal(50))),
    spoiled(last_close_at=NOW - timedelta(hours=4)),
    spoiled(divergence_pct=None),
    spoiled(divergence_pct=Decimal(4)),
    spoiled(ages=replace(FRESH, account=None)),
    spoiled(ages=replace(FRESH, skew=-9)),
    spoiled(books=a_books(cash="1")),
]


@st.composite
def trails(draw: st.DrawFn) -> Trail:
    """Armed or not, with the line where the market is."""
    if not draw(st.booleans()):
        return Trail()
    line = draw(st.decimals("100", "125", places=2).map(Price))
    return Trail(armed=True, peak=Price(line + 1), line=line, was_above=draw(st.booleans()))


@st.composite
def positions(draw: st.DrawFn) -> Position:
    """Any stage, any history of DCA buys, quantities finer than the increment or just dust."""
    quantity = draw(st.sampled_from(["1.5", "0.1234567890123456", "5", "0.0000000001"]))
    average = draw(st.sampled_from(["0", "90", "99.999", "100", "110.1234567"]))
    hours = draw(st.sampled_from([[], [0.5], [2.0], [2.0, 1.0], [30.0, 24.0, 23.0]]))
    return Position(
        coin=BTC,
        quantity=Base(Decimal(quantity)),
        cost=Usd(Decimal(quantity) * Decimal(average)),
        fees=Usd(Decimal(quantity) * draw(st.decimals("0", "2", places=3))),
        opened_at=NOW - timedelta(days=3),
        stage=draw(st.integers(0, 9)),
        dca_bought_at=tuple(NOW - timedelta(hours=hour) for hour in hours),
        trail=draw(trails()),
    )


@st.composite
def views(draw: st.DrawFn) -> CoinView:
    """A world in which much is possible, spoiled in up to two ways."""
    position = draw(st.none() | positions())
    bid = draw(PRICES)
    view = coin_view(
        position,
        quote=Quote(
            BTC, bid, Price(bid + draw(st.sampled_from([Decimal(0), Decimal("0.5")]))), NOW
        ),
        signal=a_signal(long_count=draw(st.integers(0, 7))),
        fee_rate=draw(RATES),
        last_close=bid,
    )
    for spoil in draw(st.lists(st.sampled_from(SPOILERS), max_size=2)):
        view = spoil(view)
    return view


RULES = st.builds(
    StrategyRules,
    dca=st.builds(
        DcaRules,
        max_per_24h=st.sampled_from([None, 0, 1, 2]),
        cooldown_minutes=st.sampled_from([0, 60]),
    ),
    exit=st.builds(
        ExitRules,
        min_net_profit_pct=st.sampled_from([Decimal(0), Decimal(3)]),
        allow_loss=st.booleans(),
    ),
    risk=st.builds(
        RiskLimits,
        max_position_pct=st.sampled_from([None, Decimal(40)]),
        max_close_distance_pct=st.sampled_from([None, Decimal(20)]),
        exit_cooldown_minutes=st.sampled_from([0, 10]),
    ),
)


def all_decisions(view: CoinView, rules: StrategyRules, size: Decimal) -> list[Decision]:
    """What the strategy and a person may do, before and after the risk limits."""
    wanted = [
        decide(view, rules),
        manual_buy(view, rules, Usd(size)),
        manual_sell(view, rules, Base(size)),
    ]
    return [*wanted, *(admit(decision, view, rules) for decision in wanted)]


@pytest.mark.parametrize("action", Action)
def test_the_worlds_drawn_here_reach_every_action(action: Action) -> None:
    """The properties below are not empty: each action happens before and after admission."""
    find(
        st.tuples(views(), RULES, SIZES),
        lambda world: action in {decision.action for decision in all_decisions(*world)[3:]},
        settings=settings(deadline=None, max_examples=1000, phases=[Phase.generate]),
    )


@THOROUGH
@given(views(), RULES, SIZES)
def test_sizes_stand_beside_orders_only_and_on_their_own_side(
    view: CoinView, rules: StrategyRules, size: Decimal
) -> None:
    """A buy has a quote size, a sell a base size, and everything else none; all say why."""
    for decision in all_decisions(view, rules, size):
        assert (decision.quote_size is not None) == (decision.action in BUYS)
        assert (decision.base_size is not None) == (decision.action in SELLS)
        assert decision.reason_code
        assert all(isinstance(text, str) for text in decision.numbers.values())


@THOROUGH
@given(views(), RULES, SIZES)
def test_never_sells_more_than_it_holds(
    view: CoinView, rules: StrategyRules, size: Decimal
) -> None:
    """And only whole increments, not below the minimum, not above the maximum."""
    for decision in all_decisions(view, rules, size):
        if decision.base_size is None:
            continue
        assert view.position is not None
        assert view.product is not None
        assert decision.base_size <= view.position.quantity
        assert decision.base_size % view.product.base_increment == 0
        assert decision.base_size >= view.product.base_min_size
        assert decision.base_size <= (view.product.base_max_size or decision.base_size)


@THOROUGH
@given(views(), RULES, SIZES)
def test_buys_fit_the_product_and_the_cash(
    view: CoinView, rules: StrategyRules, size: Decimal
) -> None:
    """Whole increments within the product's limits; what is admitted can be paid."""
    for decision in all_decisions(view, rules, size):
        if decision.quote_size is None:
            continue
        assert view.product is not None
        assert decision.quote_size % view.product.quote_increment == 0
        assert decision.quote_size >= view.product.quote_min_size
        assert decision.quote_size <= (view.product.quote_max_size or decision.quote_size)
        admitted = admit(decision, view, rules)
        assert admitted.quote_size is None or admitted.quote_size <= view.books.cash


@THOROUGH
@given(views(), RULES)
def test_the_strategy_buys_nothing_where_buying_is_forbidden(
    view: CoinView, rules: StrategyRules
) -> None:
    """Paused, safe mode, halted, differences: the same world with each of them."""
    for state in FORBIDDING_STATES:
        assert decide(replace(view, trading=state), rules).action not in BUYS


@THOROUGH
@given(views(), RULES, SIZES, st.sampled_from(STOPPERS))
def test_nothing_is_ordered_when_halted_busy_or_blind(
    view: CoinView, rules: StrategyRules, size: Decimal, stop: Callable[[CoinView], CoinView]
) -> None:
    """Halted, an order in flight, no open product or no fresh, possible quote: no order at all."""
    for decision in all_decisions(stop(view), rules, size):
        assert decision.action not in BUYS | SELLS


@THOROUGH
@given(views(), RULES)
def test_a_cap_of_zero_means_no_dca(view: CoinView, rules: StrategyRules) -> None:
    """Whatever the market does."""
    none = rules.model_copy(update={"dca": rules.dca.model_copy(update={"max_per_24h": 0})})
    assert decide(view, none).action is not Action.DCA


@THOROUGH
@given(views(), RULES)
def test_the_exit_never_sells_at_a_loss_unless_allowed(
    view: CoinView, rules: StrategyRules
) -> None:
    """Selling all at this bid and fee returns at least cost and fees."""
    if rules.exit.allow_loss or decide(view, rules).action is not Action.TRAIL_SELL:
        return
    assert view.position is not None
    assert view.quote is not None
    assert view.fee_rate is not None
    with localcontext(prec=60):
        proceeds = view.position.quantity * view.quote.bid * (1 - view.fee_rate)
        assert proceeds >= view.position.cost + view.position.fees


@THOROUGH
@given(views(), RULES)
def test_every_position_has_a_trail_and_a_next_dca_line(
    view: CoinView, rules: StrategyRules
) -> None:
    """Shown whatever else is decided."""
    decision = decide(view, rules)
    has_position = view.position is not None
    assert (decision.trail is not None) == has_position
    assert (decision.next_dca_price is not None) == has_position
    assert decision.next_dca_source in (
        {"hard", *(f"neural N{level}" for level in range(1, 8))} if has_position else {""}
    )


@THOROUGH
@given(views(), RULES, st.integers(3, 40))
def test_a_decision_depends_on_its_arguments_only(
    view: CoinView, rules: StrategyRules, precision: int
) -> None:
    """Equal arguments, equal decision, whatever decimal context the caller lives in."""
    first = admit(decide(view, rules), view, rules)
    twin = deepcopy(view)
    with localcontext(prec=precision):
        assert admit(decide(twin, rules), twin, rules) == first


@THOROUGH
@given(views(), RULES, st.timedeltas(timedelta(days=-9999), timedelta(days=9999)))
def test_shifting_all_times_changes_nothing(
    view: CoinView, rules: StrategyRules, by: timedelta
) -> None:
    """Only ages count, never the date."""

    def shifted(at: datetime) -> datetime:
        return at + by

    quote, signal, position = view.quote, view.signal, view.position
    later = replace(
        view,
        now=shifted(view.now),
        quote=quote and replace(quote, at=shifted(quote.at)),
        signal=signal
        and replace(signal, made_at=shifted(signal.made_at), trained_at=shifted(signal.trained_at)),
        position=position
        and replace(
            position,
            opened_at=shifted(position.opened_at),
            dca_bought_at=tuple(shifted(at) for at in position.dca_bought_at),
        ),
        last_exit_at=view.last_exit_at and shifted(view.last_exit_at),
        last_close_at=view.last_close_at and shifted(view.last_close_at),
    )
    then, now = (admit(decide(each, rules), each, rules) for each in (later, view))
    assert replace(then, at=now.at) == now


@THOROUGH
@given(
    trails(),
    st.lists(st.tuples(PRICES, PRICES, st.none() | PRICES), min_size=1, max_size=30),
    st.decimals("0.1", "50", places=1),
)
def test_an_armed_line_never_falls(
    trail: Trail, ticks: list[tuple[Price, Price, Price | None]], gap_pct: Decimal
) -> None:
    """Whatever the bid does, and however the start line moves with the cost."""
    for bid, start, floor in ticks:
        after = follow(trail, max(start, floor or start), floor, bid, gap_pct)
        if trail.armed and after.armed:
            assert after.line is not None
            assert trail.line is not None
            assert after.line >= trail.line
        if after.armed:
            assert after.peak is not None
            assert after.peak >= bid
            assert after.was_above == (after.line is not None and bid >= after.line)
        trail = after


@THOROUGH
@given(positions(), RATES)
def test_selling_at_break_even_returns_what_was_spent(position: Position, rate: Decimal) -> None:
    """Never less, and no more than rounding makes it."""
    with localcontext(prec=60):
        returned = position.quantity * break_even(position, rate) * (1 - rate)
        spent = position.cost + position.fees
        assert 0 <= returned - spent <= spent * Decimal("1e-25")
