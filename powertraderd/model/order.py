"""Orders: the intent that is durable before the call, what the exchange says, and fills."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from powertraderd.model.candle import Coin
from powertraderd.model.money import ZERO_BASE, ZERO_USD, Base, Price, Usd


class OrderSide(StrEnum):
    """Buy or sell."""

    BUY = "BUY"
    SELL = "SELL"


class Tag(StrEnum):
    """Why the order exists."""

    ENTRY = "ENTRY"
    DCA = "DCA"
    TRAIL_SELL = "TRAIL_SELL"
    MANUAL_BUY = "MANUAL_BUY"
    MANUAL_SELL = "MANUAL_SELL"


class OrderState(StrEnum):
    """The life of an order (EXCHANGE.md, Never twice, never lost)."""

    INTENDED = "INTENDED"
    SENDING = "SENDING"
    UNKNOWN = "UNKNOWN"
    PLACED = "PLACED"
    PARTIAL = "PARTIAL"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    NOT_PLACED = "NOT_PLACED"

    @property
    def final(self) -> bool:
        """Whether nothing more can happen to the order."""
        return self in _FINAL


_FINAL = frozenset(
    {
        OrderState.FILLED,
        OrderState.CANCELLED,
        OrderState.EXPIRED,
        OrderState.REJECTED,
        OrderState.NOT_PLACED,
    }
)


class OrderEvent(StrEnum):
    """What moves an order on; strategy/orders.py holds the table (docs/orders.md shows it)."""

    SEND = "SEND"
    """The request is about to leave; written before it does."""
    ABANDON = "ABANDON"
    """The intent was never sent and never will be."""
    LOST = "LOST"
    """The request may have left, and no answer tells what became of it."""
    ACCEPTED = "ACCEPTED"
    """The exchange knows the order: its answer, or found by reading."""
    REFUSED = "REFUSED"
    """The exchange definitely did not take the order."""
    ABSENT = "ABSENT"
    """Reading did not find the order, and the quiet window is over."""
    PARTLY_FILLED = "PARTLY_FILLED"
    """Some fills are known; more fills, or final fees, may come."""
    FILLED = "FILLED"
    """Completely filled and settled."""
    CANCELLED = "CANCELLED"
    """Ended by the exchange or its owner, with or without fills."""
    EXPIRED = "EXPIRED"
    """Ended by time, with or without fills."""
    FOUND = "FOUND"
    """The exchange has the order after all, long after it counted as not placed."""


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """The market order we want; a buy has ``quote_size`` (fees inside), a sell ``base_size``."""

    client_order_id: str
    coin: Coin
    product_id: str
    side: OrderSide
    tag: Tag
    created_at: datetime
    quote_size: Usd | None = None
    base_size: Base | None = None
    reason_code: str = ""
    request_id: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill as the exchange reports it; ``fee`` in the quote currency."""

    trade_id: str
    order_id: str
    client_order_id: str
    coin: Coin
    side: OrderSide
    quantity: Base
    price: Price
    value: Usd
    fee: Usd
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderReport:
    """The exchange's own word on one order.

    ``settled`` means that filled size and fees will not change any more.
    """

    order_id: str
    client_order_id: str
    product_id: str
    side: OrderSide
    state: OrderState
    filled_quantity: Base
    filled_value: Usd
    fees: Usd
    created_at: datetime
    settled: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """The exchange took the order."""

    order_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The exchange definitely did not take the order; ``code`` is its own word."""

    code: str
    message: str = ""


Placement = Placed | Refused


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An intent with what the ledger knows of its fate."""

    intent: OrderIntent
    state: OrderState
    updated_at: datetime
    order_id: str | None = None
    refusal: str | None = None
    filled_quantity: Base = ZERO_BASE
    filled_value: Usd = ZERO_USD
    fees: Usd = ZERO_USD
    realised: Usd | None = None
