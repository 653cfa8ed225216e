"""What to do with one coin: composes entry, trailing exit and DCA; and the manual commands.

Order of the questions (docs/strategy.md): without a position only the entry is considered. With
one, the exit comes first; only when nothing stands in the way and the exit is not armed, the DCA
triggers are looked at. Risk limits and cash are asked by ``risk.admit`` afterwards.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import localcontext

from powertraderd.model.decision import Action, CoinView, Decision, ReasonCode
from powertraderd.model.money import EXACT, Base, Usd
from powertraderd.model.position import Position
from powertraderd.model.rules import StrategyRules
from powertraderd.strategy import dca, entry, gates, trailing
from powertraderd.strategy.figures import figures, shown


def decide(view: CoinView, rules: StrategyRules) -> Decision:
    """ENTRY or SKIP without a position; TRAIL_SELL, DCA, DCA_SKIP or HOLD with one.

    Depends on nothing but its arguments. Hand the answer to ``risk.admit`` before acting on it,
    and save ``trail`` before an order is placed, because booking a buy starts the trail anew.
    """
    rules = rules.of(view.coin)
    with localcontext(EXACT):
        if view.position is None:
            return entry.consider(view, rules)
        decision = trailing.tend(view, view.position, rules)
        if decision.reason_code is ReasonCode.WAITING:
            decision = dca.consider(decision, view, view.position, rules)
        return _with_next_dca(decision, view, view.position, rules)


def manual_buy(view: CoinView, rules: StrategyRules, quote_size: Usd) -> Decision:
    """MANUAL_BUY of ``quote_size`` (fees inside), rounded down, or MANUAL_SKIP with the reason.

    Signals, caps and cooldowns do not count; halted, quote, product and size do, and so does
    whatever `risk.admit` asks of a buy.
    """
    rules = rules.of(view.coin)
    with localcontext(EXACT):
        try:
            size = _manual_buy_size(view, rules, quote_size)
        except gates.Blocked as blocked:
            return _manual_skip(view, rules, blocked)
        bought = _manual(view, rules, Action.MANUAL_BUY, {"size": shown(size)})
        return replace(bought, quote_size=size)


def manual_sell(view: CoinView, rules: StrategyRules, base_size: Base) -> Decision:
    """MANUAL_SELL of ``base_size``, rounded down, or MANUAL_SKIP with the reason.

    Only what the daemon itself bought can be sold; asking for more is refused, not cut.
    """
    rules = rules.of(view.coin)
    with localcontext(EXACT):
        try:
            size = _manual_sell_size(view, rules, base_size)
        except gates.Blocked as blocked:
            return _manual_skip(view, rules, blocked)
        sold = _manual(view, rules, Action.MANUAL_SELL, {"size": shown(size)})
        return replace(sold, base_size=size)


def _manual_buy_size(view: CoinView, rules: StrategyRules, quote_size: Usd) -> Usd:
    gates.refuse_when_busy(view)
    wanted = gates.asked_size(quote_size)
    gates.usable_quote(view, rules.risk)
    return gates.asked_buy_size(wanted, gates.open_product(view))


def _manual_sell_size(view: CoinView, rules: StrategyRules, base_size: Base) -> Base:
    gates.refuse_when_busy(view)
    if view.position is None:
        raise gates.Blocked(ReasonCode.NO_POSITION)
    wanted = gates.asked_size(base_size)
    if wanted > view.position.quantity:
        raise gates.Blocked(ReasonCode.MORE_THAN_HELD, asked=shown(wanted))
    gates.usable_quote(view, rules.risk)
    return gates.asked_sell_size(wanted, gates.open_product(view))


def _manual(
    view: CoinView, rules: StrategyRules, action: Action, numbers: Mapping[str, str]
) -> Decision:
    decision = Decision(
        view.coin,
        view.now,
        action,
        ReasonCode.MANUAL_COMMAND,
        {**figures(view, rules), **numbers},
    )
    if view.position is None:
        return decision
    return _with_next_dca(decision, view, view.position, rules)


def _manual_skip(view: CoinView, rules: StrategyRules, blocked: gates.Blocked) -> Decision:
    skipped = _manual(view, rules, Action.MANUAL_SKIP, blocked.numbers)
    return replace(skipped, reason_code=blocked.code)


def _with_next_dca(
    decision: Decision, view: CoinView, position: Position, rules: StrategyRules
) -> Decision:
    price, source = dca.next_line(view, position, rules)
    return replace(decision, next_dca_price=price, next_dca_source=source)
