"""The key's permissions and the accounts."""

import uuid
from typing import Any

from powertraderd.testing.fakex.exchange import Exchange
from powertraderd.testing.fakex.figures import MATH, ZERO, text, truncated
from powertraderd.testing.fakex.message import Answer, Request, error
from powertraderd.testing.fakex.order_json import PORTFOLIO
from powertraderd.testing.fakex.paging import page

_SPACE = uuid.UUID("8bfc20d7-f7c6-4422-bf07-8243ca4169fe")
MOST_ACCOUNTS = 250


def key_permissions(exchange: Exchange, _request: Request) -> Answer:
    """GET /key_permissions."""
    knobs = exchange.knobs
    return Answer(
        {
            "can_view": knobs.can_view,
            "can_trade": knobs.can_trade,
            "can_transfer": knobs.can_transfer,
            "portfolio_uuid": PORTFOLIO,
            "portfolio_type": "DEFAULT",
        }
    )


def accounts(exchange: Exchange, request: Request) -> Answer:
    """GET /accounts."""
    limit = request.number("limit", exchange.knobs.page_size, MOST_ACCOUNTS)
    try:
        rows, cursor = page(_accounts(exchange), request.value("cursor"), limit, exchange.knobs)
    except ValueError:
        return error(400, "INVALID_ARGUMENT", "invalid cursor")
    body = {"accounts": rows, "has_next": bool(cursor), "cursor": cursor, "size": len(rows)}
    return Answer(body)


def account(exchange: Exchange, _request: Request, account_id: str) -> Answer:
    """GET /accounts/UUID."""
    for row in _accounts(exchange):
        if row["uuid"] == account_id:
            return Answer({"account": row})
    return error(404, "NOT_FOUND", "account not found")


def _accounts(exchange: Exchange) -> list[dict[str, Any]]:
    now = exchange.now()
    totals, holds = exchange.totals(now), exchange.holds(now)
    decimals = exchange.knobs.balance_decimals
    return [
        {
            "uuid": str(uuid.uuid5(_SPACE, currency)),
            "name": f"{currency} Wallet",
            "currency": currency,
            "available_balance": {
                "value": text(
                    truncated(MATH.subtract(amount, holds.get(currency, ZERO)), decimals)
                ),
                "currency": currency,
            },
            "default": True,
            "active": True,
            "created_at": "2024-01-01T00:00:00Z",
            "updated_at": "2026-11-23T00:00:00Z",
            "deleted_at": None,
            "type": "ACCOUNT_TYPE_FIAT" if currency == "USD" else "ACCOUNT_TYPE_CRYPTO",
            "ready": True,
            "hold": {"value": text(holds.get(currency, ZERO)), "currency": currency},
            "retail_portfolio_id": PORTFOLIO,
            "platform": "ACCOUNT_PLATFORM_CONSUMER",
        }
        for currency, amount in sorted(totals.items())
    ]
