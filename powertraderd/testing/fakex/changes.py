"""What an admin may change; each change is replayed when the exchange starts again."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from powertraderd.testing.fakex import resting
from powertraderd.testing.fakex.exchange import Exchange
from powertraderd.testing.fakex.market import ladder_of

Change = Callable[[Exchange, Any], Any]


def _clock(exchange: Exchange, body: Any) -> Any:  # noqa: ANN401 - JSON
    return exchange.clock.change(body)


def _policy(exchange: Exchange, body: Any) -> Any:  # noqa: ANN401 - JSON
    exchange.knobs.change(body)
    return {}


def _product(exchange: Exchange, body: Any) -> Any:  # noqa: ANN401 - JSON
    listing = exchange.market.patch(body["id"], body.get("patch", {}))
    return listing.fields


def _book(exchange: Exchange, body: Any) -> Any:  # noqa: ANN401 - JSON
    listing = exchange.market.listings[body["id"]]
    listing.bids = ladder_of(body["bids"]) if "bids" in body else listing.bids
    listing.asks = ladder_of(body["asks"]) if "asks" in body else listing.asks
    best = [side[0][0] for side in (listing.bids, listing.asks) if side]
    if best:
        listing.fields["price"] = format(best[0], "f")
    resting.cross(exchange, body["id"])
    return {}


def _price(exchange: Exchange, body: Any) -> Any:  # noqa: ANN401 - JSON
    listing = exchange.market.patch(body["id"], {"price": body["price"]})
    listing.bids = listing.asks = None
    resting.cross(exchange, body["id"])
    return {}


def _balance(exchange: Exchange, body: Any) -> Any:  # noqa: ANN401 - JSON
    """Add to (or take from) what was deposited, by currency."""
    for currency, amount in body.items():
        exchange.deposits[currency] = exchange.deposits.get(currency, Decimal(0)) + Decimal(amount)
    return {name: format(amount, "f") for name, amount in exchange.deposits.items()}


def _candles(exchange: Exchange, body: Any) -> Any:  # noqa: ANN401 - JSON
    key = (body["symbol"], body["type"])
    if body.get("rows") is None:
        exchange.market.rows.pop(key, None)
    else:
        exchange.market.rows[key] = body["rows"]
    return {}


def _anchor(exchange: Exchange, body: Any) -> Any:  # noqa: ANN401 - JSON
    exchange.market.anchor_s = body["at_s"]
    return {}


def _declare(exchange: Exchange, body: Any) -> Any:  # noqa: ANN401 - JSON
    """``intents``, ``budget``, ``ledger``, ``logs``, ``secrets``, ``halted_at_mono``, ``owned``."""
    exchange.declared.update(body)
    return {}


CHANGES: dict[str, Change] = {
    "clock": _clock,
    "policy": _policy,
    "product": _product,
    "book": _book,
    "price": _price,
    "balance": _balance,
    "candles": _candles,
    "anchor": _anchor,
    "declare": _declare,
}
