"""The exchange's answers, validated strictly: what cannot be true never becomes a value.

Sizes and amounts are texts with plain decimals, never numbers; unknown fields are ignored, and
fields that the API calls optional may be missing. ``read`` raises InvalidAnswer with the place.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from powertraderd.errors import InvalidAnswer

_PLAIN = re.compile(r"-?\d{1,30}(\.\d{1,40})?", re.ASCII)
_SENSIBLE_YEARS = range(2010, 2200)
_SHOWN = 80


def _decimal(value: object) -> Decimal:
    if not isinstance(value, str) or not _PLAIN.fullmatch(value):
        raise ValueError("is no plain decimal in a text")
    return Decimal(value)


def _decimal_or_blank(value: object) -> Decimal | None:
    return None if value is None or value == "" else _decimal(value)


def _time(value: object) -> datetime:
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None and moment.year in _SENSIBLE_YEARS:
            return moment.astimezone(UTC)
    raise ValueError("is no time with a zone")


Text = Annotated[str, Field(min_length=1, max_length=200)]
Signed = Annotated[Decimal, BeforeValidator(_decimal)]
Amount = Annotated[Signed, Field(ge=0)]
Above0 = Annotated[Signed, Field(gt=0)]
Blank = Annotated[Decimal | None, BeforeValidator(_decimal_or_blank)]
Moment = Annotated[datetime, BeforeValidator(_time)]

_Read = TypeVar("_Read", bound="Answer")


class Answer(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


def read(kind: type[_Read], data: object, what: str) -> _Read:
    """``data`` as ``kind``. Raises InvalidAnswer that names the first wrong field."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        value = repr(first["input"])[:_SHOWN]
        message = first["msg"].removeprefix("Value error, ")
        raise InvalidAnswer(f"{what}: {place} = {value}: {message}") from None


class ServerTime(Answer):
    """GET /time; the SDK names its fields anew."""

    iso: Moment


class KeyPermissions(Answer):
    """GET /key_permissions."""

    can_view: bool
    can_trade: bool
    can_transfer: bool


class Money(Answer):
    """An amount with its currency."""

    value: Amount
    currency: Text


class Account(Answer):
    """One wallet."""

    uuid: Text
    currency: Text
    available_balance: Money
    hold: Money | None = None
    type: str = ""


class AccountPage(Answer):
    """GET /accounts."""

    accounts: tuple[Account, ...] = Field(strict=False)
    has_next: bool
    cursor: str | None = None


class ProductAnswer(Answer):
    """One of GET /products."""

    product_id: Text
    base_increment: Above0
    quote_increment: Above0
    base_min_size: Amount
    quote_min_size: Amount
    base_max_size: Blank = None
    quote_max_size: Blank = None
    status: str
    trading_disabled: bool
    is_disabled: bool
    cancel_only: bool = False
    limit_only: bool = False
    post_only: bool = False
    view_only: bool = False
    auction_mode: bool = False


class ProductList(Answer):
    """GET /products."""

    products: tuple[ProductAnswer, ...] = Field(strict=False)


class Level(Answer):
    """One step of a side of the book."""

    price: Amount
    size: Amount


class PriceBook(Answer):
    """Best prices of one product."""

    product_id: Text
    bids: tuple[Level, ...] = Field(strict=False)
    asks: tuple[Level, ...] = Field(strict=False)
    time: Moment


class BestBidAsk(Answer):
    """GET /best_bid_ask."""

    pricebooks: tuple[PriceBook, ...] = Field(strict=False)


class ProductBook(Answer):
    """GET /market/product_book."""

    pricebook: PriceBook


class FeeTier(Answer):
    """What a fill costs."""

    taker_fee_rate: Annotated[Amount, Field(lt=Decimal("0.2"))]


class TransactionSummary(Answer):
    """GET /transaction_summary."""

    fee_tier: FeeTier


class OrderAnswer(Answer):
    """One order. The figures of an order that failed may be blank."""

    order_id: Text
    client_order_id: str
    product_id: Text
    side: Text
    status: Text
    filled_size: Blank
    average_filled_price: Blank = None
    filled_value: Blank = None
    total_fees: Blank
    created_time: Moment
    settled: bool = False


class OrderBox(Answer):
    """GET /orders/historical/{id}."""

    order: OrderAnswer


class OrderPage(Answer):
    """GET /orders/historical/batch."""

    orders: tuple[OrderAnswer, ...] = Field(strict=False)
    has_next: bool
    cursor: str | None = None


class FillAnswer(Answer):
    """One fill; ``size`` counts coins, or quote currency where ``size_in_quote``."""

    trade_id: Text
    order_id: Text
    product_id: Text
    side: Text
    price: Above0
    size: Above0
    commission: Amount
    trade_time: Moment
    trade_type: str = "FILL"
    size_in_quote: bool = False


class FillPage(Answer):
    """GET /orders/historical/fills; the end has no cursor."""

    fills: tuple[FillAnswer, ...] = Field(strict=False)
    cursor: str | None = None


class Success(Answer):
    """The order that was taken."""

    order_id: Text
    product_id: Text
    side: Text
    client_order_id: Text


class Refusal(Answer):
    """Why an order was not taken; which field speaks differs over time."""

    error: str = ""
    message: str = ""
    error_details: str = ""
    preview_failure_reason: str = ""
    new_order_failure_reason: str = ""


class CreateOrder(Answer):
    """POST /orders; only ``success`` decides."""

    success: bool
    success_response: Success | None = None
    error_response: Refusal | None = None
