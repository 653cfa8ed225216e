"""Placing, reading and cancelling orders over REST."""

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

from powertraderd.testing.fakex.clock import moment_of
from powertraderd.testing.fakex.entry import Duplicate, Objection, place
from powertraderd.testing.fakex.exchange import Exchange
from powertraderd.testing.fakex.figures import MATH, parsed, text
from powertraderd.testing.fakex.message import Answer, Request, error
from powertraderd.testing.fakex.order import Order
from powertraderd.testing.fakex.order_json import fill_json, order_json
from powertraderd.testing.fakex.paging import page
from powertraderd.testing.fakex.resting import cancel

MOST = 250
MOST_CANCELS = 100
_CANCEL_AFTER = timedelta(milliseconds=50)
_NO_REASON = "UNKNOWN_FAILURE_REASON"


def create(exchange: Exchange, request: Request) -> Answer:
    """POST /orders."""
    try:
        body = request.json()
    except ValueError as problem:
        return error(400, "INVALID_ARGUMENT", str(problem), exchange.knobs.envelope)
    try:
        order = place(exchange, body)
    except Objection as objection:
        return refused(exchange, body, objection)
    except Duplicate as duplicate:
        return _repeated(exchange, body, duplicate.order)
    return accepted(exchange, order)


def accepted(exchange: Exchange, order: Order) -> Answer:
    """The answer to an order that exists."""
    legacy = {"failure_reason": _NO_REASON, "order_id": order.order_id}
    document = {
        "success": True,
        **(legacy if exchange.knobs.legacy_create_fields else {}),
        "success_response": {
            "order_id": order.order_id,
            "product_id": order.product_id,
            "side": order.side,
            "client_order_id": order.client_order_id,
            "attached_order_id": "",
        },
        "order_configuration": order.configuration,
    }
    return Answer(document, commit=order.order_id)


def refused(exchange: Exchange, body: dict[str, Any], objection: Objection) -> Answer:
    """The answer to an order that does not exist; HTTP 200 all the same."""
    knobs = exchange.knobs
    both = knobs.error_field == "both"
    legacy = {"failure_reason": _NO_REASON, "order_id": ""}
    response = {
        "error": objection.code if both or knobs.error_field == "error" else "",
        "message": objection.message,
        "error_details": "",
        "preview_failure_reason": f"PREVIEW_{objection.code}",
        "new_order_failure_reason": objection.code
        if both or knobs.error_field == "new_order_failure_reason"
        else _NO_REASON,
    }
    document = {
        "success": False,
        **(legacy if knobs.legacy_create_fields else {}),
        "error_response": response,
        "order_configuration": body.get("order_configuration"),
    }
    return Answer(document)


def _repeated(exchange: Exchange, body: dict[str, Any], first: Order) -> Answer:
    policy = exchange.knobs.dup_policy
    words = f"Order with client_order_id {first.client_order_id} already exists"
    if policy == "reject":
        return refused(exchange, body, Objection(_NO_REASON, words))
    if policy == "reject_409":
        return error(409, "ALREADY_EXISTS", words, exchange.knobs.envelope)
    return accepted(exchange, first)


def preview(exchange: Exchange, request: Request) -> Answer:
    """POST /orders/preview: no state changes."""
    inner: dict[str, Any] = next(iter(request.json().get("order_configuration", {}).values()), {})
    quote = parsed(inner.get("quote_size")) or Decimal(0)
    rate = Decimal(exchange.knobs.taker_fee_rate)
    value = MATH.divide(quote, 1 + rate)
    return Answer(
        {
            "order_total": text(quote),
            "commission_total": text(MATH.subtract(quote, value)),
            "errs": [],
            "warning": ["UNKNOWN"],
            "quote_size": text(value),
            "base_size": inner.get("base_size", ""),
            "best_bid": "",
            "best_ask": "",
            "is_max": False,
            "slippage": "0.0001",
            "preview_id": str(uuid.uuid4()),
        }
    )


