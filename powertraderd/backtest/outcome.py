"""What came of a backtest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from powertraderd.backtest.book import BacktestTrade
from powertraderd.backtest.plan import Plan
from powertraderd.backtest.track import Floats, Seconds
from powertraderd.model.candle import Coin
from powertraderd.model.decision import Decision
from powertraderd.model.position import Books


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came of it. The arrays have one element per hour, taken at its close.

    ``at``: epoch seconds of the close; ``value``: cash plus positions at the bid; ``exposure``:
    positions at the bid; ``invested``: cost and fees of open positions. ``refusals`` counts the
    decisions that a gate or a limit turned down, by reason code. ``halted_at``: when the drawdown
    limit ended all trading, None if it never did.
    """

    plan: Plan
    coins: tuple[Coin, ...]
    trades: tuple[BacktestTrade, ...]
    decisions: tuple[Decision, ...]
    refusals: Mapping[str, int]
    books: Books
    halted_at: datetime | None
    at: Seconds
    value: Floats
    cash: Floats
    exposure: Floats
    invested: Floats
