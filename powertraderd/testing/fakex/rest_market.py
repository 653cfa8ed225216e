"""Prices, products, candles and fees: what the REST API tells about the market."""

from datetime import datetime
from typing import Any

from powertraderd.testing.fakex.clock import stamp
from powertraderd.testing.fakex.exchange import Exchange
from powertraderd.testing.fakex.figures import MATH, text
from powertraderd.testing.fakex.market import Listing, levels
from powertraderd.testing.fakex.message import Answer, Request, error

GRANULARITIES = {
    "ONE_MINUTE": 60,
    "FIVE_MINUTE": 300,
    "FIFTEEN_MINUTE": 900,
    "THIRTY_MINUTE": 1800,
    "ONE_HOUR": 3600,
    "TWO_HOUR": 7200,
    "FOUR_HOUR": 14400,
    "SIX_HOUR": 21600,
    "ONE_DAY": 86400,
}
MOST_CANDLES = 350


def server_time(exchange: Exchange, _request: Request) -> Answer:
    """GET /time."""
    now = exchange.now()
    milliseconds = int(now.timestamp() * 1000)
    return Answer(
        {
            "iso": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "epochSeconds": str(milliseconds // 1000),
            "epochMillis": str(milliseconds),
        }
    )


def products(exchange: Exchange, request: Request) -> Answer:
    """GET /products."""
    wanted = request.values("product_ids")
    kind = request.value("product_type", "SPOT").upper()
    shown = [
        product_json(exchange, listing)
        for product_id, listing in exchange.market.listings.items()
        if not listing.delisted and (not wanted or product_id in wanted)
    ]
    shown = [item for item in shown if item["product_type"] == kind]
    offset = int(request.value("offset", "0") or 0)
    limit = request.number("limit", len(shown) or 1, len(shown) or 1)
    return Answer({"products": shown[offset : offset + limit], "num_products": len(shown)})


def product(exchange: Exchange, _request: Request, product_id: str) -> Answer:
    """GET /products/ID."""
    listing = exchange.market.listings.get(product_id)
    if listing is None or listing.delisted:
        return error(404, "NOT_FOUND", f"product {product_id} not found")
    return Answer(product_json(exchange, listing))


def product_json(exchange: Exchange, listing: Listing) -> dict[str, Any]:
    """The product object."""
    shown = dict(listing.fields)
    if exchange.knobs.blank_numbers:
        shown.update(price="", mid_market_price="", volume_24h="", approximate_quote_24h_volume="")
    return shown


def best_bid_ask(exchange: Exchange, request: Request) -> Answer:
    """GET /best_bid_ask: unknown products are silently missing, the order is not the asked one."""
    wanted = request.values("product_ids")
    books = [
        _book(exchange, product_id, listing, depth=1)
        for product_id, listing in exchange.market.listings.items()
        if not listing.delisted and (not wanted or product_id in wanted)
    ]
    return Answer({"pricebooks": books[::-1]})


def product_book(exchange: Exchange, request: Request) -> Answer:
    """GET /product_book."""
    product_id = request.value("product_id")
    listing = exchange.market.listings.get(product_id)
    if listing is None or listing.delisted:
        return error(404, "NOT_FOUND", f"product {product_id} not found")
    book = _book(exchange, product_id, listing, depth=request.number("limit", 100, 1000))
    return Answer(
        {
            "pricebook": book,
            "last": text(listing.price),
            "mid_market": text(listing.price),
            "spread_bps": "0.0014",
            "spread_absolute": listing.fields["price_increment"],
        }
    )


def _book(exchange: Exchange, product_id: str, listing: Listing, depth: int) -> dict[str, Any]:
    at: datetime = listing.quote_time or exchange.now()
    return {
        "product_id": product_id,
        "bids": levels(listing.ladder("SELL")[:depth]),
        "asks": levels(listing.ladder("BUY")[:depth]),
        "time": stamp(at),
    }


def candles(exchange: Exchange, request: Request, product_id: str) -> Answer:
    """GET /products/ID/candles: newest first, at most 350."""
    listing = exchange.market.listings.get(product_id)
    if listing is None or listing.delisted:
        return error(404, "NOT_FOUND", f"product {product_id} not found")
    name = request.value("granularity")
    step = GRANULARITIES.get(name)
    start, end = request.value("start"), request.value("end")
    if step is None or not start.isdigit() or not end.isdigit():
        return error(400, "INVALID_ARGUMENT", "start, end and granularity are needed")
    if (int(end) - int(start)) // step >= MOST_CANDLES:
        return error(400, "INVALID_ARGUMENT", "number of candles requested should be less than 350")
    if (product_id, name) in exchange.market.rows:
        return Answer({"candles": exchange.market.rows[product_id, name]})
    now = exchange.now().timestamp()
    first = -(-int(start) // step) * step
    starts = [at for at in range(first, int(end) + 1, step) if at <= now]
    rows = [_candle(exchange, product_id, at, step) for at in reversed(starts)]
    return Answer({"candles": rows[: request.number("limit", MOST_CANDLES, MOST_CANDLES)]})


def _candle(exchange: Exchange, product_id: str, start: int, step: int) -> dict[str, str]:
    opened, high, low, close, volume = exchange.market.candle(product_id, start, step)
    return {
        "start": str(start),
        "low": f"{low:.8f}",
        "high": f"{high:.8f}",
        "open": f"{opened:.8f}",
        "close": f"{close:.8f}",
        "volume": f"{volume:.8f}",
    }


def ticker(exchange: Exchange, _request: Request, product_id: str) -> Answer:
    """GET /products/ID/ticker: one made-up trade at the last price."""
    listing = exchange.market.listings.get(product_id)
    if listing is None or listing.delisted:
        return error(404, "NOT_FOUND", f"product {product_id} not found")
    book = _book(exchange, product_id, listing, depth=1)
    trade = {
        "trade_id": "995098663",
        "product_id": product_id,
        "price": text(listing.price),
        "size": "0.00064",
        "time": book["time"],
        "side": "SELL",
        "bid": "",
        "ask": "",
        "exchange": "coinbase",
    }
    best = {side: (book[side] or [{"price": ""}])[0]["price"] for side in ("bids", "asks")}
    return Answer({"trades": [trade], "best_bid": best["bids"], "best_ask": best["asks"]})


def transaction_summary(exchange: Exchange, _request: Request) -> Answer:
    """GET /transaction_summary: volumes are numbers, rates are strings."""
    knobs = exchange.knobs
    volume = sum(
        (order.value() for order in exchange.orders.values()), start=MATH.create_decimal(0)
    )
    fees = sum((order.fees() for order in exchange.orders.values()), start=MATH.create_decimal(0))
    return Answer(
        {
            "total_volume": float(volume),
            "total_fees": float(fees),
            "fee_tier": {
                "pricing_tier": "Advanced 1",
                "usd_from": "1000",
                "usd_to": "10000",
                "taker_fee_rate": knobs.taker_fee_rate,
                "maker_fee_rate": knobs.maker_fee_rate,
                "aop_from": "",
                "aop_to": "",
            },
            "margin_rate": None,
            "goods_and_services_tax": None,
            "advanced_trade_only_volume": float(volume),
            "advanced_trade_only_fees": float(fees),
            "coinbase_pro_volume": 0,
            "coinbase_pro_fees": 0,
            "total_balance": "",
            "has_promo_fee": False,
        }
    )
