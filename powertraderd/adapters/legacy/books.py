"""The desktop bot's books: open positions, the trades that explain them, and orders left pending.

Its quantities and prices are estimates from a quote two seconds after the order. What a position
cost is what the buying power fell by. Only what pnl_ledger.json calls open is a position: the
quantities in trader_status.json are whole balances, with coins that the owner had before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from powertraderd.adapters.legacy.finding import LegacyDamaged
from powertraderd.adapters.legacy.text import Row, moment, number, optional_number, words
from powertraderd.model.candle import Coin
from powertraderd.model.order import OrderSide, Tag

LEDGER, HISTORY = "hub_data/pnl_ledger.json", "hub_data/trade_history.jsonl"
_TAGS = {
    ("buy", None): Tag.ENTRY,
    ("buy", "DCA"): Tag.DCA,
    ("buy", "MANUAL_BUY"): Tag.MANUAL_BUY,
    ("sell", "TRAIL_SELL"): Tag.TRAIL_SELL,
    ("sell", "MANUAL_SELL"): Tag.MANUAL_SELL,
    ("sell", None): Tag.TRAIL_SELL,
}
_TOLERANCE = Decimal("0.000001")
"""Share by which sums of the bot's rounded figures may differ from its own total."""


@dataclass(frozen=True, slots=True)
class OldTrade:
    """One line of the history; figures as the bot estimated them."""

    order_id: str
    at: datetime
    coin: Coin
    side: OrderSide
    tag: Tag
    quantity: Decimal
    price: Decimal
    value: Decimal
    realised: Decimal | None
    ended: bool


@dataclass(frozen=True, slots=True)
class OldPosition:
    """What pnl_ledger.json calls open, as of ``at``.

    ``trades`` are the buys behind it, empty where they do not add up.
    """

    coin: Coin
    quantity: Decimal
    cost: Decimal
    at: datetime
    trades: tuple[OldTrade, ...] = ()


@dataclass(frozen=True, slots=True)
class OldPending:
    """An order of which the bot did not see the end."""

    order_id: str
    coin: Coin
    side: str
    at: datetime


def trade(row: Row) -> OldTrade:
    """A line of the history. Raises ValueError that says what is wrong with it."""
    side, tag = words(row, "side").lower(), row.get("tag") or None
    if (side, tag) not in _TAGS:
        msg = f"side {side!r} with tag {tag!r} is unknown"
        raise ValueError(msg)
    quantity, price = number(row, "qty"), number(row, "price")
    if quantity <= 0 or price <= 0:
        msg = f"qty {quantity} at price {price} cannot be"
        raise ValueError(msg)
    moved = optional_number(row, "buying_power_delta")
    after = optional_number(row, "position_cost_after_usd")
    return OldTrade(
        order_id=words(row, "order_id"),
        at=moment(row),
        coin=_coin(words(row, "symbol")),
        side=OrderSide(side.upper()),
        tag=_TAGS[side, tag],
        quantity=quantity,
        price=price,
        value=abs(moved) if moved else quantity * price,
        realised=optional_number(row, "realized_profit_usd"),
        ended=side == "sell" and not after,
    )


def _coin(symbol: str) -> Coin:
    return Coin(symbol.upper().split("-")[0])


def positions(ledger: Row, trades: Sequence[OldTrade]) -> tuple[OldPosition, ...]:
    """The open positions with their trades. Raises LegacyDamaged for one that is no position."""
    found: list[OldPosition] = []
    for name, given in _table(ledger, "open_positions").items():
        try:
            quantity, cost = number(given, "qty"), number(given, "usd_cost")
            at = moment(ledger, "last_updated_ts")
        except ValueError as error:
            raise LegacyDamaged(LEDGER, f"open_positions {name}: {error}") from None
        if quantity == 0 and cost == 0:
            continue
        if quantity <= 0 or cost <= 0:
            what = f"open_positions {name}: qty {quantity} for {cost} cannot be"
            raise LegacyDamaged(LEDGER, what)
        position = OldPosition(_coin(name), quantity, cost, at)
        found.append(_explained(position, trades))
    return tuple(found)


def _explained(position: OldPosition, trades: Sequence[OldTrade]) -> OldPosition:
    """With the trades since the coin was sold last, where they add up to the position."""
    since: list[OldTrade] = []
    for each in trades:
        if each.coin != position.coin:
            continue
        since = [] if each.ended else [*since, each]
    bought = [each for each in since if each.side is OrderSide.BUY]
    quantity = sum((each.quantity for each in bought), Decimal(0))
    value = sum((each.value for each in bought), Decimal(0))
    adds_up = (
        len(bought) == len(since)
        and abs(quantity - position.quantity) <= position.quantity * _TOLERANCE
        and abs(value - position.cost) <= position.cost * _TOLERANCE
    )
    return replace(position, trades=tuple(bought) if adds_up else ())


def pending(ledger: Row) -> tuple[OldPending, ...]:
    """Orders left pending. Raises LegacyDamaged for one that is no order."""
    found = []
    for order_id, given in _table(ledger, "pending_orders").items():
        try:
            coin, side = _coin(words(given, "symbol")), words(given, "side")
            found.append(OldPending(order_id, coin, side, moment(given)))
        except ValueError as error:
            raise LegacyDamaged(LEDGER, f"pending_orders {order_id}: {error}") from None
    return tuple(found)


def _table(ledger: Row, key: str) -> dict[str, Row]:
    table = ledger.get(key) or {}
    if not isinstance(table, dict) or not all(isinstance(each, dict) for each in table.values()):
        raise LegacyDamaged(LEDGER, f"{key} is no table")
    return table
