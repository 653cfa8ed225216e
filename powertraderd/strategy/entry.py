"""Opening a position (STRATEGY.md, Entry)."""

from decimal import Decimal

from powertraderd.model.decision import Action, CoinView, Decision, ReasonCode
from powertraderd.model.money import Usd
from powertraderd.model.rules import StrategyRules
from powertraderd.model.signal import Signal
from powertraderd.strategy import gates
from powertraderd.strategy.figures import figures, shown


def consider(view: CoinView, rules: StrategyRules) -> Decision:
    """ENTRY or SKIP for a coin without a position. The order of the gates is the lines' order."""
    numbers = figures(view, rules)
    try:
        size = _size(view, rules)
    except gates.Blocked as blocked:
        numbers |= blocked.numbers
        return Decision(view.coin, view.now, Action.SKIP, blocked.code, numbers)
    numbers["size"] = shown(size)
    return Decision(
        view.coin, view.now, Action.ENTRY, ReasonCode.LONG_SIGNAL, numbers, quote_size=size
    )


def _size(view: CoinView, rules: StrategyRules) -> Usd:
    gates.refuse_when_busy(view)
    gates.refuse_when_reducing(view.trading)
    gates.usable_quote(view, rules.risk)
    product = gates.open_product(view)
    _refuse_unless_long(gates.usable_signal(view, rules), rules.entry.min_long_level)
    if view.account_value is None:
        raise gates.Blocked(ReasonCode.ACCOUNT_UNKNOWN)
    return gates.buy_size(view.account_value * rules.entry.allocation_pct / Decimal(100), product)


def _refuse_unless_long(signal: Signal, min_long_level: int) -> None:
    if signal.long_count < min_long_level:
        raise gates.Blocked(ReasonCode.LONG_TOO_LOW)
    if signal.short_count:
        raise gates.Blocked(ReasonCode.SHORT_ACTIVE)
