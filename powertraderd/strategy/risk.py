"""Risk limits: the last word before an order (STRATEGY.md, Risk).

Limits stand against buys. A sell makes every risk smaller, so only a halt or a quote that cannot
be trusted stops it.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, localcontext

from powertraderd.model.decision import Action, CoinView, Decision, ReasonCode
from powertraderd.model.money import EXACT, Usd
from powertraderd.model.quote import Quote
from powertraderd.model.rules import RiskLimits, StrategyRules
from powertraderd.strategy import gates, standing
from powertraderd.strategy.figures import shown

_REFUSED = {
    Action.ENTRY: Action.SKIP,
    Action.DCA: Action.DCA_SKIP,
    Action.TRAIL_SELL: Action.HOLD,
    Action.MANUAL_BUY: Action.MANUAL_SKIP,
    Action.MANUAL_SELL: Action.MANUAL_SKIP,
}
_HUNDRED = Decimal(100)


def admit(decision: Decision, view: CoinView, rules: StrategyRules) -> Decision:
    """``decision`` unchanged, or its refusal (SKIP, DCA_SKIP, HOLD, MANUAL_SKIP) with the reason.

    Manual commands answer to the same limits, except the cooldown after an exit. Cash is asked
    last.
    """
    if decision.action not in _REFUSED:
        return decision
    try:
        with localcontext(EXACT):
            _check(decision, view, rules.of(view.coin).risk)
    except gates.Blocked as blocked:
        return replace(
            decision,
            action=_REFUSED[decision.action],
            reason_code=blocked.code,
            numbers={**decision.numbers, **blocked.numbers},
            quote_size=None,
            base_size=None,
        )
    return decision


def _check(decision: Decision, view: CoinView, limits: RiskLimits) -> None:
    gates.refuse_when_halted(view.trading)
    quote = gates.usable_quote(view, limits)
    if decision.quote_size is None:
        return
    gates.refuse_when_reducing(view.trading)
    for brake in standing.brakes(view.realised_today, view.ages, limits):
        raise gates.Blocked(brake.code, why=brake.why)
    _check_market(view, quote, limits)
    _check_ages(view, limits)
    _check_pace(decision, view, limits)
    _check_position(decision.quote_size, view, quote, limits)
    _check_exposure(decision.quote_size, view, limits)
    _at_most(ReasonCode.CASH_SHORT, decision.quote_size, view.books.cash)


def _check_market(view: CoinView, quote: Quote, limits: RiskLimits) -> None:
    if limits.max_spread_pct is not None:
        spread_pct = _HUNDRED * (quote.ask - quote.bid) / quote.bid
        _at_most(ReasonCode.SPREAD_LIMIT, spread_pct, limits.max_spread_pct)
    close = gates.usable_close(view, limits)
    if limits.max_close_distance_pct is not None:
        distance_pct = _HUNDRED * abs(quote.ask - close) / close
        _at_most(ReasonCode.CLOSE_DISTANCE_LIMIT, distance_pct, limits.max_close_distance_pct)
    if limits.max_venue_divergence_pct is not None:
        if view.divergence_pct is None:
            raise gates.Blocked(ReasonCode.DIVERGENCE_UNKNOWN)
        divergence, most = view.divergence_pct, limits.max_venue_divergence_pct
        _at_most(ReasonCode.VENUE_DIVERGENCE_LIMIT, divergence, most)


def _check_ages(view: CoinView, limits: RiskLimits) -> None:
    """What was read at the venue too long ago, or never, is not known any more."""
    for code, age, most in (
        (ReasonCode.ACCOUNT_STALE, view.ages.account, limits.account_max_age_seconds),
        (ReasonCode.PRODUCTS_STALE, view.ages.products, limits.products_max_age_seconds),
        (ReasonCode.FEE_STALE, view.ages.fee, limits.fee_max_age_seconds),
    ):
        if age is None or age > most:
            age_s = "never read" if age is None else f"{age:.0f}"
            raise gates.Blocked(code, age_s=age_s, limit_s=f"{most:g}")


def _check_pace(decision: Decision, view: CoinView, limits: RiskLimits) -> None:
    cooldown = timedelta(minutes=limits.exit_cooldown_minutes)
    left = view.last_exit_at
    entering = decision.action is Action.ENTRY
    if entering and cooldown and left is not None and view.now - left < cooldown:
        raise gates.Blocked(
            ReasonCode.EXIT_COOLDOWN, limit_minutes=str(limits.exit_cooldown_minutes)
        )
    if view.position is None:
        positions = Decimal(len(view.books.positions) + 1)
        _at_most(ReasonCode.OPEN_POSITIONS_LIMIT, positions, limits.max_open_positions)
    orders = Decimal(view.orders_last_hour + 1)
    _at_most(ReasonCode.ORDERS_PER_HOUR_LIMIT, orders, limits.max_orders_per_hour)


def _check_position(size: Usd, view: CoinView, quote: Quote, limits: RiskLimits) -> None:
    held = view.position.quantity * quote.bid if view.position is not None else Decimal(0)
    _at_most(ReasonCode.POSITION_USD_LIMIT, held + size, limits.max_position_usd)
    if limits.max_position_pct is not None:
        share = limits.max_position_pct * _account_value(view) / _HUNDRED
        _at_most(ReasonCode.POSITION_PCT_LIMIT, held + size, share)


def _check_exposure(size: Usd, view: CoinView, limits: RiskLimits) -> None:
    if limits.max_exposure_pct is None:
        return
    if view.exposure is None:
        raise gates.Blocked(ReasonCode.EXPOSURE_UNKNOWN)
    share = limits.max_exposure_pct * _account_value(view) / _HUNDRED
    _at_most(ReasonCode.EXPOSURE_LIMIT, view.exposure + size, share)


def _account_value(view: CoinView) -> Usd:
    if view.account_value is None:
        raise gates.Blocked(ReasonCode.ACCOUNT_UNKNOWN)
    return view.account_value


def _at_most(code: ReasonCode, value: Decimal, limit: Decimal | int | None) -> None:
    """Exactly at the limit is within it; None is no limit."""
    if limit is not None and value > limit:
        raise gates.Blocked(code, value=shown(value), limit=shown(Decimal(limit)))
