"""Hours in which nothing can happen, found without asking the strategy.

A screen may let an hour through in which nothing happens; it must never hold one back in which
something would (a test compares runs with and without screens). It works on the middle price: the
bid is never above it and the ask never below.
"""

import numpy as np

from powertraderd.backtest.track import TIMEFRAMES, Floats, Track
from powertraderd.model.position import Position
from powertraderd.model.rules import StrategyRules

SLACK = 1e-9
"""Share by which float64 may be wrong about a price that the strategy works out exactly."""


class Screen:
    """The lowest and highest prices of one coin between which the strategy stays still."""

    def __init__(self, track: Track, rules: StrategyRules) -> None:
        """Sort the low levels of every hour once."""
        self._rules = rules
        self._nth_low = _nth_lows(track, rules.signal.bound_distance_pct)
        self._entry = self._nth_low[:, rules.entry.min_long_level - 1]
        self._may_enter = track.low < self._entry * (1 + SLACK)
        self._position: Position | None = None
        self._start = self._hard = self._average = 0.0
        self._needed = 0

    def may_enter(self, index: int) -> bool:
        """Whether the entry's level lies within reach of the hour at ``index``."""
        return bool(self._may_enter[index])

    def may_act(self, position: Position, index: int, low: float, high: float) -> bool:
        """Whether an exit may be armed, be due, or an averaging down be triggered in the hour."""
        if position is not self._position:
            self._look_at(position)
        if position.trail.armed or high >= self._start * (1 - SLACK):
            return True
        trigger = self._hard
        if self._needed <= len(TIMEFRAMES):
            neural = float(self._nth_low[index, self._needed - 1])
            if neural == neural:  # noqa: PLR0124 - not NaN: so many timeframes are active
                trigger = max(trigger, min(self._average, neural))
        return low <= trigger * (1 + SLACK)

    def _look_at(self, position: Position) -> None:
        rules = self._rules
        self._position = position
        self._average = float(position.average_cost)
        start_pct = rules.exit.start_pct if position.stage == 0 else rules.exit.start_pct_after_dca
        cap_pct = rules.exit.take_profit_pct
        rise_pct = start_pct if cap_pct is None else min(start_pct, cap_pct)
        self._start = self._average * (1 + float(rise_pct) / 100)
        levels_pct = rules.dca.drawdown_levels_pct
        level_pct = levels_pct[min(position.stage, len(levels_pct) - 1)]
        if rules.risk.stop_loss_pct is not None:
            level_pct = max(level_pct, -rules.risk.stop_loss_pct)
        self._hard = self._average * (1 + float(level_pct) / 100)
        self._needed = rules.entry.min_long_level + 1 + position.stage


def _nth_lows(track: Track, bound_distance_pct: float) -> Floats:
    """Low levels of each hour before they are spread, highest first, NaN last.

    Spreading moves low levels only down, so the Nth one here bounds the Nth real one from above.
    """
    lows = track.predicted_low * (1 - bound_distance_pct / 100)
    return -np.sort(-lows, axis=1)
