"""KuCoin's public candles (EXCHANGE.md, Candles): the venue that the memories are learned from.

GET /api/v1/market/candles?type=1hour&symbol=BTC-USDT&startAt=&endAt= in seconds; rows of texts:
time, open, CLOSE, high, low, volume, turnover; at most 1500, usually the newest first. The bucket
in progress may be among them. Weeks open on Thursday, 00:00 UTC.
"""

from collections.abc import Mapping
from datetime import datetime

import requests

from powertraderd.adapters import venue_candles
from powertraderd.adapters.web import failures
from powertraderd.adapters.web.line import Allowance, Line, Tried, uncounted
from powertraderd.adapters.web.pace import Pace
from powertraderd.adapters.web.session import Timeouts, make_session
from powertraderd.clock import Clock
from powertraderd.errors import DataUnavailable, InvalidAnswer, RateLimited, TransientExchangeError
from powertraderd.model.candle import THURSDAY, Candle, Coin, Timeframe, bucket_start
from powertraderd.settings import ExchangeSettings

PUBLIC = "https://api.kucoin.com"
ASKED_ROWS = 1498
"""Two less than the 1500 that are answered: whether the last bucket is inside is not certain."""
_COLUMNS = 7
_OK, _TOO_MANY = "200000", "429000"
_NO_SUCH_SYMBOL = frozenset({"400100", "900001"})
_RATE, _BURST = 4.0, 8.0
"""A candle call weighs 3 of 2000 in 30 s: a fifth of what is allowed."""


class KucoinCandles:
    """CandleSource over KuCoin's REST interface."""

    def __init__(
        self,
        clock: Clock,
        timeouts: ExchangeSettings,
        *,
        base_url: str | None,
        quote: str,
        budget_s: float,
        tried: Tried = uncounted,
    ) -> None:
        """``budget_s`` bounds one call of `candles`, machine seconds; ``tried`` counts requests."""
        self._clock = clock
        self._url = f"{base_url or PUBLIC}/api/v1/market/candles"
        self._quote = quote
        self._budget_s = budget_s
        self._session = make_session()
        self.line = Line(
            clock,
            Pace(_RATE, _BURST, clock.monotonic_ns()),
            connect_s=timeouts.connect_timeout_seconds,
            read_s=timeouts.read_timeout_seconds,
            tried=tried,
        )

    def candles(
        self, coin: Coin, timeframe: Timeframe, start: datetime, end: datetime
    ) -> tuple[Candle, ...]:
        """Closed candles with ``start <= opened_at < end``; see ports.CandleSource."""
        allowance = self.line.allowance(self._budget_s)
        now = self._clock.now()
        what = f"KuCoin candles {coin}-{self._quote} {timeframe}"
        first = bucket_start(start, timeframe, THURSDAY)
        found: list[Candle] = []
        step = ASKED_ROWS * timeframe.length
        for begin, stop in venue_candles.windows(first, min(end, now), step):
            found += self._window(allowance, what, coin, timeframe, begin, stop)
        return venue_candles.closed(
            what, found, timeframe, start=start, end=end, now=now, week_offset=THURSDAY
        )

    def _window(
        self,
        allowance: Allowance,
        what: str,
        coin: Coin,
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
    ) -> list[Candle]:
        parameters = {
            "type": timeframe.value,
            "symbol": f"{coin}-{self._quote}",
            "startAt": str(int(start.timestamp())),
            "endAt": str(int((end + timeframe.length).timestamp())),
        }

        def ask(timeouts: Timeouts) -> list[Candle]:
            return _rows(what, self._session.get(self._url, params=parameters, timeout=timeouts))

        return self.line.read(allowance, what, ask)


def _rows(what: str, response: requests.Response) -> list[Candle]:
    """The candles of an answer. Raises DataUnavailable for a symbol that does not exist."""
    if response.status_code != requests.codes.bad_request:  # 400 has a body that says why
        failure = failures.refused_status(what, response)
        if failure is not None:
            raise failure
    answer = failures.json_of(what, response)
    code = answer.get("code") if isinstance(answer, dict) else None
    if code == _TOO_MANY:
        pause_s = failures.asked_pause_s(response.headers)
        raise RateLimited(f"{what}: too many requests (429000)", retry_after_s=pause_s)
    if code in _NO_SUCH_SYMBOL:
        msg = f"{what}: the venue does not know it: {str(answer.get('msg', ''))[:100]}"
        raise DataUnavailable(msg)
    if code != _OK:
        raise TransientExchangeError(f"{what}: answered with code {str(code)[:30]}")
    return _candles(what, answer)


def _candles(what: str, answer: Mapping[str, object]) -> list[Candle]:
    rows = answer.get("data")
    if not isinstance(rows, list):
        msg = f"{what}: data is no list"
        raise InvalidAnswer(msg)
    found = []
    for row in rows:
        if not isinstance(row, list) or len(row) != _COLUMNS:
            msg = f"{what}: a row has not the {_COLUMNS} columns: {str(row)[:120]}"
            raise InvalidAnswer(msg)
        opened, opening, close, high, low, volume, _ = row
        found.append(venue_candles.candle(what, opened, (opening, high, low, close, volume)))
    return found
