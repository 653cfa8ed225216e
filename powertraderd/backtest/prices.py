"""Prices that a path through an hour must not step over."""

from decimal import Decimal

from powertraderd.model.decision import CoinView
from powertraderd.model.money import floor_to, price_from_float
from powertraderd.model.rules import StrategyRules


def entry_level(view: CoinView, rules: StrategyRules) -> Decimal | None:
    """The level that makes LONG large enough for an entry, if there are so many."""
    if view.signal is None or view.signal.blocked_because:
        return None
    speaking = {said.timeframe for said in view.signal.predictions if said.high != said.low}
    lows = sorted(
        (low for timeframe, low in view.signal.levels.low.items() if timeframe in speaking),
        reverse=True,
    )
    needed = rules.entry.min_long_level
    return price_from_float(lows[needed - 1]) if len(lows) >= needed else None


def below(price: Decimal, step: Decimal) -> Decimal:
    """The highest multiple of ``step`` that is below ``price``."""
    floor = floor_to(price, step)
    return floor - step if floor == price else floor


def up_to(price: Decimal, step: Decimal) -> Decimal:
    """The lowest multiple of ``step`` that is not below ``price``."""
    floor = floor_to(price, step)
    return floor if floor == price else floor + step
