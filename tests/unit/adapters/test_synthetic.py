"""The market that is made from a seed."""

import math
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from powertraderd.adapters.synthetic import START_PRICES, SyntheticMarket
from powertraderd.clock import FrozenClock
from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.settings import CandleSettings
from powertraderd.testing.examples import BTC, DOGE, ETH

HISTORY = datetime(2023, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)


def market(now: datetime, *, seed: int = 1, volatility_pct: float = 0.8) -> SyntheticMarket:
    """A market that stands at ``now``."""
    settings = CandleSettings(history_start=HISTORY, seed=seed, volatility_pct=volatility_pct)
    return SyntheticMarket(FrozenClock(now), settings, Decimal("0.05"))


def hours(source: SyntheticMarket, coin: Coin = BTC) -> tuple[Candle, ...]:
    """All hours of a coin."""
    return source.candles(coin, Timeframe.HOUR_1, HISTORY, HISTORY + 9 * YEAR)


def moves(candles: Sequence[Candle]) -> list[float]:
    """Logarithmic moves from close to close."""
    closes = [candle.close for candle in candles]
    return [math.log(b / a) for a, b in pairwise(closes)]


def test_the_same_seed_makes_the_same_market() -> None:
    """In every process: candles and quotes are equal to the last bit."""
    now = HISTORY + timedelta(days=40, minutes=17)
    first, second = market(now), market(now)
    assert hours(first) == hours(second)
    assert first.quotes([BTC, ETH]) == second.quotes([BTC, ETH])


def test_the_order_of_questions_changes_nothing() -> None:
    """One asked hour by hour, with quotes and other coins in between; one asked once at the end."""
    clock = FrozenClock(HISTORY)
    curious = SyntheticMarket(clock, CandleSettings(history_start=HISTORY), Decimal("0.05"))
    seen = {}
    for number in range(200):
        clock.advance(1800 + 7 * number)
        seen[clock.now()] = curious.quotes([ETH, BTC] if number % 2 else [BTC])[BTC]
        curious.candles(BTC, Timeframe.HOUR_4, clock.now() - timedelta(days=1), clock.now())
    lazy = market(clock.now())
    assert hours(lazy) == hours(curious)
    for moment, quote in list(seen.items())[::20]:
        assert market(moment).quotes([BTC])[BTC] == quote


@pytest.mark.parametrize("change", ["seed", "coin", "volatility"])
def test_another_seed_coin_or_volatility_makes_another_market(change: str) -> None:
    """Nothing moves in step."""
    now = HISTORY + timedelta(days=90)
    ours = moves(hours(market(now)))
    theirs = {
        "seed": lambda: moves(hours(market(now, seed=2))),
        "coin": lambda: moves(hours(market(now), ETH)),
        "volatility": lambda: moves(hours(market(now, volatility_pct=1.6))),
    }[change]()
    assert ours != theirs
    if change != "volatility":
        assert abs(statistics.correlation(ours, theirs)) < 0.1


def test_every_ticker_has_a_price_that_stays_near_its_start() -> None:
    """Known ones begin where people expect them; unknown ones get a seeded price of their own."""
    now = HISTORY + 2 * YEAR
    for coin in (BTC, DOGE):
        candles = hours(market(now), coin)
        assert candles[0].open == pytest.approx(START_PRICES[coin])
        assert START_PRICES[coin] / 3 < min(candle.low for candle in candles)
        assert max(candle.high for candle in candles) < START_PRICES[coin] * 3
    unknown = {hours(market(HISTORY + YEAR / 50), Coin(f"NEW{n}"))[0].open for n in range(20)}
    assert len(unknown) == 20
    assert 0.009 < min(unknown) < max(unknown) < 1001


def test_hours_join_without_a_jump_between_them() -> None:
    """Each opens where the one before closed."""
    candles = hours(market(HISTORY + timedelta(days=30)))
    assert all(b.open == a.close for a, b in pairwise(candles))


def test_volatility_is_what_was_set_and_comes_in_clusters_with_jumps() -> None:
    """The typical move scales with the setting; calm follows calm; tails are fat."""
    for volatility_pct in (0.4, 0.8, 2.0):
        year = moves(hours(market(HISTORY + YEAR, volatility_pct=volatility_pct)))
        typical = statistics.median(map(abs, year)) / 0.6745  # of a normal move
        assert typical * 100 == pytest.approx(volatility_pct, rel=0.15)
    sizes = [abs(move) for move in year]
    assert statistics.correlation(sizes, sizes[1:] + sizes[:1]) > 0.1
    assert statistics.correlation(year, year[1:] + year[:1]) < 0.05
    variance = statistics.fmean(move**2 for move in year)
    assert statistics.fmean(move**4 for move in year) / variance**2 > 4


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_drops_and_recoveries_follow_each_other_within_days(seed: int) -> None:
    """A strategy that buys dips of 3 % and sells rises of 5 % finds more than one a week."""
    low = high = None
    rounds = 0
    for candle in hours(market(HISTORY + YEAR, seed=seed)):
        if low is None:
            high = max(high or 0.0, candle.close)
            low = candle.close if candle.close <= high * 0.97 else None
        else:
            low = min(low, candle.close)
            if candle.close >= low * 1.05:
                low, high, rounds = None, candle.close, rounds + 1
    assert rounds > 52


def test_prices_are_on_steps_that_suit_them() -> None:
    """A cent for a dear coin, five digits for a cheap one."""
    now = HISTORY + timedelta(days=3)
    source = market(now)
    assert all(round(candle.close, 2) == candle.close for candle in hours(source))
    quotes = source.quotes([BTC, DOGE])
    assert quotes[BTC].bid.as_tuple().exponent == -2
    assert quotes[DOGE].ask.as_tuple().exponent in (-5, -6)


def test_history_may_start_inside_an_hour() -> None:
    """The first candle is the first whole hour."""
    settings = CandleSettings(history_start=HISTORY + timedelta(minutes=1))
    source = SyntheticMarket(FrozenClock(HISTORY + timedelta(hours=5)), settings, Decimal(0))
    assert hours(source)[0].opened_at == HISTORY + timedelta(hours=1)
