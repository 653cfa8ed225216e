"""What the daemon itself bought and has not sold, and the books around it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from powertraderd.model.candle import Coin
from powertraderd.model.money import EXACT, ZERO_USD, Base, Price, Usd, ratio


@dataclass(frozen=True, slots=True)
class Trail:
    """The trailing exit (STRATEGY.md, Exit). Survives restarts in the ledger.

    ``line`` is the sell line of the last tick, ``peak`` the highest bid since arming,
    ``was_above`` whether the last bid was at or above the line. Armed and not above: the exit is
    due and has not been done yet.
    """

    armed: bool = False
    peak: Price | None = None
    line: Price | None = None
    was_above: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """An open position; ``cost`` is quote spent without fees, ``stage`` counts DCA buys.

    ``dca_bought_at`` holds the times of the DCA buys inside this position, oldest first.
    """

    coin: Coin
    quantity: Base
    cost: Usd
    fees: Usd
    opened_at: datetime
    stage: int = 0
    dca_bought_at: tuple[datetime, ...] = ()
    trail: Trail = field(default_factory=Trail)

    @property
    def average_cost(self) -> Price:
        """Quote spent per coin, without fees, to 28 digits: for decisions, not for the books."""
        return Price(ratio(self.cost, self.quantity))

    def pnl_pct(self, price: Price) -> Decimal | None:
        """``price`` against average cost, percent, without fees; None for a position of no cost."""
        if not self.cost:
            return None
        gain = EXACT.subtract(EXACT.multiply(price, self.quantity), self.cost)
        return ratio(EXACT.multiply(Decimal(100), gain), self.cost)


@dataclass(frozen=True, slots=True)
class Books:
    """All money the ledger knows of.

    Identity (STRATEGY.md, Accounting), to the last digit:
    paid_in + realised - sum(cost + fees of open positions) = cash.
    ``dust`` is what was bought and could not be sold because it is below an increment; its cost
    was booked as a loss when the position was closed.
    """

    paid_in: Usd
    cash: Usd
    realised: Usd = ZERO_USD
    positions: Mapping[Coin, Position] = field(default_factory=dict)
    dust: Mapping[Coin, Decimal] = field(default_factory=dict)
