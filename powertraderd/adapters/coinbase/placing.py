"""Placing an order: what counts as not placed, and that nothing else does (EXCHANGE.md, Retries).

Refused is only what the exchange refuses in so many words: success = false with a code that leaves
no doubt. A status of any kind, no answer, half an answer, somebody else's order: nobody knows, and
AmbiguousOrder says so. An exchange that answers 4xx after it took the order was not seen, but a
gateway that does was; reading settles it at the price of the quiet window.
"""

from powertraderd.adapters.coinbase import answers
from powertraderd.adapters.coinbase.client import CoinbaseClient, NotFound
from powertraderd.adapters.web.line import Allowance
from powertraderd.errors import AmbiguousOrder, CredentialsRejected, TransientExchangeError
from powertraderd.model.money import plain
from powertraderd.model.order import OrderIntent, OrderSide, Placed, Placement, Refused

NOT_SENT = "NOT_SENT"
"""Our own code: the order did not leave this machine."""

DEFINITE = frozenset(
    {
        "UNSUPPORTED_ORDER_CONFIGURATION",
        "INVALID_SIDE",
        "INVALID_PRODUCT_ID",
        "INVALID_SIZE_PRECISION",
        "INVALID_PRICE_PRECISION",
        "INSUFFICIENT_FUND",
        "INSUFFICIENT_FUNDS",
        "INVALID_LEDGER_BALANCE",
        "ORDER_ENTRY_DISABLED",
        "INELIGIBLE_PAIR",
        "INVALID_LIMIT_PRICE_POST_ONLY",
        "INVALID_LIMIT_PRICE",
        "INVALID_NO_LIQUIDITY",
        "INVALID_REQUEST",
        "UNTRADABLE_PRODUCT",
        "GEOFENCING_RESTRICTION",
        "INVALID_ORDER_CONFIG",
        "MISSING_COMMISSION_RATE",
    }
)
"""Also with PREVIEW_ before them. COMMANDER_REJECTED_NEW_ORDER, codes that nobody knows, and silent
ones alone, leave doubt."""
_SILENT = frozenset({"", "UNKNOWN_FAILURE_REASON", "UNKNOWN_PREVIEW_FAILURE_REASON"})
"""What a field says that has nothing to say."""


def place(client: CoinbaseClient, allowance: Allowance, intent: OrderIntent) -> Placement:
    """Send a market order once. Raises AmbiguousOrder unless the answer is definite."""
    if not client.may_send(allowance):
        return Refused(NOT_SENT, "the exchange asked for patience; decided anew later")
    what = f"placing {intent.client_order_id}"
    sizes = {"quote_size": intent.quote_size, "base_size": intent.base_size}
    texts = {name: plain(size) for name, size in sizes.items() if size is not None}
    try:
        answer = client.send(
            allowance,
            what,
            answers.CreateOrder,
            lambda sdk: sdk.market_order(
                client_order_id=intent.client_order_id,
                product_id=intent.product_id,
                side=intent.side.value,
                **texts,
            ),
        )
    except (TransientExchangeError, NotFound, CredentialsRejected) as error:
        raise AmbiguousOrder(str(error)) from None
    return _outcome(what, intent, answer)


def _outcome(what: str, intent: OrderIntent, answer: answers.CreateOrder) -> Placement:
    if answer.success:
        taken = answer.success_response
        if taken is None or not _is(taken, intent):
            msg = f"{what}: the exchange took an order and does not say that it is this one"
            raise AmbiguousOrder(msg)
        return Placed(taken.order_id)
    refusal = answer.error_response or answers.Refusal()
    fields = (refusal.error, refusal.new_order_failure_reason, refusal.preview_failure_reason)
    codes = [code for code in (each.removeprefix("PREVIEW_") for each in fields) if code]
    spoken = [code for code in codes if code not in _SILENT]
    if not spoken or not DEFINITE.issuperset(spoken):
        words = ", ".join(codes) or "no code"
        msg = f"{what}: refused without a definite code ({words[:120]})"
        raise AmbiguousOrder(msg)
    return Refused(spoken[0], _words(refusal))


def _is(taken: answers.Success, intent: OrderIntent) -> bool:
    return (
        taken.client_order_id == intent.client_order_id
        and taken.product_id == intent.product_id
        and taken.side == OrderSide(intent.side)
    )


def _words(refusal: answers.Refusal) -> str:
    return (refusal.message or refusal.error_details)[:200]
