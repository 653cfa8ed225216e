"""Metrics from the signal board: counts, levels, and how old everything behind them is."""

from collections.abc import Mapping
from datetime import datetime

from powertraderd.adapters.prometheus.sheet import Sheet
from powertraderd.model.candle import Coin
from powertraderd.model.signal import Signal


def signals(sheet: Sheet, board: Mapping[Coin, Signal], now: datetime) -> None:
    """The newest signal of each coin."""
    for coin, signal in board.items():
        _counts(sheet, coin, signal)
        _ages(sheet, coin, signal, now)
        _levels(sheet, coin, signal)


def _counts(sheet: Sheet, coin: Coin, signal: Signal) -> None:
    sides = (
        ("long", signal.long_count, signal.long_margin_pct),
        ("short", signal.short_count, signal.short_margin_pct),
    )
    for side, count, margin_pct in sides:
        sheet.put("signal_level", count, coin=coin, side=side)
        sheet.put("signal_margin_ratio", margin_pct / 100, coin=coin, side=side)
    sheet.put("signal_blocked", int(bool(signal.blocked_because)), coin=coin)


def _ages(sheet: Sheet, coin: Coin, signal: Signal, now: datetime) -> None:
    sheet.put("signal_age_seconds", (now - signal.made_at).total_seconds(), coin=coin)
    trained_s = (now - signal.trained_at).total_seconds()
    sheet.put("signal_training_age_seconds", trained_s, coin=coin)
    for prediction in signal.predictions:
        age_s = (now - prediction.closed_at).total_seconds()
        timeframe = prediction.timeframe.value
        sheet.put("candle_age_seconds", age_s, coin=coin, timeframe=timeframe)


def _levels(sheet: Sheet, coin: Coin, signal: Signal) -> None:
    for side, levels in (("low", signal.levels.low), ("high", signal.levels.high)):
        for timeframe, price in levels.items():
            sheet.put("level_price_usd", price, coin=coin, timeframe=timeframe.value, side=side)
