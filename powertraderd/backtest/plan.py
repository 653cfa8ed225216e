"""What a backtest runs."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from powertraderd.model.money import Usd
from powertraderd.model.rules import StrategyRules

PathName = Literal["pessimistic", "replay"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run. ``fee_rate`` is a fraction, ``spread_pct`` the ask over the bid in percent.

    ``start`` and ``end``: the hours that are traded (opening times, end excluded). ``delayed``:
    an order's fills arrive with the coin's next tick, not within the same one. ``screened`` leaves
    out hours in which nothing can happen; without it every tick is decided and journalled.
    """

    rules: StrategyRules
    cash: Usd
    fee_rate: Decimal
    spread_pct: Decimal
    start: datetime
    end: datetime
    quote: str = "USD"
    path: PathName = "pessimistic"
    step_minutes: int = 3
    delayed: bool = True
    screened: bool = True
