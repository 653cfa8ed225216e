"""KuCoin's public candles (FAKE_EXCHANGE.md, 10)."""

from collections import deque
from typing import Any

from powertraderd.testing.fakex.exchange import Exchange
from powertraderd.testing.fakex.message import Answer, Request, text_answer

TYPES = {
    "1min": 60,
    "3min": 180,
    "5min": 300,
    "15min": 900,
    "30min": 1800,
    "1hour": 3600,
    "2hour": 7200,
    "4hour": 14400,
    "6hour": 21600,
    "8hour": 28800,
    "12hour": 43200,
    "1day": 86400,
    "1week": 604800,
    "1month": 2592000,
}
MOST_ROWS = 1500
_WEIGHT = 3
_POOL_S = 30.0


class Kucoin:
    """Answers candle requests."""

    def __init__(self, exchange: Exchange) -> None:
        """Answer from the exchange's market and clock."""
        self._exchange = exchange
        self._calls: deque[float] = deque()

    def clear(self) -> None:
        """Forget the calls."""
        self._calls.clear()

    def perform(self, request: Request) -> Answer:
        """Any request to the KuCoin listener."""
        limited = self._limited()
        if limited is not None:
            return limited
        with self._exchange.lock:
            match request.method, request.path:
                case "GET", "/api/v1/market/candles":
                    return self._candles(request).with_headers(self._headers())
                case "GET", "/api/v1/timestamp":
                    milliseconds = int(self._exchange.now().timestamp() * 1000)
                    return Answer({"code": "200000", "data": milliseconds})
                case "GET", "/api/v2/symbols":
                    return Answer({"code": "200000", "data": self._symbols()})
        return Answer({"code": "404000", "msg": "Url does not exist"}, 404)

    def _limited(self) -> Answer | None:
        now = self._exchange.clock.monotonic()
        while self._calls and now - self._calls[0] > _POOL_S:
            self._calls.popleft()
        self._calls.append(now)
        if len(self._calls) * _WEIGHT <= self._exchange.knobs.kucoin_pool:
            return None
        return self.too_many()

    def too_many(self) -> Answer:
        """429 as the knobs word it."""
        body = {"code": "429000", "msg": "Too many requests"}
        match self._exchange.knobs.kucoin_limit:
            case "code":
                return Answer(body, 200).with_headers(self._headers())
            case "html":
                return text_answer(429, "<html>error code: 1015</html>", "text/html")
        return Answer(body, 429).with_headers(self._headers())

    def _headers(self) -> dict[str, str]:
        if not self._exchange.knobs.kucoin_rate_headers:
            return {}
        pool = self._exchange.knobs.kucoin_pool
        left = max(pool - len(self._calls) * _WEIGHT, 0)
        return {
            "gw-ratelimit-limit": str(pool),
            "gw-ratelimit-remaining": str(left),
            "gw-ratelimit-reset": "1000",
        }

    def _symbols(self) -> list[dict[str, Any]]:
        return [
            {
                "symbol": product_id.replace("-USD", "-USDT"),
                "baseCurrency": listing.fields["base_currency_id"],
                "quoteCurrency": "USDT",
                "baseMinSize": listing.fields["base_min_size"],
                "quoteMinSize": listing.fields["quote_min_size"],
                "baseIncrement": listing.fields["base_increment"],
                "quoteIncrement": listing.fields["quote_increment"],
                "priceIncrement": listing.fields["price_increment"],
                "enableTrading": True,
            }
            for product_id, listing in self._exchange.market.listings.items()
        ]

    def _candles(self, request: Request) -> Answer:
        symbol, kind = request.value("symbol"), request.value("type")
        step = TYPES.get(kind)
        if step is None:
            return Answer({"code": "400100", "msg": f"type {kind} is not supported"}, 400)
        coins = {name.partition("-")[0] for name in self._exchange.market.listings}
        if symbol.partition("-")[0] not in coins or not symbol.endswith("-USDT"):
            return Answer({"code": "900001", "msg": "symbol not exists"})
        if (symbol, kind) in self._exchange.market.rows:
            rows = self._exchange.market.rows[symbol, kind]
            return Answer({"code": "200000", "data": self._within(rows, request)})
        return Answer({"code": "200000", "data": self._made(symbol, step, request)})

    def _within(self, rows: list[list[Any]], request: Request) -> list[list[Any]]:
        """Rows that a test set, in their own order; odd ones are always told."""
        start, end = request.value("startAt", "0"), request.value("endAt", "0")
        return [
            row
            for row in rows
            if not str(row[0] if row else "").isdigit() or int(start) <= int(row[0]) < int(end)
        ]

    def _made(self, symbol: str, step: int, request: Request) -> list[list[str]]:
        knobs = self._exchange.knobs
        now = int(self._exchange.now().timestamp())
        start = int(request.value("startAt", "0") or 0)
        end = int(request.value("endAt", "0") or 0)
        if not end:
            if knobs.kucoin_no_range == "empty":
                return []
            start, end = now - MOST_ROWS * step, now + 1
        if knobs.kucoin_end_inclusive:
            end += 1
        first = -(-start // step) * step
        newest = now if knobs.kucoin_in_progress == "include" else now - step
        starts = [at for at in range(first, end, step) if at <= newest]
        return [self._row(symbol, at, step) for at in reversed(starts[-MOST_ROWS:])]

    def _row(self, symbol: str, start: int, step: int) -> list[str]:
        """Time, open, close, high, low, volume, turnover."""
        opened, high, low, close, volume = self._exchange.market.candle(symbol, start, step)
        prices = [f"{value:.8f}" for value in (opened, close, high, low)]
        return [str(start), *prices, f"{volume:.8f}", f"{volume * close:.8f}"]
