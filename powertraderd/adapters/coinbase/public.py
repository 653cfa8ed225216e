"""The public market: quotes and candles without a key, for the processes that hold none.

Plain requests, because the SDK would cost each process 11 MB and signs nothing here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import requests

from powertraderd.adapters import venue_candles
from powertraderd.adapters.coinbase import answers, market
from powertraderd.adapters.web import failures
from powertraderd.adapters.web.line import Allowance, Line, Tried, uncounted
from powertraderd.adapters.web.pace import Pace
from powertraderd.adapters.web.session import Timeouts, make_session
from powertraderd.clock import Clock
from powertraderd.errors import DataUnavailable, InvalidAnswer
from powertraderd.model.candle import Candle, Coin, Timeframe, aggregate, bucket_start
from powertraderd.model.quote import Quote
from powertraderd.settings import BudgetSettings, ExchangeSettings

_RATE, _BURST = 5.0, 10.0
"""Of ten per second and address that the exchange allows; two of our processes ask."""
ASKED_ROWS = 300
"""Of 350 that it answers at most."""

_NATIVE: Mapping[Timeframe, tuple[str, timedelta]] = {
    Timeframe.HOUR_1: ("ONE_HOUR", timedelta(hours=1)),
    Timeframe.HOUR_2: ("TWO_HOUR", timedelta(hours=2)),
    Timeframe.HOUR_4: ("FOUR_HOUR", timedelta(hours=4)),
    Timeframe.HOUR_8: ("FOUR_HOUR", timedelta(hours=4)),
    Timeframe.HOUR_12: ("FOUR_HOUR", timedelta(hours=4)),
    Timeframe.DAY: ("ONE_DAY", timedelta(days=1)),
    Timeframe.WEEK: ("ONE_DAY", timedelta(days=1)),
}
"""What is asked for; candles of 8 and 12 hours and of a week are made from it."""


class PublicMarket:
    """CandleSource and QuoteSource over Coinbase's public endpoints."""

    def __init__(
        self,
        clock: Clock,
        settings: ExchangeSettings,
        budgets: BudgetSettings,
        *,
        quote: str,
        week_offset: timedelta,
        tried: Tried = uncounted,
    ) -> None:
        """Products against ``quote``; nothing is asked yet; ``tried`` counts each request."""
        self._clock = clock
        self._base = f"https://{settings.base_url}/api/v3/brokerage/market"
        self._budgets = budgets
        self._quote = quote
        self._week_offset = week_offset
        self._session = make_session(settings.ca_file)
        self.line = Line(
            clock,
            Pace(_RATE, _BURST, clock.monotonic_ns()),
            connect_s=settings.connect_timeout_seconds,
            read_s=settings.read_timeout_seconds,
            tried=tried,
        )

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def quotes(self, coins: Sequence[Coin]) -> Mapping[Coin, Quote]:
        """Best prices, one request for each coin; a coin that is not traded is missing."""
        allowance = self.line.allowance(self._budgets.quotes)
        books = [self._book(allowance, f"{coin}-{self._quote}") for coin in coins]
        wanted = {f"{coin}-{self._quote}": coin for coin in coins}
        return market.quotes([book for book in books if book], wanted, self._clock.now())

    def candles(
        self, coin: Coin, timeframe: Timeframe, start: datetime, end: datetime
    ) -> tuple[Candle, ...]:
        """Closed candles with ``start <= opened_at < end``; see ports.CandleSource."""
        allowance = self.line.allowance(self._budgets.candles)
        now = self._clock.now()
        granularity, length = _NATIVE[timeframe]
        what = f"Coinbase candles {coin}-{self._quote} {granularity}"
        first = bucket_start(start, timeframe, self._week_offset)
        last = min(end + timeframe.length, now)
        made = length != timeframe.length
        begins = first - timeframe.length if made else first
        parts: list[Candle] = []
        for begin, stop in venue_candles.windows(begins, last, ASKED_ROWS * length):
            parts += self._window(allowance, what, coin, granularity, begin, stop)
        if made:
            parts = self._made(what, parts, timeframe, begins, now)
        return venue_candles.closed(
            what, parts, timeframe, start=start, end=end, now=now, week_offset=self._week_offset
        )

    def _made(
        self, what: str, parts: list[Candle], timeframe: Timeframe, begins: datetime, now: datetime
    ) -> list[Candle]:
        """Longer candles from shorter ones, without one that began before all that there is.

        ``begins`` is one bucket early, so that the beginning of the venue's history shows.
        """
        short = Timeframe.DAY if timeframe is Timeframe.WEEK else Timeframe.HOUR_4
        offset = self._week_offset
        ready = venue_candles.closed(
            what, parts, short, start=begins, end=now, now=now, week_offset=offset
        )
        made = aggregate(ready, timeframe, offset, until=now)
        half = bool(made) and made[0].opened_at < ready[0].opened_at
        return list(made[half:])

    def _window(
        self,
        allowance: Allowance,
        what: str,
        coin: Coin,
        granularity: str,
        start: datetime,
        end: datetime,
    ) -> list[Candle]:
        parameters = {
            "start": str(int(start.timestamp())),
            "end": str(int(end.timestamp())),
            "granularity": granularity,
        }
        path = f"/products/{coin}-{self._quote}/candles"
        answer = self._ask(allowance, what, path, parameters)
        if answer is None:
            msg = f"{what}: the exchange does not know the product"
            raise DataUnavailable(msg)
        rows = answer.get("candles")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            msg = f"{what}: candles is no list of candles"
            raise InvalidAnswer(msg)
        names = ("open", "high", "low", "close", "volume")
        return [
            venue_candles.candle(what, row.get("start"), [row.get(name) for name in names])
            for row in rows
        ]

    def _book(self, allowance: Allowance, product_id: str) -> answers.PriceBook | None:
        what = f"quote {product_id}"
        parameters = {"product_id": product_id, "limit": "1"}
        answer = self._ask(allowance, what, "/product_book", parameters)
        if answer is None:
            return None
        book = answers.read(answers.ProductBook, answer, what).pricebook
        if book.product_id != product_id:
            msg = f"{what}: got the one of {book.product_id}"
            raise InvalidAnswer(msg)
        return book

    def _ask(
        self, allowance: Allowance, what: str, path: str, parameters: Mapping[str, str]
    ) -> dict[str, Any] | None:
        """The answer; None where the exchange knows no such product."""

        def ask(timeouts: Timeouts) -> dict[str, Any] | None:
            response = self._session.get(f"{self._base}{path}", params=parameters, timeout=timeouts)
            if response.status_code == requests.codes.not_found:
                return None
            failure = failures.refused_status(what, response)
            if failure is not None:
                raise failure
            answer = failures.json_of(what, response)
            if not isinstance(answer, dict):
                msg = f"{what}: the answer is no object"
                raise InvalidAnswer(msg)
            return answer

        return self.line.read(allowance, what, ask)
