"""The real Coinbase adapter against a fakex process, on the exchange's own virtual time."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from powertraderd.adapters.coinbase.broker import CoinbaseBroker
from powertraderd.adapters.coinbase.client import CoinbaseClient
from powertraderd.adapters.coinbase.public import PublicMarket
from powertraderd.adapters.credentials.key_text import read_key
from powertraderd.adapters.web.line import Tried, uncounted
from powertraderd.clock import NANOSECOND, Clock, FrozenClock
from powertraderd.model.candle import MONDAY, Coin
from powertraderd.settings import BudgetSettings, ExchangeSettings
from powertraderd.testing.examples import BTC, DOGE
from powertraderd.testing.venue import Algorithm, Venue


class VenueClock(FrozenClock):
    """Moves the exchange's clock with it; both stand still in between."""

    def __init__(self, venue: Venue, now: datetime) -> None:
        """Freeze the exchange at ``now``; tokens go by the wall clock."""
        super().__init__(now)
        self._venue = venue
        venue.post("policy", auth_clock="wall", private_rps=1000, public_rps=1000)
        venue.post("clock", freeze=now.isoformat())

    def advance(self, seconds: float) -> None:
        """Step both."""
        super().advance(seconds)
        self._venue.post("clock", freeze=self.now().isoformat())


class PatientClock:
    """The market time of another clock, and machine time in which waiting costs nothing."""

    def __init__(self, market: Clock) -> None:
        """``market`` says what time it is."""
        self._market = market
        self._slept_ns = 0

    def now(self) -> datetime:
        """Market time."""
        return self._market.now()

    def monotonic_ns(self) -> int:
        """The machine's, plus what was slept."""
        return time.monotonic_ns() + self._slept_ns

    def sleep(self, seconds: float) -> None:
        """Have slept."""
        self._slept_ns += int(seconds * NANOSECOND)


def exchange_settings(venue: Venue, **changes: Any) -> ExchangeSettings:  # noqa: ANN401 - settings
    """Settings that lead to ``venue``, at a pace that tests can wait for."""
    usual = {"requests_per_second": 30, "read_timeout_seconds": 3}
    values = {"base_url": venue.base_url, "ca_file": venue.ca_file, **usual, **changes}
    return ExchangeSettings.model_validate(values)


def coinbase_broker(
    venue: Venue,
    clock: Clock,
    *,
    algorithm: Algorithm = "ES256",
    coins: Sequence[Coin] = (BTC, DOGE),
    budgets: BudgetSettings | None = None,
    tried: Tried = uncounted,
    **changes: Any,  # noqa: ANN401 - settings
) -> CoinbaseBroker:
    """A broker with the key of ``algorithm``; ``changes`` to the [exchange] settings."""
    file = venue.keys[algorithm].file
    settings = exchange_settings(venue, **changes)
    client = CoinbaseClient(read_key(file.read_text("utf-8"), str(file)), settings, clock, tried)
    return CoinbaseBroker(
        client, clock, settings, budgets or BudgetSettings(), quote="USD", coins=coins
    )


def public_market(venue: Venue, clock: Clock, **changes: Any) -> PublicMarket:  # noqa: ANN401
    """Quotes and candles without a key."""
    return PublicMarket(
        clock,
        exchange_settings(venue, **changes),
        BudgetSettings(),
        quote="USD",
        week_offset=MONDAY,
    )
