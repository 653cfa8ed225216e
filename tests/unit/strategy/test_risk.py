"""Promises of the risk limits."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from powertraderd.model.decision import (
    Action,
    CoinView,
    Decision,
    ReasonCode,
    TradingState,
    VenueAges,
)
from powertraderd.model.money import Base, Price, Usd
from powertraderd.model.position import Trail
from powertraderd.model.rules import RiskLimits, StrategyRules
from powertraderd.strategy.risk import admit
from powertraderd.testing.coin_views import (
    BTC,
    ETH,
    FRESH,
    NOW,
    a_books,
    a_position,
    a_quote,
    coin_view,
)

S, H = timedelta(seconds=1), timedelta(hours=1)
BUYS = {
    Action.ENTRY: Action.SKIP,
    Action.DCA: Action.DCA_SKIP,
    Action.MANUAL_BUY: Action.MANUAL_SKIP,
}
SELLS = {Action.TRAIL_SELL: Action.HOLD, Action.MANUAL_SELL: Action.MANUAL_SKIP}
TIGHT = RiskLimits(
    max_position_usd=Decimal("0.01"),
    max_position_pct=Decimal("0.01"),
    max_exposure_pct=Decimal("0.01"),
    max_open_positions=1,
    max_orders_per_hour=1,
    max_spread_pct=Decimal("0.0001"),
    max_close_distance_pct=Decimal("0.0001"),
    exit_cooldown_minutes=100_000,
    max_venue_divergence_pct=Decimal("0.0001"),
    daily_loss_limit_usd=Decimal("0.01"),
)
SILENT = VenueAges(account=None, products=None, fee=None, clock=0, skew=0)
"""The venue has told its time and nothing else."""


def buy(action: Action = Action.ENTRY, size: str = "50") -> Decision:
    """A buy that the strategy wants."""
    return Decision(
        ETH, NOW, action, ReasonCode.LONG_SIGNAL, {"a": "1"}, quote_size=Usd(Decimal(size))
    )


def sell(action: Action) -> Decision:
    """A sell that the strategy wants."""
    return Decision(
        ETH,
        NOW,
        action,
        ReasonCode.TRAIL_CROSSED,
        base_size=Base(Decimal(2)),
        trail=Trail(armed=True),
    )


def limits(**values: Any) -> StrategyRules:  # noqa: ANN401 - any field
    """Rules without any limit but ``values``."""
    free: dict[str, Any] = dict.fromkeys(
        (
            "max_position_pct",
            "max_exposure_pct",
            "max_orders_per_hour",
            "max_spread_pct",
            "max_close_distance_pct",
            "max_venue_divergence_pct",
        )
    )
    return StrategyRules(risk=RiskLimits(**{**free, **values}))


def assert_limit(
    code: ReasonCode, within: CoinView, beyond: CoinView, rules: StrategyRules
) -> None:
    """The limit itself is within; anything beyond refuses with ``code`` and the two numbers."""
    assert admit(buy(), within, rules) == buy()
    refused = admit(buy(), beyond, rules)
    assert (refused.action, refused.reason_code) == (Action.SKIP, code)
    assert refused.quote_size is None
    assert Decimal(refused.numbers["value"]) > Decimal(refused.numbers["limit"])
    assert refused.numbers["a"] == "1"


@pytest.mark.parametrize("action", [*BUYS, *SELLS])
def test_what_is_within_all_limits_passes_unchanged(action: Action) -> None:
    """The very same decision comes back."""
    decision = buy(action) if action in BUYS else sell(action)
    assert admit(decision, coin_view(), StrategyRules()) is decision


@pytest.mark.parametrize("action", [Action.HOLD, Action.SKIP, Action.DCA_SKIP, Action.MANUAL_SKIP])
def test_what_is_no_order_passes_even_when_halted(action: Action) -> None:
    """There is nothing to refuse, and the first reason stays."""
    decision = Decision(ETH, NOW, action, ReasonCode.WAITING)
    view = coin_view(trading=TradingState(halted=True), quote=None)
    assert admit(decision, view, StrategyRules()) is decision


@pytest.mark.parametrize("action", [*BUYS, *SELLS])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"trading": TradingState(halted=True)}, ReasonCode.HALTED),
        ({"quote": None}, ReasonCode.QUOTE_UNKNOWN),
        ({"quote": a_quote(at=NOW - timedelta(seconds=16))}, ReasonCode.QUOTE_STALE),
        ({"quote": a_quote("100", "99")}, ReasonCode.QUOTE_INVALID),
    ],
)
def test_a_halt_and_an_unusable_quote_stop_every_order(
    action: Action, changes: dict[str, Any], code: ReasonCode
) -> None:
    """Buys become skips; a sell becomes a position that is held, with its trail."""
    decision = buy(action) if action in BUYS else sell(action)
    refused = admit(decision, coin_view(**changes), StrategyRules())
    assert refused.action is {**BUYS, **SELLS}[action]
    assert refused.reason_code is code
    assert refused.quote_size is None
    assert refused.base_size is None
    assert refused.trail == decision.trail


@pytest.mark.parametrize("action", SELLS)
def test_no_limit_stands_against_a_sell(action: Action) -> None:
    """Selling makes every risk smaller, even when nothing is known but the quote."""
    view = coin_view(
        a_position(),
        quote=a_quote("100", "150"),
        account_value=None,
        exposure=None,
        last_close=None,
        orders_last_hour=999,
        last_exit_at=NOW,
        divergence_pct=None,
        realised_today=None,
        ages=SILENT,
        books=a_books(cash="0"),
    )
    assert admit(sell(action), view, StrategyRules(risk=TIGHT)) == sell(action)


def test_the_spread_is_measured_over_the_bid() -> None:
    """1 percent of 100 is 101."""
    assert_limit(
        ReasonCode.SPREAD_LIMIT,
        coin_view(quote=a_quote("100", "101")),
        coin_view(quote=a_quote("100", "101.01")),
        limits(max_spread_pct=Decimal(1)),
    )


@pytest.mark.parametrize(("within", "beyond"), [("120", "120.01"), ("80", "79.99")])
def test_an_ask_far_from_the_last_close_is_not_believed(within: str, beyond: str) -> None:
    """20 percent up or down."""
    assert_limit(
        ReasonCode.CLOSE_DISTANCE_LIMIT,
        coin_view(quote=a_quote(within)),
        coin_view(quote=a_quote(beyond)),
        limits(max_close_distance_pct=Decimal(20)),
    )


@pytest.mark.parametrize("close", [None, Price(Decimal(0)), Price(Decimal("NaN"))])
def test_without_a_last_close_the_price_cannot_be_checked(close: Price | None) -> None:
    """Unknown is not near."""
    view = coin_view(last_close=close)
    refused = admit(buy(), view, limits(max_close_distance_pct=Decimal(20)))
    assert refused.reason_code is ReasonCode.CLOSE_UNKNOWN


def a_day(realised: str | None) -> CoinView:
    """What was realised today."""
    return coin_view(realised_today=None if realised is None else Usd(Decimal(realised)))


def aged(**ages: float | None) -> CoinView:
    """Facts that were read so many seconds ago."""
    return coin_view(ages=replace(FRESH, **ages))


@pytest.mark.parametrize(
    ("code", "within", "beyond"),
    [
        (
            ReasonCode.QUOTE_STALE,
            {"quote": a_quote(at=NOW - 15 * S)},
            {"quote": a_quote(at=NOW - 16 * S)},
        ),
        (
            ReasonCode.CANDLE_STALE,
            {"last_close_at": NOW - 3 * H},
            {"last_close_at": NOW - 3 * H - S},
        ),
        (ReasonCode.CANDLE_STALE, {"last_close_at": NOW + 3 * H}, {"last_close_at": NOW + 4 * H}),
        (ReasonCode.CLOSE_UNKNOWN, {}, {"last_close_at": None}),
        (
            ReasonCode.ACCOUNT_STALE,
            {"ages": aged(account=1800).ages},
            {"ages": aged(account=1801).ages},
        ),
        (ReasonCode.ACCOUNT_STALE, {}, {"ages": aged(account=None).ages}),
        (
            ReasonCode.PRODUCTS_STALE,
            {"ages": aged(products=3600).ages},
            {"ages": aged(products=3601).ages},
        ),
        (ReasonCode.PRODUCTS_STALE, {}, {"ages": aged(products=None).ages}),
        (ReasonCode.FEE_STALE, {"ages": aged(fee=86_400).ages}, {"ages": aged(fee=86_401).ages}),
        (ReasonCode.FEE_STALE, {}, {"ages": aged(fee=None).ages}),
        (ReasonCode.CLOCK_STALE, {"ages": aged(clock=3600).ages}, {"ages": aged(clock=3601).ages}),
        (ReasonCode.CLOCK_STALE, {}, {"ages": aged(clock=None).ages}),
        (ReasonCode.CLOCK_STALE, {}, {"ages": aged(skew=None).ages}),
        (ReasonCode.CLOCK_SKEW, {"ages": aged(skew=5).ages}, {"ages": aged(skew=5.1).ages}),
        (ReasonCode.CLOCK_SKEW, {"ages": aged(skew=-5).ages}, {"ages": aged(skew=-5.1).ages}),
    ],
)
@pytest.mark.parametrize("action", BUYS)
def test_no_input_is_used_beyond_its_age(
    action: Action, code: ReasonCode, within: dict[str, Any], beyond: dict[str, Any]
) -> None:
    """The budget itself is within; older, or never read, shuts every buy."""
    decision = buy(action)
    assert admit(decision, coin_view(**within), StrategyRules()) is decision
    refused = admit(decision, coin_view(**beyond), StrategyRules())
    assert (refused.action, refused.reason_code) == (BUYS[action], code)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"trading": TradingState(paused=True)}, ReasonCode.PAUSED),
        ({"trading": TradingState(safe_mode=True)}, ReasonCode.SAFE_MODE),
        ({"trading": TradingState(differences=("BTC",))}, ReasonCode.DIFFERENCES),
    ],
)
@pytest.mark.parametrize("action", [*BUYS, *SELLS])
def test_while_reducing_nobody_buys_and_anybody_sells(
    action: Action, changes: dict[str, Any], code: ReasonCode
) -> None:
    """A person's own buy too: reducing means exits only."""
    decision = buy(action) if action in BUYS else sell(action)
    admitted = admit(decision, coin_view(**changes), StrategyRules())
    if action in SELLS:
        assert admitted is decision
    else:
        assert (admitted.action, admitted.reason_code) == (BUYS[action], code)


