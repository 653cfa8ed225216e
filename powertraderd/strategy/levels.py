"""Levels from predictions, and the signal where the ask stands against them (MODEL.md)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from powertraderd.model.candle import Timeframe
from powertraderd.model.pattern import move_pct
from powertraderd.model.prediction import Prediction
from powertraderd.model.quote import Quote
from powertraderd.model.rules import StrategyRules
from powertraderd.model.signal import Levels, Side, Signal

GAP_STEP_PCT = 0.25
"""The first two levels keep this distance, the next two twice as much, and so on."""
NUDGE = 0.0005
"""Share of itself by which a level that stands too near is moved."""
LEAST_MARGIN_PCT = 0.25
LATE_AFTER = 1.5
"""Timeframes after its close at which the newest candle is too old."""
LEAST_PRICE, LARGEST_PRICE = 1e-100, 1e100
"""What is not between these is no price, and no level is made of it."""


def levels(predictions: Sequence[Prediction], bound_distance_pct: float) -> Levels:
    """Low levels below and high levels above the predictions, spread apart.

    Only active timeframes have levels, and each level keeps its timeframe.
    """
    return _levels(tuple(predictions), bound_distance_pct)


@lru_cache(maxsize=64)  # predictions change when a candle closes, the ask at every tick
def _levels(predictions: tuple[Prediction, ...], bound_distance_pct: float) -> Levels:
    share = bound_distance_pct / 100
    lows: dict[Timeframe, float] = {}
    highs: dict[Timeframe, float] = {}
    given = {prediction.timeframe: prediction for prediction in predictions}
    for timeframe in filter(given.__contains__, Timeframe):
        low, high = given[timeframe].low, given[timeframe].high
        if low is None or high is None or not (_is_price(low) and _is_price(high)):
            continue
        lows[timeframe] = low * (1 - share)
        highs[timeframe] = high * (1 + share)
    return Levels(low=_spread(lows, downwards=True), high=_spread(highs, downwards=False))


def _is_price(value: float) -> bool:
    return LEAST_PRICE < value < LARGEST_PRICE


def _spread(prices: dict[Timeframe, float], *, downwards: bool) -> dict[Timeframe, float]:
    """``prices`` moved apart: sorted from the level nearest to the market outwards.

    Pair g = 0, 1, ... of neighbours keeps a distance of 0.25 (g + 1) percent of its mean; the outer
    one gives way in steps of 0.05 % of itself. Of equal prices the shorter timeframe is the inner.
    """
    outwards = -NUDGE if downwards else NUDGE
    order = sorted(prices, key=prices.__getitem__, reverse=downwards)
    spread = dict(prices)
    for number, (inner, outer) in enumerate(pairwise(order), 1):
        while _too_near(spread[inner], spread[outer], number * GAP_STEP_PCT, outwards):
            spread[outer] += spread[outer] * outwards
    return spread


def _too_near(inner: float, outer: float, gap_pct: float, outwards: float) -> bool:
    """Whether ``outer`` is not yet ``gap_pct`` of the pair's mean further out than ``inner``."""
    out_of_order = (outer - inner) * outwards < 0
    return out_of_order or 100 * abs(outer - inner) / ((outer + inner) / 2) < gap_pct


def signal(
    quote: Quote,
    predictions: Sequence[Prediction],
    *,
    made_at: datetime,
    trained_at: datetime,
    rules: StrategyRules,
) -> Signal:
    """Where the ask stands against the levels of ``predictions``, all from the newest candles.

    ``trained_at`` is the oldest training time of the memories used. Training or candles that are
    too old at ``made_at`` hold the LONG count at 0.
    """
    ask = float(quote.ask)
    bounds = levels(predictions, rules.signal.bound_distance_pct)
    sides = dict.fromkeys(Timeframe, Side.INACTIVE)
    sides.update(
        (prediction.timeframe, _side(ask, bounds, prediction)) for prediction in predictions
    )
    longs = [p.low for p in predictions if p.low and sides[p.timeframe] is Side.LONG]
    shorts = [p.high for p in predictions if p.high and sides[p.timeframe] is Side.SHORT]
    blocked_because = _too_old(predictions, made_at, trained_at, rules.training.stale_days)
    return Signal(
        coin=quote.coin,
        made_at=made_at,
        trained_at=trained_at,
        ask=ask,
        ask_at=quote.at,
        predictions=tuple(predictions),
        levels=bounds,
        sides=sides,
        long_count=0 if blocked_because else len(longs),
        short_count=len(shorts),
        long_margin_pct=_margin(ask, longs),
        short_margin_pct=_margin(ask, shorts),
        blocked_because=blocked_because,
    )


def _side(ask: float, bounds: Levels, prediction: Prediction) -> Side:
    timeframe = prediction.timeframe
    if timeframe not in bounds.low:
        return Side.INACTIVE
    if prediction.high == prediction.low:
        return Side.WITHIN
    if ask < bounds.low[timeframe]:
        return Side.LONG
    return Side.SHORT if ask > bounds.high[timeframe] else Side.WITHIN


def _margin(ask: float, targets: list[float]) -> float:
    """The mean way from the ask to the predictions in percent, at least 0.25."""
    margins = [margin for margin in (move_pct(ask, target) for target in targets) if margin != 0]
    return max(LEAST_MARGIN_PCT, sum(margins) / len(margins)) if margins else LEAST_MARGIN_PCT


def _too_old(
    predictions: Sequence[Prediction], made_at: datetime, trained_at: datetime, stale_days: float
) -> str:
    """Why nothing may be bought on these predictions; empty when they are fresh."""
    if made_at - trained_at > timedelta(days=stale_days):
        days = (made_at - trained_at) / timedelta(days=1)
        return f"training is {days:.1f} days old, limit {stale_days:g}: train the coin"
    for prediction in predictions:
        if made_at - prediction.closed_at > LATE_AFTER * prediction.timeframe.length:
            return (
                f"{prediction.timeframe} candles end at {prediction.closed_at:%Y-%m-%d %H:%M} UTC, "
                "more than one and a half timeframes ago: see the candle source"
            )
    return ""
