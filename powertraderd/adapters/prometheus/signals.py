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
        sheet.gauge(
            "signal_level",
            "Timeframes, 0 to 7, whose level the ask has crossed.",
            count,
            coin=coin,
            side=side,
        )
        sheet.gauge(
            "signal_margin_ratio",
            "Mean way from the ask to the predictions of the timeframes that say so.",
            margin_pct / 100,
            coin=coin,
            side=side,
        )
    sheet.gauge(
        "signal_blocked",
        "Whether LONG is held at 0 because training or candles are too old.",
        int(bool(signal.blocked_because)),
        coin=coin,
    )


def _ages(sheet: Sheet, coin: Coin, signal: Signal, now: datetime) -> None:
    sheet.gauge(
        "signal_age_seconds",
        "Market time since the signal was made.",
        (now - signal.made_at).total_seconds(),
        coin=coin,
    )
    sheet.gauge(
        "signal_training_age_seconds",
        "Market time since the oldest memory behind the signal was trained.",
        (now - signal.trained_at).total_seconds(),
        coin=coin,
    )
    for prediction in signal.predictions:
        sheet.gauge(
            "candle_age_seconds",
            "Market time since the newest candle behind the signal closed.",
            (now - prediction.closed_at).total_seconds(),
            coin=coin,
            timeframe=prediction.timeframe.value,
        )


def _levels(sheet: Sheet, coin: Coin, signal: Signal) -> None:
    for side, levels in (("low", signal.levels.low), ("high", signal.levels.high)):
        for timeframe, price in levels.items():
            sheet.gauge(
                "level_price_usd",
                "Buy (low) and sell (high) level of the timeframe.",
                price,
                coin=coin,
                timeframe=timeframe.value,
                side=side,
            )