def test_the_day_s_realised_loss_is_bounded() -> None:
    """At the limit nothing is bought any more; a gain, or a loss below it, does not matter."""
    rules = limits(daily_loss_limit_usd=Decimal(100))
    assert admit(buy(), a_day("-99.99"), rules) == buy()
    assert admit(buy(), a_day("500"), rules) == buy()
    refused = admit(buy(), a_day("-100"), rules)
    assert refused.reason_code is ReasonCode.DAILY_LOSS_LIMIT
    assert refused.numbers["why"] == "100 lost today (UTC); the limit is 100"
    assert admit(buy(), a_day(None), rules).reason_code is ReasonCode.REALISED_UNKNOWN
    assert admit(buy(), a_day(None), limits()) == buy()
    assert admit(buy(), a_day("-9999"), limits()) == buy()


def test_venues_that_disagree_about_an_hour_are_not_believed() -> None:
    """Both closes of one hour, not a close and a later price."""
    rules = limits(max_venue_divergence_pct=Decimal(3))
    assert_limit(
        ReasonCode.VENUE_DIVERGENCE_LIMIT,
        coin_view(divergence_pct=Decimal(3)),
        coin_view(divergence_pct=Decimal("3.01")),
        rules,
    )
    unknown = coin_view(divergence_pct=None)
    assert admit(buy(), unknown, rules).reason_code is ReasonCode.DIVERGENCE_UNKNOWN
    assert admit(buy(), unknown, limits()) == buy()


