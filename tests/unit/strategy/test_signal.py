"""Signals: where the ask stands against the levels."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.money import Price
from powertraderd.model.prediction import Prediction
from powertraderd.model.quote import Quote
from powertraderd.model.rules import StrategyRules
from powertraderd.model.signal import Side, Signal
from powertraderd.strategy.levels import signal

NOW = datetime(2024, 1, 8, 12, tzinfo=UTC)
RULES = StrategyRules()


def quote(ask: str) -> Quote:
    """BTC a second ago."""
    return Quote(Coin("BTC"), Price(Decimal(ask)), Price(Decimal(ask)), NOW - timedelta(seconds=1))


def predictions() -> list[Prediction]:
    """All fresh; lows 100, 96, 92 and so on, highs 110, 114, 118 and so on."""
    return [
        Prediction(timeframe, NOW, high=110.0 + 4 * number, low=100.0 - 4 * number)
        for number, timeframe in enumerate(Timeframe)
    ]


def made(
    ask: str, given: list[Prediction], trained_at: datetime = NOW, made_at: datetime = NOW
) -> Signal:
    """The signal under the usual rules."""
    return signal(quote(ask), given, made_at=made_at, trained_at=trained_at, rules=RULES)


def test_between_the_levels_there_is_nothing_to_do() -> None:
    """All sides within; margins at their least."""
    calm = made("105", predictions())
    assert set(calm.sides.values()) == {Side.WITHIN}
    assert (calm.long_count, calm.short_count) == (0, 0)
    assert (calm.long_margin_pct, calm.short_margin_pct) == (0.25, 0.25)
    assert calm.blocked_because == ""


def test_an_ask_below_low_levels_counts_them_as_long() -> None:
    """Each timeframe for itself."""
    low = made("93", predictions())
    assert low.long_count == 2
    assert low.short_count == 0
    assert low.sides[Timeframe.HOUR_2] is Side.LONG
    assert low.sides[Timeframe.HOUR_4] is Side.WITHIN
    assert low.long_margin_pct == pytest.approx(100 * (98 - 93) / 93)


def test_an_ask_above_high_levels_counts_them_as_short() -> None:
    """The margin of a short is below zero by its formula, so the least margin stands."""
    high = made("120", predictions())
    assert high.short_count == 3
    assert high.sides[Timeframe.HOUR_4] is Side.SHORT
    assert high.sides[Timeframe.HOUR_8] is Side.WITHIN
    assert high.short_margin_pct == 0.25


def test_an_ask_on_a_level_is_within() -> None:
    """Below means below."""
    given = predictions()[:1]
    assert made("99.5", given).sides[Timeframe.HOUR_1] is Side.WITHIN
    assert made("99.49", given).sides[Timeframe.HOUR_1] is Side.LONG
    assert made("110.54", given).sides[Timeframe.HOUR_1] is Side.WITHIN
    assert made("110.56", given).sides[Timeframe.HOUR_1] is Side.SHORT


def test_a_prediction_without_a_range_takes_no_side() -> None:
    """Predicted high and low must differ."""
    flat = [Prediction(Timeframe.DAY, NOW, high=100.0, low=100.0)]
    assert made("50", flat).sides[Timeframe.DAY] is Side.WITHIN
    assert made("50", flat).long_count == 0


def test_inactive_and_missing_timeframes_take_no_side() -> None:
    """They are not counted either."""
    given = [Prediction(Timeframe.DAY, NOW, None, None)]
    assert set(made("1", given).sides.values()) == {Side.INACTIVE}
    assert set(made("1", given).sides) == set(Timeframe)


def test_the_signal_carries_what_its_reader_must_check() -> None:
    """Coin, times, ask, predictions, levels."""
    carried = made("105.5", predictions(), trained_at=NOW - timedelta(days=1))
    assert carried.coin == "BTC"
    assert carried.made_at == NOW
    assert carried.trained_at == NOW - timedelta(days=1)
    assert carried.ask == 105.5
    assert carried.ask_at == NOW - timedelta(seconds=1)
    assert carried.predictions == tuple(predictions())
    assert carried.levels.low[Timeframe.HOUR_1] == pytest.approx(99.5)


def test_old_training_publishes_no_long() -> None:
    """Fourteen days are still young; SHORT stays, since it only ever prevents a purchase."""
    assert made("93", predictions(), trained_at=NOW - timedelta(days=14)).long_count == 2
    old = made("93", predictions(), trained_at=NOW - timedelta(days=14, seconds=1))
    assert old.long_count == 0
    assert old.blocked_because == "training is 14.0 days old, limit 14: train the coin"
    assert made("120", predictions(), trained_at=NOW - timedelta(days=99)).short_count == 3


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_candles_that_are_behind_publish_no_long(timeframe: Timeframe) -> None:
    """More than one and a half timeframes after its close, the newest candle is not the newest."""
    limit = NOW - 1.5 * timeframe.length

    def closed(at: datetime) -> list[Prediction]:
        return [
            replace(each, closed_at=at) if each.timeframe is timeframe else each
            for each in predictions()
        ]

    assert made("93", closed(limit)).long_count == 2
    late = made("93", closed(limit - timedelta(seconds=1)))
    assert late.long_count == 0
    assert late.blocked_because.startswith(f"{timeframe} candles end at 202")
