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


class ReasonCode(StrEnum):
    """Why; one code per decision; docs/strategy.md explains each."""

    # something is done
    LONG_SIGNAL = "long_signal"
    DCA_HARD = "dca_hard"
    DCA_NEURAL = "dca_neural"
    TRAIL_CROSSED = "trail_crossed"
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"
    MANUAL_COMMAND = "manual_command"
    # nothing needs doing
    WAITING = "waiting"
    TRAILING = "trailing"
    TRAIL_RESTARTED = "trail_restarted"
    LONG_TOO_LOW = "long_too_low"
    SHORT_ACTIVE = "short_active"
    # somebody forbids it
    HALTED = "halted"
    ORDER_IN_FLIGHT = "order_in_flight"
    PAUSED = "paused"
    SAFE_MODE = "safe_mode"
    DIFFERENCES = "differences"
    DCA_CAP = "dca_cap"
    DCA_COOLDOWN = "dca_cooldown"
    # something is not known, too old or impossible
    QUOTE_UNKNOWN = "quote_unknown"
    QUOTE_STALE = "quote_stale"
    QUOTE_INVALID = "quote_invalid"
    PRODUCT_UNKNOWN = "product_unknown"
    PRODUCT_CLOSED = "product_closed"
    SIGNAL_UNKNOWN = "signal_unknown"
    SIGNAL_STALE = "signal_stale"
    SIGNAL_BLOCKED = "signal_blocked"
    TRAINING_STALE = "training_stale"
    ACCOUNT_UNKNOWN = "account_unknown"
    ACCOUNT_STALE = "account_stale"
    EXPOSURE_UNKNOWN = "exposure_unknown"
    REALISED_UNKNOWN = "realised_unknown"
    FEE_UNKNOWN = "fee_unknown"
    FEE_STALE = "fee_stale"
    PRODUCTS_STALE = "products_stale"
    CLOSE_UNKNOWN = "close_unknown"
    CANDLE_STALE = "candle_stale"
    DIVERGENCE_UNKNOWN = "divergence_unknown"
    CLOCK_STALE = "clock_stale"
    CLOCK_SKEW = "clock_skew"
    # the size does not fit
    SIZE_INVALID = "size_invalid"
    DUST = "dust"
    NO_POSITION = "no_position"
    MORE_THAN_HELD = "more_than_held"
    BELOW_MINIMUM = "below_minimum"
    ABOVE_MAXIMUM = "above_maximum"
    # risk limits, in the order in which they are asked; cash comes last
    SPREAD_LIMIT = "spread_limit"
    CLOSE_DISTANCE_LIMIT = "close_distance_limit"
    VENUE_DIVERGENCE_LIMIT = "venue_divergence_limit"
    DAILY_LOSS_LIMIT = "daily_loss_limit"
    EXIT_COOLDOWN = "exit_cooldown"
    OPEN_POSITIONS_LIMIT = "open_positions_limit"
    ORDERS_PER_HOUR_LIMIT = "orders_per_hour_limit"
    POSITION_USD_LIMIT = "position_usd_limit"
    POSITION_PCT_LIMIT = "position_pct_limit"
    EXPOSURE_LIMIT = "exposure_limit"
    CASH_SHORT = "cash_short"


class Standing(StrEnum):
    """What trading may do: everything, exits only, nothing."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


@dataclass(frozen=True, slots=True)
class Brake:
    """A reason to reduce that comes and goes by itself: its code, and the words for people."""

    code: ReasonCode
    why: str


@dataclass(frozen=True, slots=True)
class TradingState:
    """What the owner, the supervisor and reconciliation allow right now.

    ``paused``: no buys, exits go on. ``safe_mode``: the same, after the breaker tripped.
    ``halted``: nothing at all. ``differences``: why reconciliation allows no buys.
    """

    paused: bool = False
    safe_mode: bool = False
    halted: bool = False
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VenueAges:
    """Machine seconds since each slow fact was read at the venue; None: never.

    ``account`` is when the venue's balances were last seen to agree with the ledger. ``skew`` is
    the venue's clock less ours, seconds, as of ``clock`` ago.
    """

    account: float | None
    products: float | None
    fee: float | None
    clock: float | None
    skew: float | None


@dataclass(frozen=True, slots=True)
class CoinView:
    """Everything known about one coin at ``now``; ``None`` means unknown, never zero.

    ``account_value`` is cash plus all positions at the bid, None while a quote is missing.
    ``exposure`` is the value of all positions at the bid. ``orders_last_hour`` counts intents.
    ``order_in_flight``: an order of this coin is not final yet. ``last_close`` is the close of the
    newest 1-hour candle, ``last_close_at`` when that candle closed, and ``divergence_pct`` how far
    the trading venue's close of the same hour is from it. ``realised_today`` is the profit realised
    in this UTC day.
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
    last_close_at: datetime | None
    divergence_pct: Decimal | None
    realised_today: Usd | None
    order_in_flight: bool
    trading: TradingState
    ages: VenueAges


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with ``coin``, and why.

    ``quote_size`` for buys, ``base_size`` for sells, both None otherwise. ``trail`` is the trail
    after this tick for an open position, None where it stays as it is (no position, manual
    commands). ``numbers`` are the figures that led here, as plain text. ``next_dca_price`` is the
    ask that triggers the next DCA buy, ``next_dca_source`` what does: "hard" or "neural N4".
    """

    coin: Coin
    at: datetime
    action: Action
    reason_code: ReasonCode
    numbers: Mapping[str, str] = field(default_factory=dict)
    quote_size: Usd | None = None
    base_size: Base | None = None
    trail: Trail | None = None
    next_dca_price: Price | None = None
    next_dca_source: str = ""
