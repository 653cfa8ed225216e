"""Lines of the desktop bot's account history and signal log."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from powertraderd.adapters.legacy.text import Row, moment, number, words
from powertraderd.model.candle import Coin


@dataclass(frozen=True, slots=True)
class OldValue:
    """What the whole account was worth, coins that the bot did not buy included."""

    at: datetime
    value: Decimal


@dataclass(frozen=True, slots=True)
class OldSignal:
    """What the bot decided and why."""

    at: datetime
    coin: Coin
    action: str
    reason: str
    long_level: int
    short_level: int


def value(row: Row) -> OldValue:
    """A line of the account history. Raises ValueError that says what is wrong with it."""
    worth = number(row, "total_account_value")
    if worth < 0:
        msg = f"total_account_value = {worth} cannot be"
        raise ValueError(msg)
    return OldValue(moment(row), worth)


def signal(row: Row) -> OldSignal:
    """A line of the signal log. Raises ValueError that says what is wrong with it."""
    return OldSignal(
        at=moment(row),
        coin=Coin(words(row, "symbol").upper().split("-")[0]),
        action=words(row, "action"),
        reason=str(row.get("reason") or ""),
        long_level=int(number(row, "long_level")),
        short_level=int(number(row, "short_level")),
    )
