"""Placing an order: validation in the documented order, duplicates, the commitment itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from powertraderd.testing.fakex.exchange import Exchange
from powertraderd.testing.fakex.figures import (
    MATH,
    ZERO,
    is_multiple,
    parsed,
    text,
    total,
    truncated,
)
from powertraderd.testing.fakex.market import Listing
from powertraderd.testing.fakex.matching import Part, spend, trade
from powertraderd.testing.fakex.order import NEVER, Execution, Order

LONGEST_ID = 128
_KINDS = frozenset(
    {"market_market_ioc", "limit_limit_gtc", "limit_limit_gtd", "limit_limit_fok", "sor_limit_ioc"}
)


class Objection(Exception):
    """The order is refused: ``code`` is the exchange's word."""

    def __init__(self, code: str, message: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.code = code
        self.message = message


class Duplicate(Exception):
    """The client id is known; ``order`` is the first one that had it."""

    def __init__(self, order: Order) -> None:
        """Keep the order."""
        super().__init__(order.client_order_id)
        self.order = order


@dataclass(frozen=True, slots=True)
class Wish:
    """An order that was asked for, with its figures."""

    client_order_id: str
    product_id: str
    side: str
    kind: str
    configuration: dict[str, Any]
    quote_size: Decimal | None
    base_size: Decimal | None
    limit_price: Decimal | None

    @property
    def post_only(self) -> bool:
        """Whether it must not take."""
        return bool(self.configuration[self.kind].get("post_only"))


def place(exchange: Exchange, body: dict[str, Any]) -> Order:
    """Commit the order that ``body`` asks for; raises Objection or Duplicate."""
    listing = _listing(exchange, body)
    kind = _kind(body)
    _check_flags(listing, kind)
    _check_duplicate(exchange, str(body.get("client_order_id", "")))
    wish = _wish(exchange, body, kind)
    _check_sizes(wish, listing)
    order = _matched(exchange, wish, listing)
    _check_funds(exchange, order)
    exchange.commit(order)
    return order


def _listing(exchange: Exchange, body: dict[str, Any]) -> Listing:
    listing = exchange.market.listings.get(str(body.get("product_id")))
    if listing is None or listing.delisted:
        raise Objection("INVALID_PRODUCT_ID", f"Invalid product_id {body.get('product_id')}")
    if body.get("side") not in {"BUY", "SELL"}:
        raise Objection("INVALID_SIDE", f"Invalid side {body.get('side')}")
    return listing


def _kind(body: dict[str, Any]) -> str:
    configuration = body.get("order_configuration")
    given = configuration if isinstance(configuration, dict) else {}
    kinds = [kind for kind, inner in given.items() if kind in _KINDS and isinstance(inner, dict)]
    if len(given) != 1 or not kinds:
        raise Objection("UNSUPPORTED_ORDER_CONFIGURATION", "exactly one known configuration")
    return str(kinds[0])


def _check_flags(listing: Listing, kind: str) -> None:
    fields = listing.fields
    if fields["trading_disabled"] or fields["is_disabled"] or fields["view_only"]:
        raise Objection("ORDER_ENTRY_DISABLED", "Orderbook is not accepting orders")
    if fields["status"] != "online":
        raise Objection("UNTRADABLE_PRODUCT", f"status is {fields['status']}")
    if fields["cancel_only"]:
        raise Objection("ORDER_ENTRY_DISABLED", "Orderbook is in cancel only mode")
    takes = kind in {"market_market_ioc", "sor_limit_ioc", "limit_limit_fok"}
    if fields["limit_only"] and kind == "market_market_ioc":
        raise Objection("UNSUPPORTED_ORDER_CONFIGURATION", "Orderbook is in limit only mode")
    if fields["post_only"] and takes:
        raise Objection("UNSUPPORTED_ORDER_CONFIGURATION", "Orderbook is in post only mode")


def _check_duplicate(exchange: Exchange, client_order_id: str) -> None:
    if not client_order_id or len(client_order_id) > LONGEST_ID:
        raise Objection("INVALID_REQUEST", "client_order_id must have 1 to 128 characters")
    known = exchange.by_client_id(client_order_id)
    if not known:
        return
    policy, _, seconds = exchange.knobs.dup_policy.partition(":")
    within = timedelta(seconds=float(seconds or 0))
    expired = exchange.now() - known[0].created_at > within
    if policy == "allow" or (policy == "return_existing_within_ttl" and expired):
        return
    raise Duplicate(known[0])


def _wish(exchange: Exchange, body: dict[str, Any], kind: str) -> Wish:
    inner = body["order_configuration"][kind]

    def figure(name: str) -> Decimal | None:
        if name not in inner or inner[name] in {None, ""}:
            return None
        given = inner[name]
        number = parsed(str(given) if exchange.knobs.accept_numbers else given)
        if number is None:
            raise Objection("INVALID_REQUEST", f"{name} {given!r} is no plain decimal above zero")
        return number

    wish = Wish(
        client_order_id=str(body["client_order_id"]),
        product_id=str(body["product_id"]),
        side=str(body["side"]),
        kind=kind,
        configuration=body["order_configuration"],
        quote_size=figure("quote_size"),
        base_size=figure("base_size"),
        limit_price=figure("limit_price"),
    )
    if kind == "market_market_ioc" and wish.side == "SELL" and wish.quote_size is not None:
        raise Objection(
            "UNSUPPORTED_ORDER_CONFIGURATION", "Market sells must be parameterized in base currency"
        )
    if (wish.quote_size is None) == (wish.base_size is None):
        raise Objection("INVALID_REQUEST", "exactly one of quote_size and base_size")
    if kind != "market_market_ioc" and (wish.limit_price is None or wish.base_size is None):
        raise Objection("INVALID_LIMIT_PRICE", "a limit order needs limit_price and base_size")
    return wish


def _check_sizes(wish: Wish, listing: Listing) -> None:
    for name, size in (("base", wish.base_size), ("quote", wish.quote_size)):
        if size is None:
            continue
        if not is_multiple(size, listing.decimal(f"{name}_increment")):
            step = listing.fields[f"{name}_increment"]
            raise Objection("INVALID_SIZE_PRECISION", f"{name}_size is no multiple of {step}")
        low, high = listing.decimal(f"{name}_min_size"), listing.decimal(f"{name}_max_size")
        if not low <= size <= high:
            words = f"{name}_size must be between {text(low)} and {text(high)}"
            raise Objection("INVALID_REQUEST", words)
    if wish.limit_price is not None and not is_multiple(
        wish.limit_price, listing.decimal("price_increment")
    ):
        step = listing.fields["price_increment"]
        raise Objection("INVALID_PRICE_PRECISION", f"limit_price is no multiple of {step}")


def _check_funds(exchange: Exchange, order: Order) -> None:
    if order.hold > exchange.available(order.spends):
        raise Objection("INSUFFICIENT_FUND", "Insufficient balance in source account")


# -- what becomes of it


def _matched(exchange: Exchange, wish: Wish, listing: Listing) -> Order:
    ladder = listing.ladder(wish.side)
    if not ladder and wish.kind == "market_market_ioc" and exchange.knobs.empty_ladder == "refuse":
        raise Objection("INVALID_NO_LIQUIDITY", "the book is empty on this side")
    rate, fills = Decimal(exchange.knobs.taker_fee_rate), exchange.knobs.min_fills
    if wish.quote_size is not None:
        value = MATH.divide(wish.quote_size, 1 + rate)
        parts, full = spend(ladder, value, fills)
    else:
        size = wish.base_size or ZERO
        parts, left = trade(ladder, size, fills, wish.limit_price, wish.side)
        full = not left
    if wish.post_only and parts:
        raise Objection("INVALID_LIMIT_PRICE_POST_ONLY", "the order would take")
    if wish.kind == "limit_limit_fok" and not full:
        parts = []
    return _order(exchange, wish, parts, full=full)


def _order(exchange: Exchange, wish: Wish, parts: list[Part], *, full: bool) -> Order:
    now, knobs = exchange.now(), exchange.knobs
    rate = Decimal(knobs.taker_fee_rate)
    waits = not full and wish.kind in {"limit_limit_gtc", "limit_limit_gtd"}
    accept_at = exchange.later(now, knobs.t_accept_ms)
    done_at = exchange.later(accept_at, knobs.t_fill_ms)
    ending = "FILLED" if full else "CANCELLED"
    if not parts and knobs.empty_ladder == "failed":
        ending = "FAILED"
    order = Order(
        order_id=exchange.new_id(),
        client_order_id=wish.client_order_id,
        product_id=wish.product_id,
        side=wish.side,
        configuration=wish.configuration,
        created_at=now,
        accept_at=accept_at,
        done_at=NEVER if waits else done_at,
        settle_at=NEVER if waits else exchange.later(done_at, knobs.t_settle_ms),
        seen_at=now + timedelta(seconds=knobs.order_lag_s),
        listed_at=now + timedelta(seconds=max(knobs.order_lag_s, knobs.list_lag_s)),
        fills_lag_s=knobs.fills_lag_s,
        balance_lag_s=knobs.balance_lag_s,
        ending=ending,
        fee_rate=rate,
        hold=ZERO,
        executions=_executions(exchange, wish, parts, accept_at, done_at, full=full),
        cancel_message="Internal error" if full and wish.kind == "market_market_ioc" else "",
        size_in_quote=wish.quote_size is not None,
    )
    order.hold = _hold(order, wish)
    return order


def _hold(order: Order, wish: Wish) -> Decimal:
    if not order.buys:
        return wish.base_size or ZERO
    if wish.quote_size is not None:
        return wish.quote_size
    cost = MATH.add(order.value(), order.fees())
    if order.done_at == NEVER and wish.limit_price is not None:
        rest = MATH.subtract(wish.base_size or ZERO, order.size())
        waiting = MATH.multiply(MATH.multiply(rest, wish.limit_price), 1 + order.fee_rate)
        cost = MATH.add(cost, waiting)
    return cost


def _executions(
    exchange: Exchange,
    wish: Wish,
    parts: list[Part],
    accept_at: datetime,
    done_at: datetime,
    *,
    full: bool,
) -> list[Execution]:
    """Fills spread between acceptance and the end; fees of a quote-sized buy add up to its size."""
    fees = [_fee(exchange, part) for part in parts]
    if full and wish.quote_size is not None and parts:
        value = total([part.value for part in parts])
        fees[-1] = MATH.subtract(MATH.subtract(wish.quote_size, value), total(fees[:-1]))
    step = (done_at - accept_at) / max(len(parts), 1)
    return [
        Execution(
            trade_id=exchange.new_id(),
            price=part.price,
            size=part.size,
            value=part.value,
            commission=fee,
            at=done_at if left == 0 else done_at - step * left,
        )
        for left, part, fee in zip(reversed(range(len(parts))), parts, fees, strict=True)
    ]


def _fee(exchange: Exchange, part: Part) -> Decimal:
    return truncated(MATH.multiply(part.value, Decimal(exchange.knobs.taker_fee_rate)), 16)
