"""One market's candles as rows of both venues of fakex."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from powertraderd.model.candle import THURSDAY, Candle, Coin, Timeframe, aggregate
from powertraderd.testing.venue import Venue

_GRANULARITY = {
    Timeframe.HOUR_1: "ONE_HOUR",
    Timeframe.HOUR_2: "TWO_HOUR",
    Timeframe.HOUR_4: "FOUR_HOUR",
    Timeframe.DAY: "ONE_DAY",
}


def tell(
    fakex: Venue,
    coin: Coin,
    hours: Sequence[Candle],
    until: datetime,
    week_offset: timedelta = THURSDAY,
) -> None:
    """Let KuCoin (COIN-USDT) and Coinbase (COIN-USD) tell the market of these ``hours``."""
    for timeframe in Timeframe:
        made = aggregate(hours, timeframe, week_offset, until)
        candles = [each for each in reversed(made) if each.opened_at >= hours[0].opened_at]
        kucoin = [kucoin_row(each) for each in candles]
        fakex.post("candles", symbol=f"{coin}-USDT", type=timeframe.value, rows=kucoin)
        if timeframe in _GRANULARITY:
            coinbase = [_coinbase(each) for each in candles]
            name = _GRANULARITY[timeframe]
            fakex.post("candles", symbol=f"{coin}-USD", type=name, rows=coinbase)


def kucoin_row(candle: Candle) -> list[str]:
    """Time, open, close, high, low, volume, turnover."""
    figures = (candle.open, candle.close, candle.high, candle.low, candle.volume, 0.0)
    return [_second(candle), *map(repr, figures)]


def _coinbase(candle: Candle) -> dict[str, str]:
    """By name."""
    names = ("open", "high", "low", "close", "volume")
    return {"start": _second(candle)} | {name: repr(getattr(candle, name)) for name in names}


def _second(candle: Candle) -> str:
    return str(int(candle.opened_at.timestamp()))
