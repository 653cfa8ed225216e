"""What is kept of the past, in the shape that people and gauges read it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from powertraderd.model.candle import Candle, Coin
from powertraderd.model.money import Base, Price, Usd
from powertraderd.model.order import OrderSide, Tag


@dataclass(frozen=True, slots=True)
class Gap:
    """No candle opened at or after ``start`` and before ``end``, though older and newer exist."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class RefusedCandle:
    """A candle that was not stored; ``reason`` says what is wrong with it."""

    candle: Candle
    reason: str


@dataclass(frozen=True, slots=True)
class Stocked:
    """What became of the candles offered: new ones, ones already known, refused ones."""

    added: int
    known: int
    refused: tuple[RefusedCandle, ...] = ()


@dataclass(frozen=True, slots=True)
class Trade:
    """An order that has fills; ``at`` is its last fill, ``average_price`` is value by quantity.

    ``realised`` is the profit of a sell after all fees, None for a buy.
    """

    client_order_id: str
    at: datetime
    coin: Coin
    side: OrderSide
    tag: Tag
    quantity: Base
    average_price: Price
    value: Usd
    fees: Usd
    realised: Usd | None


@dataclass(frozen=True, slots=True)
class AccountValue:
    """One sample of the account: cash, and cash plus all positions at the bid."""

    at: datetime
    value: Decimal
    cash: Decimal
