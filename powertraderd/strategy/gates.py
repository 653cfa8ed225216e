"""Gates: each returns what it lets pass or raises Blocked with the reason code.

Unknown is never zero: a missing value shuts its gate. Ages count in both directions, because a
time that lies ahead is as little to be trusted as one that is long past.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from powertraderd.model.decision import CoinView, ReasonCode, TradingState
from powertraderd.model.money import Base, Price, Usd, ceil_to, floor_to
from powertraderd.model.product import Product
from powertraderd.model.quote import Quote
from powertraderd.model.rules import RiskLimits, StrategyRules
from powertraderd.model.signal import Signal
from powertraderd.strategy.figures import age_s, shown


class Blocked(Exception):
    """A gate is shut; caught where the decision is made, it never leaves the strategy."""

    def __init__(self, code: ReasonCode, **numbers: str) -> None:
        """Keep the reason and the numbers that belong to it."""
        super().__init__(code)
        self.code = code
        self.numbers = numbers


def refuse_when_halted(trading: TradingState) -> None:
    """Halted means that nothing is done at all."""
    if trading.halted:
        raise Blocked(ReasonCode.HALTED)


def refuse_when_busy(view: CoinView) -> None:
    """Halted, or an order of this coin is not final yet."""
    refuse_when_halted(view.trading)
    if view.order_in_flight:
        raise Blocked(ReasonCode.ORDER_IN_FLIGHT)


def refuse_when_reducing(trading: TradingState) -> None:
    """No buy while paused, in safe mode or with differences."""
    if trading.paused:
        raise Blocked(ReasonCode.PAUSED)
    if trading.safe_mode:
        raise Blocked(ReasonCode.SAFE_MODE)
    if trading.differences:
        raise Blocked(ReasonCode.DIFFERENCES, differences="; ".join(trading.differences))


def usable_quote(view: CoinView, limits: RiskLimits) -> Quote:
    """The quote, if it is fresh and can be true."""
    quote = view.quote
    if quote is None:
        raise Blocked(ReasonCode.QUOTE_UNKNOWN)
    if _older(view.now, quote.at, timedelta(seconds=limits.quote_max_age_seconds)):
        raise Blocked(ReasonCode.QUOTE_STALE, limit_s=str(limits.quote_max_age_seconds))
    if not (quote.bid.is_finite() and quote.ask.is_finite() and 0 < quote.bid <= quote.ask):
        raise Blocked(ReasonCode.QUOTE_INVALID)
    return quote


def usable_close(view: CoinView, limits: RiskLimits) -> Price:
    """The close of the newest hour, if there is one and the hour is not long past."""
    close = view.last_close
    if close is None or view.last_close_at is None or not (close.is_finite() and close > 0):
        raise Blocked(ReasonCode.CLOSE_UNKNOWN)
    if _older(view.now, view.last_close_at, timedelta(seconds=limits.candle_max_age_seconds)):
        raise Blocked(
            ReasonCode.CANDLE_STALE,
            candle_age_s=age_s(view.now, view.last_close_at),
            limit_s=str(limits.candle_max_age_seconds),
        )
    return close


def open_product(view: CoinView) -> Product:
    """The product, if it takes market orders."""
    if view.product is None:
        raise Blocked(ReasonCode.PRODUCT_UNKNOWN)
    if view.product.closed_because:
        raise Blocked(ReasonCode.PRODUCT_CLOSED, closed_because=view.product.closed_because)
    return view.product


def usable_signal(view: CoinView, rules: StrategyRules) -> Signal:
    """The signal, if it is fresh and comes from a fresh training."""
    signal = view.signal
    if signal is None:
        raise Blocked(ReasonCode.SIGNAL_UNKNOWN)
    if _older(view.now, signal.made_at, timedelta(seconds=rules.signal.max_age_seconds)):
        raise Blocked(ReasonCode.SIGNAL_STALE, limit_s=str(rules.signal.max_age_seconds))
    if signal.blocked_because:
        raise Blocked(ReasonCode.SIGNAL_BLOCKED, blocked_because=signal.blocked_because)
    if _older(view.now, signal.trained_at, timedelta(days=rules.training.stale_days)):
        raise Blocked(ReasonCode.TRAINING_STALE, training_age_s=age_s(view.now, signal.trained_at))
    return signal


def known_fee(view: CoinView) -> Decimal:
    """The taker fee as a fraction below one."""
    fee = view.fee_rate
    if fee is None or not (fee.is_finite() and 0 <= fee < 1):
        raise Blocked(ReasonCode.FEE_UNKNOWN)
    return fee


def buy_size(wanted: Decimal, product: Product) -> Usd:
    """``wanted`` in the product's steps, rounded down, but at least its minimum."""
    least = ceil_to(product.quote_min_size, product.quote_increment)
    return _not_above(Usd(max(floor_to(wanted, product.quote_increment), least)), product)


def asked_buy_size(wanted: Decimal, product: Product) -> Usd:
    """``wanted`` by a person, rounded down; too little is refused and not raised."""
    size = floor_to(wanted, product.quote_increment)
    if size <= 0 or size < product.quote_min_size:
        raise Blocked(ReasonCode.BELOW_MINIMUM, limit=shown(product.quote_min_size))
    return _not_above(Usd(size), product)


def sell_size(quantity: Decimal, product: Product) -> Base:
    """``quantity`` in the product's steps, rounded down; too little to be sold is dust."""
    size = floor_to(quantity, product.base_increment)
    if size <= 0 or size < product.base_min_size:
        raise Blocked(ReasonCode.DUST, limit=shown(product.base_min_size))
    return Base(size)


def asked_sell_size(wanted: Decimal, product: Product) -> Base:
    """``wanted`` by a person, rounded down; more than one order may hold is refused and not cut."""
    size = sell_size(wanted, product)
    if product.base_max_size is not None and size > product.base_max_size:
        raise Blocked(ReasonCode.ABOVE_MAXIMUM, limit=shown(product.base_max_size))
    return size


def asked_size(size: Decimal) -> Decimal:
    """A size that a person typed, if it is a positive number."""
    if not (size.is_finite() and size > 0):
        raise Blocked(ReasonCode.SIZE_INVALID)
    return size


def _not_above(size: Usd, product: Product) -> Usd:
    most = product.quote_max_size
    if most is not None and size > most:
        raise Blocked(ReasonCode.ABOVE_MAXIMUM, limit=shown(most), size=shown(size))
    return size


def _older(now: datetime, at: datetime, limit: timedelta) -> bool:
    return abs(now - at) > limit