def batch_cancel(exchange: Exchange, request: Request) -> Answer:
    """POST /orders/batch_cancel."""
    order_ids = request.json().get("order_ids", [])
    if not isinstance(order_ids, list) or len(order_ids) > MOST_CANCELS:
        return error(400, "INVALID_ARGUMENT", f"at most {MOST_CANCELS} order_ids")
    results = []
    for order_id in order_ids:
        why = cancel(exchange, str(order_id), _CANCEL_AFTER)
        results.append(
            {
                "success": not why,
                "failure_reason": why or "UNKNOWN_CANCEL_FAILURE_REASON",
                "order_id": order_id,
            }
        )
    return Answer({"results": results})


def get(exchange: Exchange, _request: Request, order_id: str) -> Answer:
    """GET /orders/historical/ID."""
    now = exchange.now()
    order = exchange.orders.get(order_id)
    if order is None and exchange.knobs.client_id_lookup:
        order = next(iter(exchange.by_client_id(order_id)), None)
    if order is None or now < order.seen_at:
        return error(404, "NOT_FOUND", f"order {order_id} not found", exchange.knobs.envelope)
    return Answer({"order": order_json(order, now)})


def batch(exchange: Exchange, request: Request) -> Answer:
    """GET /orders/historical/batch: newest first."""
    statuses = request.values("order_status")
    if "OPEN" in statuses and len(statuses) > 1 and exchange.knobs.combined_open_filter == "reject":
        return error(400, "INVALID_ARGUMENT", "cannot pass OPEN with other order statuses")
    now = exchange.now()
    try:
        chosen = [order for order in exchange.orders.values() if _matches(order, request)]
        orders = sorted(chosen, key=lambda order: order.created_at, reverse=True)
        rows = [order_json(order, now) for order in orders if now >= order.listed_at]
        rows = [row for row in rows if not statuses or row["status"] in statuses]
        limit = request.number("limit", MOST, 1000)
        shown, cursor = page(rows, request.value("cursor"), limit, exchange.knobs)
    except ValueError as problem:
        return error(400, "INVALID_ARGUMENT", str(problem))
    return Answer({"orders": shown, "sequence": "0", "has_next": bool(cursor), "cursor": cursor})


def _matches(order: Order, request: Request) -> bool:
    start, end = request.value("start_date"), request.value("end_date")
    return (
        _among(order.order_id, request.values("order_ids"))
        and _among(order.product_id, request.values("product_ids"))
        and _among(order.side, request.values("order_side"))
        and (not start or order.created_at >= moment_of(start))
        and (not end or order.created_at < moment_of(end))
    )


def _among(value: str, wanted: list[str]) -> bool:
    return not wanted or value in wanted


def fills(exchange: Exchange, request: Request) -> Answer:
    """GET /orders/historical/fills: newest first; there is no has_next, an empty cursor ends it."""
    order_ids = request.values("order_ids")
    others = ("trade_ids", "product_ids", "start_sequence_timestamp", "end_sequence_timestamp")
    if order_ids and any(request.values(name) for name in others):
        return error(400, "INVALID_ARGUMENT", "cannot pass order_ids with other filters")
    try:
        rows = _fill_rows(exchange, request)
        limit = request.number("limit", 100, 1000)
        shown, cursor = page(rows, request.value("cursor"), limit, exchange.knobs)
    except ValueError as problem:
        return error(400, "INVALID_ARGUMENT", str(problem))
    return Answer({"fills": shown, "cursor": cursor})


def _fill_rows(exchange: Exchange, request: Request) -> list[dict[str, Any]]:
    now, in_quote = exchange.now(), exchange.knobs.fill_size_in_quote
    start = request.value("start_sequence_timestamp")
    end = request.value("end_sequence_timestamp")
    found = []
    for order in exchange.orders.values():
        lag = timedelta(seconds=order.fills_lag_s)
        if not _among(order.order_id, request.values("order_ids")):
            continue
        if not _among(order.product_id, request.values("product_ids")):
            continue
        found += [
            (each.at, fill_json(order, each, in_quote=in_quote))
            for each in order.executions
            if each.at + lag <= now
            and _among(each.trade_id, request.values("trade_ids"))
            and (not start or each.at >= moment_of(start))
            and (not end or each.at < moment_of(end))
        ]
    return [row for _, row in sorted(found, key=lambda pair: pair[0], reverse=True)]
