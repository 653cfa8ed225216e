"""Averaging down: the hard and the neural trigger, the cap and the cooldown (STRATEGY.md, DCA)."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from powertraderd.model.decision import Action, CoinView, Decision, ReasonCode
from powertraderd.model.money import Price, Usd, price_from_float, ratio
from powertraderd.model.position import Position
from powertraderd.model.rules import DcaRules, StrategyRules
from powertraderd.model.signal import Signal
from powertraderd.strategy import gates
from powertraderd.strategy.figures import shown

CAP_WINDOW = timedelta(hours=24)
_HUNDRED = Decimal(100)


def consider(held: Decision, view: CoinView, position: Position, rules: StrategyRules) -> Decision:
    """``held`` turned into DCA or DCA_SKIP when a trigger fires, else ``held`` as it is.

    Raises Blocked where the quote is not usable; the exit has asked that before.
    """
    quote = gates.usable_quote(view, rules.risk)
    code = _trigger(position, quote.ask, _signal(view, rules), rules)
    if code is None:
        return held
    numbers = {
        **held.numbers,
        "trigger": code.value,
        "level_pct": shown(_level_pct(position, rules.dca)),
        "dca_24h": str(buys_in_window(position, view.now)),
    }
    try:
        size = _size(view, position, rules)
    except gates.Blocked as blocked:
        numbers |= blocked.numbers
        return replace(held, action=Action.DCA_SKIP, reason_code=blocked.code, numbers=numbers)
    numbers["size"] = shown(size)
    return replace(held, action=Action.DCA, reason_code=code, numbers=numbers, quote_size=size)


def buys_in_window(position: Position, now: datetime) -> int:
    """DCA buys of this position within the rolling 24 hours."""
    return sum(now - at < CAP_WINDOW for at in position.dca_bought_at)


def next_line(view: CoinView, position: Position, rules: StrategyRules) -> tuple[Price, str]:
    """The ask that triggers the next DCA buy and what triggers there: "hard" or "neural N4".

    The neural line is the level of the signal that makes LONG large enough, below average cost.
    """
    drop = _HUNDRED + _level_pct(position, rules.dca)
    hard = Price(ratio(position.cost * drop, position.quantity * _HUNDRED))
    signal = _signal(view, rules)
    needed = _long_needed(position, rules)
    lows = [] if signal is None else _effective_lows(signal)
    if len(lows) < needed:
        return hard, "hard"
    neural = min(price_from_float(lows[needed - 1]), position.average_cost)
    return (neural, f"neural N{needed}") if neural > hard else (hard, "hard")


def _trigger(
    position: Position, ask: Price, signal: Signal | None, rules: StrategyRules
) -> ReasonCode | None:
    gain = ask * position.quantity - position.cost
    if _HUNDRED * gain <= _level_pct(position, rules.dca) * position.cost:
        return ReasonCode.DCA_HARD
    if signal is None or gain >= 0 or signal.long_count < _long_needed(position, rules):
        return None
    return ReasonCode.DCA_NEURAL


def _size(view: CoinView, position: Position, rules: StrategyRules) -> Usd:
    gates.refuse_when_reducing(view.trading)
    _refuse_above_cap(position, view.now, rules.dca)
    _refuse_in_cooldown(position, view.now, rules.dca)
    quote = gates.usable_quote(view, rules.risk)
    product = gates.open_product(view)
    return gates.buy_size(position.quantity * quote.bid * rules.dca.multiplier, product)


def _refuse_above_cap(position: Position, now: datetime, rules: DcaRules) -> None:
    if rules.max_per_24h is not None and buys_in_window(position, now) >= rules.max_per_24h:
        raise gates.Blocked(ReasonCode.DCA_CAP, limit=str(rules.max_per_24h))


def _refuse_in_cooldown(position: Position, now: datetime, rules: DcaRules) -> None:
    cooldown = timedelta(minutes=rules.cooldown_minutes)
    if cooldown and any(now - at < cooldown for at in position.dca_bought_at):
        raise gates.Blocked(ReasonCode.DCA_COOLDOWN, limit_minutes=str(rules.cooldown_minutes))


def _level_pct(position: Position, rules: DcaRules) -> Decimal:
    levels = rules.drawdown_levels_pct
    return levels[min(position.stage, len(levels) - 1)]


def _long_needed(position: Position, rules: StrategyRules) -> int:
    """LONG for a neural buy at this stage; above 7, from stage 7 - min_long_level on, is never."""
    return rules.entry.min_long_level + 1 + position.stage


def _signal(view: CoinView, rules: StrategyRules) -> Signal | None:
    try:
        return gates.usable_signal(view, rules)
    except gates.Blocked:
        return None


def _effective_lows(signal: Signal) -> list[float]:
    """Low levels that can say LONG, highest first: the ask below the Nth makes LONG at least N."""
    speaking = {said.timeframe for said in signal.predictions if said.high != said.low}
    lows = (low for timeframe, low in signal.levels.low.items() if timeframe in speaking)
    return sorted(lows, reverse=True)
