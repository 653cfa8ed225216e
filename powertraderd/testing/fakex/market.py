"""Products, their ladders and prices, and candles made from a seed."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from powertraderd.testing.fakex.figures import MATH, text, total

Ladder = list[tuple[Decimal, Decimal]]
"""(price, size), best first."""

_DEEP = Decimal(1_000_000_000)
"""Quote currency on each side of a ladder that nobody set."""
_WAVES = ((86_400 * 11, 0.06), (86_400 * 2.3, 0.03), (3600 * 7.7, 0.012), (1700, 0.004))
_SAMPLES = 8


@dataclass(slots=True)
class Listing:
    """One product: its JSON fields, and a ladder where one was set."""

    fields: dict[str, Any]
    bids: Ladder | None = None
    asks: Ladder | None = None
    taken: dict[str, "Taken"] = field(default_factory=dict)
    """What was traded out of the ladder that was set, by trade id."""
    script: list[tuple[datetime, str]] = field(default_factory=list)
    """Prices to come, the next one first."""
    delisted: bool = False
    quote_time: datetime | None = None
    """Where prices are stale: their time."""

    def decimal(self, name: str) -> Decimal:
        """A numeric field."""
        return Decimal(self.fields[name])

    @property
    def price(self) -> Decimal:
        """The last price."""
        return self.decimal("price")

    def ladder(self, side: str) -> Ladder:
        """Offers that an order of ``side`` meets: asks for a BUY. One that was set is used up."""
        given = self.asks if side == "BUY" else self.bids
        if given is not None:
            return list(self._left(given, side))
        step = self.decimal("price_increment")
        price = self.price + step if side == "BUY" else self.price
        return [(price, Decimal(int(_DEEP / price) + 1))]

    def _left(self, given: Ladder, side: str) -> Iterator[tuple[Decimal, Decimal]]:
        for price, size in given:
            gone = [
                each.size
                for each in self.taken.values()
                if (each.side, each.price) == (side, price)
            ]
            left = MATH.subtract(size, total(gone))
            if left > 0:
                yield price, left

    def offer(self, bids: Ladder | None, asks: Ladder | None) -> None:
        """Other offers from now on: nothing is taken of them yet; None is a deep market."""
        self.bids, self.asks = bids, asks
        self.taken.clear()


@dataclass(frozen=True, slots=True)
class Taken:
    """One trade against the ladder."""

    order_id: str
    side: str
    price: Decimal
    size: Decimal


@dataclass(slots=True)
class Market:
    """All listings, and the seed of the candles."""

    seed: int
    listings: dict[str, Listing] = field(default_factory=dict)
    anchor_s: float = 0.0
    """Epoch second at which candles stand at the listed prices."""
    rows: dict[tuple[str, str], list[list[Any]]] = field(default_factory=dict)
    """Candle rows that a test set, by symbol and type."""

    def add(self, product_id: str, price: str, **patch: Any) -> Listing:  # noqa: ANN401 - JSON
        """List a product, or list it anew."""
        base, _, quote = product_id.partition("-")
        self.listings[product_id] = Listing({**_fields(product_id, base, quote, price), **patch})
        return self.listings[product_id]

    def patch(self, product_id: str, changes: Mapping[str, Any]) -> Listing:
        """Change fields; an unknown product is listed first."""
        if product_id not in self.listings:
            self.add(product_id, str(changes.get("price", "100")))
        listing = self.listings[product_id]
        fields = dict(changes)
        listing.delisted = bool(fields.pop("delisted", listing.delisted))
        listing.fields.update(fields)
        return listing

    def candle(self, name: str, start: int, seconds: int) -> tuple[float, ...]:
        """Open, high, low, close, volume of the bucket that starts at epoch second ``start``."""
        coin = name.partition("-")[0]  # one market, whatever venue tells of it
        base = self._base_price(coin)
        points = [
            base * self._wave(coin, start + seconds * i / _SAMPLES) for i in range(_SAMPLES + 1)
        ]
        chance = random.Random(f"{self.seed}/{coin}/{start}/{seconds}")  # noqa: S311 - a market
        high = max(points) * (1 + 0.002 * chance.random())
        low = min(points) * (1 - 0.002 * chance.random())
        return points[0], high, low, points[-1], seconds / 60 * (1 + chance.random())

    def _wave(self, coin: str, at_s: float) -> float:
        name = f"{self.seed}/{coin}"
        return _wave(name, at_s) / _wave(name, self.anchor_s)

    def _base_price(self, coin: str) -> float:
        for product_id, listing in self.listings.items():
            if product_id.partition("-")[0] == coin:
                return float(listing.price)
        return 100.0


def ladder_of(rows: Sequence[Sequence[str]]) -> Ladder:
    """A ladder from JSON rows [price, size]."""
    return [(Decimal(price), Decimal(size)) for price, size in rows]


def levels(ladder: Ladder) -> list[dict[str, str]]:
    """A ladder as JSON."""
    return [{"price": text(price), "size": text(size)} for price, size in ladder]


def _wave(seed: str, at_s: float) -> float:
    phase = _phase(seed)
    total = sum(
        share * math.sin(at_s * math.tau / period + phase * (number + 1))
        for number, (period, share) in enumerate(_WAVES)
    )
    return math.exp(total)


@cache
def _phase(seed: str) -> float:
    return random.Random(seed).random() * math.tau  # noqa: S311 - a market


def _fields(product_id: str, base: str, quote: str, price: str) -> dict[str, Any]:
    """A product as the exchange shows it."""
    return {
        "product_id": product_id,
        "price": price,
        "price_percentage_change_24h": "-0.28",
        "volume_24h": "11005.02",
        "volume_percentage_change_24h": "164.9",
        "base_increment": "0.00000001",
        "quote_increment": "0.01",
        "quote_min_size": "1",
        "quote_max_size": "50000000",
        "base_min_size": "0.00000001",
        "base_max_size": "100000000",
        "base_name": base.title(),
        "quote_name": "US Dollar",
        "watched": False,
        "is_disabled": False,
        "new": False,
        "status": "online",
        "cancel_only": False,
        "limit_only": False,
        "post_only": False,
        "trading_disabled": False,
        "auction_mode": False,
        "product_type": "SPOT",
        "quote_currency_id": quote,
        "base_currency_id": base,
        "fcm_trading_session_details": None,
        "mid_market_price": "",
        "alias": "",
        "alias_to": [f"{base}-USDC"],
        "base_display_symbol": base,
        "quote_display_symbol": quote,
        "view_only": False,
        "price_increment": "0.01",
        "display_name": product_id,
        "product_venue": "CBE",
        "approximate_quote_24h_volume": "758506771.41",
    }
