"""Decisions: what to do with one coin at one moment, why, and with which numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from powertraderd.model.candle import Coin
from powertraderd.model.money import Base, Price, Usd
from powertraderd.model.position import Books, Position, Trail
from powertraderd.model.product import Product
from powertraderd.model.quote import Quote
from powertraderd.model.signal import Signal


class Action(StrEnum):
    """What is done. HOLD: a position is kept; SKIP: no position and none opened."""

    ENTRY = "ENTRY"
    SKIP = "SKIP"
    DCA = "DCA"
    DCA_SKIP = "DCA_SKIP"
    HOLD = "HOLD"
    TRAIL_SELL = "TRAIL_SELL"
    MANUAL_BUY = "MANUAL_BUY"
    MANUAL_SELL = "MANUAL_SELL"
    MANUAL_SKIP = "MANUAL_SKIP"


@dataclass(frozen=True, slots=True)
class TradingState:
    """What the owner and the supervisor allow right now.

    ``paused``: no entries and no averaging down, exits go on. ``safe_mode``: the same, after the
    breaker tripped. ``halted``: nothing at all. ``differences``: why reconciliation allows no
    entries.
    """

    paused: bool = False
    safe_mode: bool = False
    halted: bool = False
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CoinView:
    """Everything known about one coin at ``now``; ``None`` means unknown, never zero.

    ``account_value`` is cash plus all positions at the bid, None while a quote is missing.
    ``exposure`` is the value of all positions at the bid. ``orders_last_hour`` counts intents.
    ``order_in_flight``: an order of this coin is not final yet.
    """

    coin: Coin
    now: datetime
    product: Product | None
    quote: Quote | None
    signal: Signal | None
    position: Position | None
    books: Books
    account_value: Usd | None
    exposure: Usd | None
    fee_rate: Decimal | None
    orders_last_hour: int
    last_exit_at: datetime | None
    last_close: Price | None
    order_in_flight: bool
    trading: TradingState


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with ``coin``, and why.

    ``quote_size`` for buys, ``base_size`` for sells, both None otherwise. ``trail`` is the trail
    after this tick for an open position. ``numbers`` are the figures that led here, as plain text.
    """

    coin: Coin
    at: datetime
    action: Action
    reason_code: str
    numbers: Mapping[str, str] = field(default_factory=dict)
    quote_size: Usd | None = None
    base_size: Base | None = None
    trail: Trail | None = None
    next_dca_price: Price | None = None
    next_dca_source: str = ""