def test_a_coin_s_own_limit_takes_the_place_of_everybody_s() -> None:
    """Tighter or looser; other coins keep the common one."""
    own = limits(max_position_usd=Decimal(10))
    rules = limits(max_position_usd=Decimal(60)).model_copy(update={"coins": {BTC: own}})
    assert admit(buy(), coin_view(), rules).reason_code is ReasonCode.POSITION_USD_LIMIT
    assert admit(buy(), coin_view(coin=ETH), rules) == buy()


def test_a_coin_is_not_entered_again_soon_after_an_exit() -> None:
    """The cooldown is over exactly when its minutes are."""
    rules = limits(exit_cooldown_minutes=30)
    view = coin_view(last_exit_at=NOW - timedelta(minutes=29))
    assert admit(buy(), view, rules).reason_code is ReasonCode.EXIT_COOLDOWN
    assert admit(buy(), coin_view(last_exit_at=NOW - timedelta(minutes=30)), rules) == buy()
    assert admit(buy(), coin_view(last_exit_at=None), rules) == buy()
    assert admit(buy(), coin_view(last_exit_at=NOW), limits()) == buy()
    for action in (Action.DCA, Action.MANUAL_BUY):
        assert admit(buy(action), view, rules) == buy(action)


def test_no_more_positions_are_opened_than_allowed() -> None:
    """An open position may still be averaged down."""
    rules = limits(max_open_positions=1)
    one = a_books(a_position(coin=ETH))
    refused = admit(buy(Action.MANUAL_BUY), coin_view(books=one), rules)
    assert_limit(ReasonCode.OPEN_POSITIONS_LIMIT, coin_view(), coin_view(books=one), rules)
    assert refused.action is Action.MANUAL_SKIP
    assert admit(buy(Action.DCA), coin_view(a_position()), rules) == buy(Action.DCA)


