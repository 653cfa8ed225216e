"""A market made from a seed: volatility clusters, jumps, and prices that come back.

Everything is a function of the settings, the coin and the time; nothing depends on when or by
which process it was asked. Per coin, hour by hour from ``history_start``:

* log volatility wanders (AR(1), half-life about a day) around the typical hourly move;
* a price moves by normal steps of that size and, rarely, jumps;
* it is pulled back (half-life about three days) to an anchor that itself wanders slowly, so that
  drops and recoveries of a few percent follow each other within days.

Inside an hour the price follows a path of 60 minutes from a generator of that hour's own. The
path opens, peaks, bottoms and closes exactly where the hour's candle says.
"""

import math
import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from powertraderd.adapters.hours import HOUR, Hours, epoch_second
from powertraderd.adapters.spread import price_step, quote_around
from powertraderd.clock import Clock
from powertraderd.model.candle import EPOCH, HOUR_S, Candle, Coin, Timeframe
from powertraderd.model.money import price_from_float
from powertraderd.model.quote import Quote
from powertraderd.settings import CandleSettings

START_PRICES = {
    "BTC": 60_000.0,
    "ETH": 3_000.0,
    "BNB": 550.0,
    "SOL": 150.0,
    "LTC": 80.0,
    "LINK": 15.0,
    "XRP": 0.6,
    "ADA": 0.45,
    "DOGE": 0.1,
    "SHIB": 0.00002,
}
"""Prices that people recognise; any other ticker gets a price from the seed."""

_CHEAPEST, _DEAREST = 0.01, 1_000.0
_CALM_KEPT, _CALM_STEP = 0.97, 0.11
_PULL, _ANCHOR_PULL, _ANCHOR_STEP = 0.01, 0.0005, 0.25
_JUMPS_PER_HOUR, _JUMP_SIZE = 0.004, 4.0
_WICK = 0.35
_HOURLY_TURNOVER = 2e7
_MINUTES = 60
_WIGGLE = 0.12


class SyntheticMarket:
    """CandleSource and QuoteSource; knows every ticker."""

    def __init__(self, clock: Clock, settings: CandleSettings, spread_pct: Decimal) -> None:
        """Take the seed, volatility, history start and week anchor from ``settings``."""
        self._clock = clock
        self._settings = settings
        self._spread_pct = spread_pct
        self._walks: dict[Coin, _Walk] = {}

    def candles(
        self, coin: Coin, timeframe: Timeframe, start: datetime, end: datetime
    ) -> tuple[Candle, ...]:
        """Closed candles with ``start <= opened_at < end``, none before history_start."""
        now = self._clock.now()
        return self._walk(coin, now).hours.closed(
            timeframe, start=start, end=end, now=now, week_offset=self._settings.week_offset
        )

    def quotes(self, coins: Sequence[Coin]) -> Mapping[Coin, Quote]:
        """Quotes at this moment; none before history_start."""
        now = self._clock.now()
        prices = {coin: self._walk(coin, now).price_at(now) for coin in coins}
        return {
            coin: quote_around(coin, price, self._spread_pct, now)
            for coin, price in prices.items()
            if price is not None
        }

    def _walk(self, coin: Coin, now: datetime) -> "_Walk":
        if coin not in self._walks:
            self._walks[coin] = _Walk(coin, self._settings)
        walk = self._walks[coin]
        walk.extend(now)
        return walk


class _Walk:
    """One coin's hours, made in order and only once."""

    def __init__(self, coin: Coin, settings: CandleSettings) -> None:
        self.hours = Hours()
        self._name = f"{settings.seed}/{coin}"
        self._random = random.Random(self._name)  # noqa: S311 - a market, not a secret
        self._typical = settings.volatility_pct / 100
        self._next_s = -(-epoch_second(settings.history_start) // HOUR_S) * HOUR_S
        self._start_price = START_PRICES.get(coin) or _seeded_price(self._random)
        self._digits = -int(price_step(price_from_float(self._start_price)).adjusted())
        self._move = 0.0
        self._anchor = 0.0
        self._calm = 0.0
        self._path: tuple[int, list[float]] = (-1, [])

    def extend(self, now: datetime) -> None:
        """Make the hours up to and with the one that contains ``now``."""
        while self._next_s <= epoch_second(now):
            self._add_hour()

    def price_at(self, now: datetime) -> float | None:
        """The middle price, None before the first hour."""
        index = self.hours.index_at(now)
        if index is None:
            return None
        if self._path[0] != index:
            self._path = (index, self._minutes(index))
        into_hour = ((now - EPOCH) % HOUR) / HOUR * _MINUTES
        minute = int(into_hour)
        here, there = self._path[1][minute : minute + 2]
        return here + (there - here) * (into_hour - minute)

    def _add_hour(self) -> None:
        gauss, hours = self._random.gauss, self.hours
        self._calm = _CALM_KEPT * self._calm + _CALM_STEP * gauss(0, 1)
        step = self._typical * math.exp(self._calm)
        opened = hours.close[-1] if hours.opened else self._price(0.0)
        self._anchor += _ANCHOR_STEP * self._typical * gauss(0, 1) - _ANCHOR_PULL * self._anchor
        self._move += step * gauss(0, 1) - _PULL * (self._move - self._anchor)
        if self._random.random() < _JUMPS_PER_HOUR:
            self._move += _JUMP_SIZE * self._typical * gauss(0, 1)
        close = self._price(self._move)
        wick = self._random.expovariate
        high = self._round(max(opened, close) * math.exp(wick(1) * _WICK * step))
        low = self._round(min(opened, close) * math.exp(-wick(1) * _WICK * step))
        turnover = _HOURLY_TURNOVER * math.exp(self._calm + 0.3 * gauss(0, 1))
        hours.append(self._next_s, (opened, high, low, close, round(turnover / close, 3)))
        self._next_s += HOUR_S

    def _price(self, move: float) -> float:
        return self._round(self._start_price * math.exp(move))

    def _round(self, price: float) -> float:
        return round(price, self._digits)

    def _minutes(self, index: int) -> list[float]:
        """The hour's price at each full minute, both ends included."""
        hours = self.hours
        low, high = hours.low[index], hours.high[index]
        source = random.Random(f"{self._name}/{hours.opened[index]}")  # noqa: S311 - as above
        extremes = [low, high] if source.random() < 0.5 else [high, low]  # noqa: PLR2004 - a coin
        turns = sorted(source.sample(range(1, _MINUTES), 2))
        corners = [
            (0, hours.open[index]),
            *zip(turns, extremes, strict=True),
            (_MINUTES, hours.close[index]),
        ]
        path = [hours.open[index]]
        for (start, here), (end, there) in pairwise(corners):
            wiggle = _bridge(source, end - start, _WIGGLE * (high - low))
            line = (here + (there - here) * k / (end - start) for k in range(1, end - start))
            path += [min(high, max(low, p + w)) for p, w in zip(line, wiggle, strict=True)]
            path.append(there)
        return path


def _bridge(source: random.Random, steps: int, size: float) -> list[float]:
    """A random walk of ``steps`` steps that starts and ends at 0; its inner points."""
    walk = [0.0]
    for _ in range(steps):
        walk.append(walk[-1] + source.gauss(0, size))
    return [walk[k] - walk[-1] * k / steps for k in range(1, steps)]


def _seeded_price(source: random.Random) -> float:
    low, high = math.log(_CHEAPEST), math.log(_DEAREST)
    return math.exp(source.uniform(low, high))
