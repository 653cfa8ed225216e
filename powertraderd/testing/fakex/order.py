"""An order as it really is, with the times at which it becomes visible."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from powertraderd.testing.fakex.figures import MATH, ZERO, total

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
END = datetime(9998, 1, 1, tzinfo=UTC)
"""After everything that is bound to happen."""


@dataclass(slots=True)
class Execution:
    """One fill."""

    trade_id: str
    price: Decimal
    size: Decimal
    value: Decimal
    commission: Decimal
    at: datetime
    maker: bool = False


@dataclass(slots=True)
class Order:
    """The truth about one order. ``ending`` is what it becomes once ``done_at`` is reached."""

    order_id: str
    client_order_id: str
    product_id: str
    side: str
    configuration: dict[str, Any]
    created_at: datetime
    accept_at: datetime
    done_at: datetime
    settle_at: datetime
    seen_at: datetime
    listed_at: datetime
    fills_lag_s: float
    balance_lag_s: float
    ending: str
    fee_rate: Decimal
    hold: Decimal
    executions: list[Execution] = field(default_factory=list)
    cancel_message: str = ""
    reject_reason: str = "REJECT_REASON_UNSPECIFIED"
    size_in_quote: bool = False
    cancel_queued: bool = False

    @property
    def buys(self) -> bool:
        """Whether quote currency is spent."""
        return self.side == "BUY"

    @property
    def spends(self) -> str:
        """The currency that is paid with."""
        base, _, quote = self.product_id.partition("-")
        return quote if self.buys else base

    def status(self, now: datetime) -> str:
        """The order's state at ``now``."""
        if now >= self.done_at:
            return self.ending
        if self.cancel_queued:
            return "CANCEL_QUEUED"
        return "OPEN" if now >= self.accept_at else "PENDING"

    def happened(self, now: datetime) -> list[Execution]:
        """Fills that took place by ``now``."""
        return [each for each in self.executions if each.at <= now]

    def settled(self, now: datetime) -> bool:
        """Whether nothing changes any more."""
        return now >= self.settle_at

    def size(self) -> Decimal:
        """All that was or will be filled."""
        return total([each.size for each in self.executions])

    def value(self) -> Decimal:
        """All quote currency that changes hands, without fees."""
        return total([each.value for each in self.executions])

    def fees(self) -> Decimal:
        """All fees."""
        return total([each.commission for each in self.executions])

    def outstanding(self, now: datetime) -> Decimal:
        """What is held back at ``now`` of the currency that is paid with."""
        if now >= self.done_at:
            return ZERO
        paid = total([_paid(self, each) for each in self.happened(now)])
        return max(MATH.subtract(self.hold, paid), ZERO)


def _paid(order: Order, each: Execution) -> Decimal:
    return MATH.add(each.value, each.commission) if order.buys else each.size


def effects(order: Order, each: Execution) -> dict[str, Decimal]:
    """What one execution adds to the balances by currency."""
    base, _, quote = order.product_id.partition("-")
    if order.buys:
        return {base: each.size, quote: -MATH.add(each.value, each.commission)}
    return {base: -each.size, quote: MATH.subtract(each.value, each.commission)}