def test_orders_per_hour_are_bounded() -> None:
    """The order itself is counted: two allowed, one done, one more passes."""
    assert_limit(
        ReasonCode.ORDERS_PER_HOUR_LIMIT,
        coin_view(orders_last_hour=1),
        coin_view(orders_last_hour=2),
        limits(max_orders_per_hour=2),
    )


def test_a_position_is_bounded_in_dollars() -> None:
    """Two coins at the bid of 100 and an order of 50 are 250."""
    view = coin_view(a_position())
    assert admit(buy(), view, limits(max_position_usd=Decimal(250))) == buy()
    refused = admit(buy(), view, limits(max_position_usd=Decimal("249.99")))
    assert refused.reason_code is ReasonCode.POSITION_USD_LIMIT
    assert admit(buy(), coin_view(), limits(max_position_usd=Decimal(50))) == buy()


def test_a_position_is_bounded_in_percent_of_the_account() -> None:
    """250 dollars are 2.5 percent of 10,000."""
    assert_limit(
        ReasonCode.POSITION_PCT_LIMIT,
        coin_view(a_position()),
        coin_view(a_position(), account_value=Usd(Decimal(9_999))),
        limits(max_position_pct=Decimal("2.5")),
    )


def test_all_positions_are_bounded_in_percent_of_the_account() -> None:
    """9,450 invested and an order of 50 are 95 percent of 10,000."""
    assert_limit(
        ReasonCode.EXPOSURE_LIMIT,
        coin_view(exposure=Usd(Decimal(9_450))),
        coin_view(exposure=Usd(Decimal("9450.01"))),
        limits(max_exposure_pct=Decimal(95)),
    )


@pytest.mark.parametrize(
    ("changes", "rules", "code"),
    [
        ({"account_value": None}, limits(max_position_pct=1), ReasonCode.ACCOUNT_UNKNOWN),
        ({"account_value": None}, limits(max_exposure_pct=1), ReasonCode.ACCOUNT_UNKNOWN),
        ({"exposure": None}, limits(max_exposure_pct=1), ReasonCode.EXPOSURE_UNKNOWN),
    ],
)
def test_a_share_of_the_unknown_is_unknown(
    changes: dict[str, Any], rules: StrategyRules, code: ReasonCode
) -> None:
    """A limit that cannot be checked refuses; without the limit the figure is not needed."""
    view = coin_view(**changes)
    assert admit(buy(), view, rules).reason_code is code
    assert admit(buy(), view, limits()) == buy()


