"""The exchange and the candle venue: reachable, with our products, and with a key that fits."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from powertraderd.adapters.coinbase.broker import CoinbaseBroker
from powertraderd.adapters.coinbase.public import PublicMarket
from powertraderd.adapters.credentials import keyring
from powertraderd.adapters.credentials.keyring import KeyFile, Protection
from powertraderd.adapters.kucoin import KucoinCandles
from powertraderd.clock import RealClock
from powertraderd.commands import key_check
from powertraderd.commands.checkup.finding import Finding, fail, ok, warn
from powertraderd.errors import (
    ConfigError,
    CredentialsRejected,
    DataUnavailable,
    TransientExchangeError,
)
from powertraderd.model.candle import Timeframe
from powertraderd.model.money import plain
from powertraderd.model.product import Product
from powertraderd.ports import CandleSource
from powertraderd.settings import Settings

KEY_AGE_DUE = timedelta(days=180)
MOST_SKEW_S, GOOD_SKEW_S = 5.0, 1.0
"""STRATEGY.md, Readiness: no trading beyond the first."""
_CANDLES_BACK = timedelta(hours=48)
_NETWORK = "look at the network, the address in the settings, and the venue's status page"


def market(settings: Settings) -> Iterator[Finding]:
    """Quotes and candles, which need no key."""
    if not settings.candles.from_a_venue:
        yield ok("market", f"{settings.candles.source}: nothing outside of this machine is asked")
        return
    public = _public(settings)
    try:
        yield from _quotes(settings, public)
        yield from _candles(settings, public)
    finally:
        public.close()


def _public(settings: Settings) -> PublicMarket:
    return PublicMarket(
        RealClock(),
        settings.exchange,
        settings.supervisor.budgets,
        quote=settings.trading.quote,
        week_offset=settings.candles.week_offset,
    )


def _quotes(settings: Settings, public: PublicMarket) -> Iterator[Finding]:
    topic, coins = "exchange", settings.trading.coins
    try:
        quotes = public.quotes(coins)
    except TransientExchangeError as error:
        yield fail(topic, str(error), _NETWORK, passing=True)
        return
    missing = [coin for coin in coins if coin not in quotes]
    if missing:
        what = f"{settings.exchange.base_url} has no usable quote for {', '.join(missing)}"
        yield fail(topic, what, "take them out of trading.coins, or wait until they trade")
    else:
        yield ok(topic, f"{settings.exchange.base_url} quotes {', '.join(coins)}")


def _candles(settings: Settings, public: PublicMarket) -> Iterator[Finding]:
    topic, now = "candle venue", datetime.now(UTC)
    source: CandleSource = public
    if settings.candles.source == "kucoin":
        source = KucoinCandles(
            RealClock(),
            settings.exchange,
            base_url=settings.candles.base_url,
            quote=settings.candles.quote or "USDT",
            budget_s=settings.supervisor.budgets.candles,
        )
    for coin in settings.trading.coins:
        try:
            found = source.candles(coin, Timeframe.HOUR_1, now - _CANDLES_BACK, now)
        except DataUnavailable as error:
            yield fail(topic, str(error), f"take {coin} out of trading.coins")
        except TransientExchangeError as error:
            yield fail(topic, str(error), _NETWORK, passing=True)
            return
        else:
            name = settings.candles.source
            if found:
                what = f"{name}: {len(found)} hours of {coin}, up to {found[-1].opened_at:%H:%M}"
                yield ok(topic, what)
            else:
                what = f"{name}: no candle of {coin} in {_CANDLES_BACK.days} days"
                yield warn(topic, what, "see that it trades there")


def key(settings: Settings, passphrase: Callable[[], str], now: datetime) -> Iterator[Finding]:
    """The key, and all that can only be asked with it."""
    if settings.trading.mode == "paper":
        yield ok("key", "paper money needs none")
        return
    where = keyring.place(settings.exchange.key_file, settings.paths.state_dir, os.environ)
    try:
        found = keyring.look(where)
        opened = keyring.open_key(where, passphrase)
    except ConfigError as error:
        yield fail("key", str(error), "powertraderd creds set")
        return
    yield from _at_rest(found, now)
    broker = key_check.broker(settings, opened)
    try:
        yield from _with_key(settings, broker)
    finally:
        broker.close()


def _at_rest(found: KeyFile, now: datetime) -> Iterator[Finding]:
    path: Path = found.place.path
    age = now - found.written_at
    if found.protection is Protection.PLAIN and not found.place.handed_over:
        yield warn("key", f"{path} is not encrypted", f"powertraderd creds set {path}")
    elif age > KEY_AGE_DUE:
        what = f"{path} is {age.days} days old"
        yield warn("key", what, "make a new one at Coinbase, then powertraderd creds rotate")
    else:
        yield ok("key", f"{path}, {age.days} days old")


def _with_key(settings: Settings, broker: CoinbaseBroker) -> Iterator[Finding]:
    try:
        key_check.verified(broker)
        yield ok("key rights", "view and trade")
        yield _skew(broker.clock_skew())
        yield from _products(settings, broker)
    except CredentialsRejected as error:
        yield fail("key rights", str(error), "powertraderd creds rotate, when a new key is made")
    except TransientExchangeError as error:
        yield fail("exchange", str(error), _NETWORK, passing=True)


def _skew(seconds: float) -> Finding:
    topic, what = "clock skew", f"{seconds:+.1f} s against the exchange"
    remedy = "run an NTP client: requests are refused and candles misread with a wrong clock"
    if abs(seconds) >= MOST_SKEW_S:
        return fail(topic, what, remedy)
    return warn(topic, what, remedy) if abs(seconds) >= GOOD_SKEW_S else ok(topic, what)


def _products(settings: Settings, broker: CoinbaseBroker) -> Iterator[Finding]:
    products = broker.products(settings.trading.coins)
    for coin in settings.trading.coins:
        product = products.get(coin)
        if product is None:
            what = f"the exchange has no {coin}-{settings.trading.quote}"
            yield fail(f"product {coin}", what, f"take {coin} out of trading.coins")
        else:
            yield _product(product)


def _product(product: Product) -> Finding:
    topic = f"product {product.coin}"
    if product.closed_because:
        what = f"{product.product_id} does not trade: {product.closed_because}"
        remedy = "nothing is bought or sold until the exchange opens it"
        return fail(topic, what, remedy, passing=True)
    coin, _, quote = product.product_id.partition("-")
    step, least = plain(product.base_increment), plain(product.quote_min_size)
    return ok(topic, f"{product.product_id}: steps of {step} {coin}, least {least} {quote}")
