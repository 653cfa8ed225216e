"""The REST API: routes, permissions, limits, and the order in which they are checked."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from powertraderd.testing.fakex import rest_account, rest_market, rest_orders
from powertraderd.testing.fakex.auth import Doorkeeper
from powertraderd.testing.fakex.exchange import Exchange
from powertraderd.testing.fakex.limits import Limits
from powertraderd.testing.fakex.message import Answer, Request, error, text_answer

PREFIX = "/api/v3/brokerage"
Handler = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint; ``scope`` is empty for what anybody may read."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    scope: str = "can_view"


def _route(method: str, path: str, handler: Handler, scope: str = "can_view") -> Route:
    return Route(method, re.compile(re.sub("ID", "([^/]+)", path)), handler, scope)


ROUTES = (
    _route("GET", "/time", rest_market.server_time, ""),
    _route("GET", "/market/products", rest_market.products, ""),
    _route("GET", "/market/products/ID", rest_market.product, ""),
    _route("GET", "/market/product_book", rest_market.product_book, ""),
    _route("GET", "/market/products/ID/candles", rest_market.candles, ""),
    _route("GET", "/market/products/ID/ticker", rest_market.ticker, ""),
    _route("GET", "/key_permissions", rest_account.key_permissions),
    _route("GET", "/accounts", rest_account.accounts),
    _route("GET", "/accounts/ID", rest_account.account),
    _route("GET", "/products", rest_market.products),
    _route("GET", "/products/ID", rest_market.product),
    _route("GET", "/products/ID/candles", rest_market.candles),
    _route("GET", "/products/ID/ticker", rest_market.ticker),
    _route("GET", "/best_bid_ask", rest_market.best_bid_ask),
    _route("GET", "/product_book", rest_market.product_book),
    _route("GET", "/transaction_summary", rest_market.transaction_summary),
    _route("POST", "/orders", rest_orders.create, "can_trade"),
    _route("POST", "/orders/preview", rest_orders.preview, "can_trade"),
    _route("POST", "/orders/batch_cancel", rest_orders.batch_cancel, "can_trade"),
    _route("GET", "/orders/historical/batch", rest_orders.batch),
    _route("GET", "/orders/historical/fills", rest_orders.fills),
    _route("GET", "/orders/historical/ID", rest_orders.get),
)


class Rest:
    """Answers REST requests."""

    def __init__(self, exchange: Exchange, doorkeeper: Doorkeeper, limits: Limits) -> None:
        """Answer from ``exchange``."""
        self._exchange = exchange
        self._doorkeeper = doorkeeper
        self._limits = limits

    def admit(self, request: Request) -> tuple[Answer | None, str]:
        """An answer that ends it here, or None; and why the token was refused."""
        private = any(route.scope for route in _at(request.path))
        objection = self._doorkeeper.objection(request) if private else ""
        limited = self._limits.refusal(private=private)
        if limited is not None:
            return limited, objection
        if objection:
            return text_answer(401, "Unauthorized\n"), objection
        return None, ""

    def perform(self, request: Request) -> Answer:
        """Do what was asked; the request was admitted."""
        routes = _at(request.path)
        if not routes:
            return error(404, "NOT_FOUND", f"no such path: {request.path}")
        for route in routes:
            if route.method != request.method:
                continue
            if route.scope and not getattr(self._exchange.knobs, route.scope):
                return error(403, "PERMISSION_DENIED", "Missing required scopes")
            found = route.pattern.fullmatch(request.path.removeprefix(PREFIX))
            with self._exchange.lock:
                return route.handler(self._exchange, request, *(found.groups() if found else ()))
        return error(405, "METHOD_NOT_ALLOWED", f"{request.method} is not allowed")


def _at(path: str) -> list[Route]:
    """Routes of ``path``; a fixed name counts before a parameter."""
    if not path.startswith(PREFIX):
        return []
    rest = path.removeprefix(PREFIX)
    found = [route for route in ROUTES if route.pattern.fullmatch(rest)]
    fixed = [route for route in found if not route.pattern.groups]
    return fixed or found
