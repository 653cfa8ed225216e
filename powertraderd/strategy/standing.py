"""What trading may do right now, and the brakes that the daemon pulls by itself (docs/risk.md).

Brakes come and go with the facts behind them, so they need no memory: after a restart the same
facts pull the same brake. Only a drawdown halts, and only the owner ends a halt.
"""

from collections.abc import Iterator
from decimal import Decimal

from powertraderd.model.decision import Brake, ReasonCode, Standing, TradingState, VenueAges
from powertraderd.model.money import EXACT, Usd, ratio
from powertraderd.model.rules import RiskLimits
from powertraderd.strategy.figures import shown

_HUNDRED = Decimal(100)


def brakes(realised_today: Usd | None, ages: VenueAges, limits: RiskLimits) -> tuple[Brake, ...]:
    """Why nothing is bought for now: the day's loss, a clock that is off or was not compared."""
    return (*_daily_loss(realised_today, limits), *_clock(ages, limits))


def standing(trading: TradingState, pulled: tuple[Brake, ...]) -> Standing:
    """The strictest of all reasons."""
    if trading.halted:
        return Standing.HALTED
    if trading.paused or trading.safe_mode or trading.differences or pulled:
        return Standing.REDUCING
    return Standing.ACTIVE


def drawdown_pct(value: Usd, paid_in: Usd, peak_gain: Usd) -> Decimal:
    """How far ``value`` is below its peak, percent.

    ``peak_gain`` is the highest that value less cash paid in ever was, so that paying in or taking
    out moves the peak as it moves the value.
    """
    peak = EXACT.add(paid_in, peak_gain)
    if peak <= 0:
        return Decimal(0)
    return max(Decimal(0), ratio(_HUNDRED * EXACT.subtract(peak, value), peak))


def _daily_loss(realised_today: Usd | None, limits: RiskLimits) -> Iterator[Brake]:
    limit = limits.daily_loss_limit_usd
    if limit is None:
        return
    if realised_today is None:
        why = "what was realised today is not known"
        yield Brake(ReasonCode.REALISED_UNKNOWN, why)
    elif -realised_today >= limit:
        why = f"{shown(-realised_today)} lost today (UTC); the limit is {shown(limit)}"
        yield Brake(ReasonCode.DAILY_LOSS_LIMIT, why)


def _clock(ages: VenueAges, limits: RiskLimits) -> Iterator[Brake]:
    if ages.clock is None or ages.skew is None or ages.clock > limits.clock_max_age_seconds:
        since = "never" if ages.clock is None else f"not for {ages.clock:.0f} s"
        yield Brake(ReasonCode.CLOCK_STALE, f"our clock was {since} compared with the venue's")
    elif abs(ages.skew) > limits.max_clock_skew_seconds:
        why = (
            f"the venue's clock is {ages.skew:+.1f} s from ours; at most "
            f"{limits.max_clock_skew_seconds:g} s"
        )
        yield Brake(ReasonCode.CLOCK_SKEW, why)