def test_cash_must_cover_the_order() -> None:
    """Fees are inside the order's size, so the last dollar may be spent."""
    assert_limit(
        ReasonCode.CASH_SHORT,
        coin_view(books=a_books(cash="50")),
        coin_view(books=a_books(cash="49.99")),
        limits(),
    )


def test_the_first_limit_names_the_reason() -> None:
    """Market, pace, position, exposure, cash: in the documented order."""
    stages: list[tuple[ReasonCode, dict[str, Any]]] = [
        (ReasonCode.HALTED, {}),
        (
            ReasonCode.QUOTE_UNKNOWN,
            {"trading": TradingState(paused=True, safe_mode=True, differences=("x",))},
        ),
        (ReasonCode.PAUSED, {"quote": a_quote("90", "120")}),
        (ReasonCode.SAFE_MODE, {"trading": TradingState(safe_mode=True, differences=("x",))}),
        (ReasonCode.DIFFERENCES, {"trading": TradingState(differences=("x",))}),
        (ReasonCode.REALISED_UNKNOWN, {"trading": TradingState()}),
        (ReasonCode.DAILY_LOSS_LIMIT, {"realised_today": Usd(Decimal(-1))}),
        (ReasonCode.CLOCK_STALE, {"realised_today": Usd(Decimal(0))}),
        (ReasonCode.CLOCK_SKEW, {"ages": replace(SILENT, clock=0, skew=60)}),
        (ReasonCode.SPREAD_LIMIT, {"ages": SILENT}),
        (ReasonCode.CLOSE_UNKNOWN, {"quote": a_quote("120")}),
        (ReasonCode.CANDLE_STALE, {"last_close": Price(Decimal(100))}),
        (ReasonCode.CLOSE_DISTANCE_LIMIT, {"last_close_at": NOW}),
        (ReasonCode.DIVERGENCE_UNKNOWN, {"last_close": Price(Decimal(120))}),
        (ReasonCode.VENUE_DIVERGENCE_LIMIT, {"divergence_pct": Decimal(9)}),
        (ReasonCode.ACCOUNT_STALE, {"divergence_pct": Decimal(0)}),
        (ReasonCode.PRODUCTS_STALE, {"ages": replace(SILENT, account=0)}),
        (ReasonCode.FEE_STALE, {"ages": replace(SILENT, account=0, products=0)}),
        (ReasonCode.EXIT_COOLDOWN, {"ages": FRESH}),
        (ReasonCode.OPEN_POSITIONS_LIMIT, {"last_exit_at": None}),
        (ReasonCode.ORDERS_PER_HOUR_LIMIT, {"books": a_books(cash="0")}),
    ]
    view = coin_view(
        trading=TradingState(halted=True),
        quote=None,
        last_close=None,
        last_close_at=NOW - 9 * H,
        divergence_pct=None,
        realised_today=None,
        ages=VenueAges(None, None, None, None, None),
        last_exit_at=NOW,
        books=a_books(a_position(coin=ETH), cash="0"),
        orders_last_hour=5,
    )
    for code, mended in stages:
        view = replace(view, **mended)
        assert admit(buy(), view, StrategyRules(risk=TIGHT)).reason_code is code
    view = replace(view, orders_last_hour=0)
    loosened = TIGHT
    for code, name in [
        (ReasonCode.POSITION_USD_LIMIT, "max_position_usd"),
        (ReasonCode.POSITION_PCT_LIMIT, "max_position_pct"),
        (ReasonCode.EXPOSURE_LIMIT, "max_exposure_pct"),
    ]:
        assert admit(buy(), view, StrategyRules(risk=loosened)).reason_code is code
        loosened = loosened.model_copy(update={name: None})
    assert admit(buy(), view, StrategyRules(risk=loosened)).reason_code is ReasonCode.CASH_SHORT
