"""A market that stands where the test puts it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from powertraderd.clock import Clock
from powertraderd.errors import TransientExchangeError
from powertraderd.model.candle import Coin
from powertraderd.model.money import Price
from powertraderd.model.quote import Quote


class SetQuotes:
    """QuoteSource; quotes are of this moment, whatever the moment."""

    def __init__(self, clock: Clock) -> None:
        """No coin has a quote yet."""
        self._clock = clock
        self._prices: dict[Coin, tuple[Price, Price]] = {}
        self.down = False

    def put(self, coin: Coin, bid: str, ask: str | None = None) -> None:
        """The bid, and an ask that is the same unless it is given."""
        self._prices[coin] = Price(Decimal(bid)), Price(Decimal(ask or bid))

    def take_away(self, coin: Coin) -> None:
        """No quote for this coin any more."""
        del self._prices[coin]

    def quotes(self, coins: Sequence[Coin]) -> Mapping[Coin, Quote]:
        """What was put; raises TransientExchangeError while ``down``."""
        if self.down:
            raise TransientExchangeError("the market is down")
        now = self._clock.now()
        known = (coin for coin in coins if coin in self._prices)
        return {coin: Quote(coin, *self._prices[coin], now) for coin in known}
