"""A market replayed from a folder of recorded 1-hour candles, as of the clock's now.

File names: the coin's ticker, then the quote currency (USDT, USDC, USD, EUR) or nothing, then
``_1h.csv`` or ``_1h.csv.gz``: BTCUSDT_1h.csv.gz, BTC_1h.csv. The content is described in
`candle_csv`. Only the files of coins that are asked for are read, each once.

Inside the current hour the price follows an explicit path, linear in time, a third of the hour
for each leg: open, low, high, close where the hour closes at or above its open, else open, high,
low, close. In a gap there is no price.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from powertraderd.adapters.candle_csv import read_hours
from powertraderd.adapters.hours import HOUR, Hours
from powertraderd.adapters.spread import quote_around
from powertraderd.clock import Clock
from powertraderd.errors import ConfigError, DataUnavailable
from powertraderd.model.candle import EPOCH, Candle, Coin, Timeframe
from powertraderd.model.quote import Quote
from powertraderd.settings import CandleSettings

_LEGS = 3


class ReplayMarket:
    """CandleSource and QuoteSource over ``settings.directory``."""

    def __init__(self, clock: Clock, settings: CandleSettings, spread_pct: Decimal) -> None:
        """Raises ConfigError when the folder does not exist."""
        self._clock = clock
        self._week_offset = settings.week_offset
        self._spread_pct = spread_pct
        self._folder = _folder(settings.directory)
        self._hours: dict[Coin, Hours | None] = {}

    def candles(
        self, coin: Coin, timeframe: Timeframe, start: datetime, end: datetime
    ) -> tuple[Candle, ...]:
        """Closed candles with ``start <= opened_at < end``.

        Raises DataUnavailable for a coin without a file, ConfigError for a file that is wrong.
        """
        hours = self._load(coin)
        if hours is None:
            msg = (
                f"no candles of {coin} in {self._folder}: add {coin}_1h.csv or {coin}USDT_1h.csv.gz"
            )
            raise DataUnavailable(msg)
        return hours.closed(
            timeframe,
            start=start,
            end=end,
            now=self._clock.now(),
            week_offset=self._week_offset,
        )

    def quotes(self, coins: Sequence[Coin]) -> Mapping[Coin, Quote]:
        """Quotes at this moment; a coin without a file or in a gap is missing."""
        now = self._clock.now()
        prices = {coin: self._price(coin, now) for coin in coins}
        return {
            coin: quote_around(coin, price, self._spread_pct, now)
            for coin, price in prices.items()
            if price is not None
        }

    def _price(self, coin: Coin, now: datetime) -> float | None:
        hours = self._load(coin)
        index = None if hours is None else hours.index_at(now)
        if hours is None or index is None:
            return None
        return path_price(hours.candle(index), ((now - EPOCH) % HOUR) / HOUR)

    def _load(self, coin: Coin) -> Hours | None:
        if coin not in self._hours:
            path = hours_file(coin, self._folder)
            self._hours[coin] = None if path is None else read_hours(path)
        return self._hours[coin]


def path_price(candle: Candle, elapsed: float) -> float:
    """The price after the fraction ``elapsed`` (0 to 1) of the candle's time."""
    rising = candle.close >= candle.open
    turns = (candle.low, candle.high) if rising else (candle.high, candle.low)
    corners = (candle.open, *turns, candle.close)
    leg = min(int(elapsed * _LEGS), _LEGS - 1)
    here, there = corners[leg : leg + 2]
    return here + (there - here) * (elapsed * _LEGS - leg)


def _folder(directory: Path | None) -> Path:
    if directory is None or not directory.is_dir():
        msg = f"[candles] directory = {directory}: not a folder; name one that holds COIN_1h.csv"
        raise ConfigError(msg)
    return directory


def hours_file(coin: Coin, folder: Path) -> Path | None:
    """The coin's file, None where there is none; raises ConfigError for several."""
    pattern = re.compile(rf"{re.escape(coin)}(USDT|USDC|USD|EUR)?_1h\.csv(\.gz)?")
    found = sorted(path for path in folder.iterdir() if pattern.fullmatch(path.name))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        msg = f"{folder}: several files for {coin}: {names}; leave one"
        raise ConfigError(msg)
    return found[0] if found else None
