"""What an answer may leave out (the knob ``omit_optional``): the SDK then has no such attribute.

An object is known by one of its fields. Kept is what says which object it is and what it amounts
to; of an order also ``settled``, without which nobody could know that its figures are final.
"""

from typing import Any

_KEPT: dict[str, frozenset[str]] = {
    "can_view": frozenset({"can_view", "can_trade", "can_transfer"}),
    "accounts": frozenset({"accounts", "has_next", "cursor"}),
    "available_balance": frozenset({"uuid", "currency", "available_balance", "hold"}),
    "products": frozenset({"products"}),
    "base_increment": frozenset(
        {
            *("product_id", "base_increment", "quote_increment", "base_min_size", "quote_min_size"),
            *("base_max_size", "quote_max_size", "status", "trading_disabled", "is_disabled"),
        }
    ),
    "pricebook": frozenset({"pricebook"}),
    "fee_tier": frozenset({"fee_tier"}),
    "taker_fee_rate": frozenset({"taker_fee_rate"}),
    "success": frozenset({"success", "success_response", "error_response"}),
    "preview_failure_reason": frozenset({"error", "new_order_failure_reason"}),
    "attached_order_id": frozenset({"order_id", "product_id", "side", "client_order_id"}),
    "orders": frozenset({"orders", "has_next", "cursor"}),
    "filled_size": frozenset(
        {
            *("order_id", "client_order_id", "product_id", "side", "status", "created_time"),
            *("filled_size", "average_filled_price", "total_fees", "settled"),
        }
    ),
    "fills": frozenset({"fills", "cursor"}),
    "commission": frozenset(
        {
            *("trade_id", "order_id", "product_id", "side", "price", "size", "commission"),
            *("trade_time", "size_in_quote"),
        }
    ),
    "iso": frozenset({"iso"}),
}
"""A field by which an object is known: the fields that stay. An empty cursor goes, too.

The first field that an object has decides; an order has attached_order_id as well, so its own are
looked for first.
"""
_FIRST = ("filled_size", "commission", "base_increment")


def bare(document: Any) -> Any:  # noqa: ANN401 - JSON
    """``document`` without its optional fields."""
    if isinstance(document, list):
        return [bare(each) for each in document]
    if not isinstance(document, dict):
        return document
    known_by = next((name for name in (*_FIRST, *_KEPT) if name in document), None)
    kept = document.keys() if known_by is None else _KEPT[known_by]
    return {
        name: bare(value)
        for name, value in document.items()
        if name in kept and (name, value) != ("cursor", "")
    }
