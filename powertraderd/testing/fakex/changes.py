"""What an admin may change; each change is replayed when the exchange starts again."""

from collections.abc import Callable
from datetime import datetime, timedelta
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
    listing.script.clear()
    listing.offer(
        bids=ladder_of(body["bids"]) if "bids" in body else listing.bids and listing.ladder("SELL"),
        asks=ladder_of(body["asks"]) if "asks" in body else listing.asks and listing.ladder("BUY"),
    )
    best = [side[0][0] for side in (listing.bids, listing.asks) if side]
    if best:
        listing.fields["price"] = format(best[0], "f")
    resting.cross(exchange, body["id"])
    return {}


def _price(exchange: Exchange, body: Any) -> Any:  # noqa: ANN401 - JSON
    """Whoever sets a price ends the product's script."""
    exchange.market.patch(body["id"], {}).script.clear()
    return _step(exchange, body)


def _step(exchange: Exchange, body: Any) -> Any:  # noqa: ANN401 - JSON
    exchange.market.patch(body["id"], {"price": body["price"]}).offer(bids=None, asks=None)
    resting.cross(exchange, body["id"])
    return {}


def _script(exchange: Exchange, body: Any) -> Any:  # noqa: ANN401 - JSON
    """``steps``: {t, price}, t in seconds of the exchange's time from now; answers with moments."""
    listing = exchange.market.patch(body["id"], {})
    now = exchange.now()
    steps = [
        {"at": step.get("at") or (now + timedelta(seconds=step["t"])).isoformat(), **step}
        for step in body["steps"]
    ]
    listing.script = sorted((datetime.fromisoformat(each["at"]), each["price"]) for each in steps)
    return {"id": body["id"], "steps": steps}


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
    "step": _step,
    "script": _script,
    "balance": _balance,
    "candles": _candles,
    "anchor": _anchor,
    "declare": _declare,
}
