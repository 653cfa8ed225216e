"""The closed table of control verbs: who may ask, who answers, and typed frozen arguments."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum, StrEnum

from powertraderd.model.candle import Coin, Timeframe

MAX_ROWS = 500
"""Most rows that one question may ask for."""
_MAX_DIGITS = 18
_MAX_TEXT = 200
_AMOUNT = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")
_COIN = re.compile(r"[A-Z0-9]{1,15}")
_WORKER = re.compile(r"[a-z][a-z0-9_-]{0,31}")


class Role(IntEnum):
    """What a peer may do; each includes the ones before it."""

    READ = 1
    TRADE = 2
    ADMIN = 3


class Answerer(StrEnum):
    """Who answers: the supervisor itself, or the worker that it relays to."""

    SUPERVISOR = "supervisor"
    TRADER = "trader"
    TRAINER = "trainer"
    EXPORTER = "exporter"


def _coin(value: object) -> Coin:
    if isinstance(value, str) and _COIN.fullmatch(value):
        return Coin(value)
    raise ValueError("must be a coin's ticker in capitals, for example BTC")


def _coins(value: object) -> tuple[Coin, ...]:
    if not isinstance(value, list):
        raise ValueError("must be a list of coins")  # noqa: TRY004 - callers catch one kind
    return tuple(_coin(item) for item in value)


def _worker(value: object) -> str:
    if isinstance(value, str) and _WORKER.fullmatch(value):
        return value
    raise ValueError("must be a worker's name, for example trader")


def _text(value: object) -> str:
    if isinstance(value, str) and len(value) <= _MAX_TEXT and value.isprintable():
        return value
    msg = f"must be one line of at most {_MAX_TEXT} printable characters"
    raise ValueError(msg)


def _true(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("must be true or false")


def _timeframe(value: object) -> Timeframe:
    if isinstance(value, str) and value in set(Timeframe):
        return Timeframe(value)
    msg = f"must be one of {', '.join(Timeframe)}"
    raise ValueError(msg)


def _rows(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_ROWS:
        return value
    msg = f"must be a whole number from 1 to {MAX_ROWS}"
    raise ValueError(msg)


def _skipped(value: object) -> int:
    return 0 if value == 0 and not isinstance(value, bool) else _rows(value)


def _amount(value: object) -> Decimal:
    """A positive decimal, from text or a JSON number, with at most 18 digits on either side."""
    if not isinstance(value, bool) and isinstance(value, str | int | Decimal):
        text = format(value, "f") if _is_short(value) else str(value)
        if _AMOUNT.fullmatch(text) and Decimal(text) > 0:
            return Decimal(text)
    raise ValueError("must be a number above 0 with at most 18 digits before and after the dot")


def _is_short(value: object) -> bool:
    """Whether writing a decimal without an exponent stays small: 1e999999 would not."""
    return isinstance(value, Decimal) and abs(value.adjusted()) <= _MAX_DIGITS


def _percent(value: object) -> Decimal:
    amount = _amount(value)
    if amount > 100:  # noqa: PLR2004 - a hundred percent
        raise ValueError("must be above 0 and at most 100")
    return amount


def _read_by(reader: Callable[[object], object]) -> Mapping[str, Callable[[object], object]]:
    return {"read": reader}


@dataclass(frozen=True, slots=True)
class Nothing:
    """No arguments."""


@dataclass(frozen=True, slots=True)
class Because:
    """Why the owner asks; goes into the state file and the audit line."""

    reason: str = field(default="", metadata=_read_by(_text))


@dataclass(frozen=True, slots=True)
class OfWorker:
    """One worker, by name."""

    worker: str = field(metadata=_read_by(_worker))


@dataclass(frozen=True, slots=True)
class OfCoin:
    """One coin."""

    coin: Coin = field(metadata=_read_by(_coin))


@dataclass(frozen=True, slots=True)
class PerhapsCoin:
    """One coin, or all of them."""

    coin: Coin | None = field(default=None, metadata=_read_by(_coin))


@dataclass(frozen=True, slots=True)
class Buy:
    """Buy for ``usd`` of the quote currency, fees inside."""

    coin: Coin = field(metadata=_read_by(_coin))
    usd: Decimal = field(metadata=_read_by(_amount))


@dataclass(frozen=True, slots=True)
class Sell:
    """Sell a quantity, a percentage of the position, or all of it: exactly one of the three."""

    coin: Coin = field(metadata=_read_by(_coin))
    qty: Decimal | None = field(default=None, metadata=_read_by(_amount))
    pct: Decimal | None = field(default=None, metadata=_read_by(_percent))
    all: bool = field(default=False, metadata=_read_by(_true))

    def __post_init__(self) -> None:
        """Refuse none or more than one of the three."""
        if (self.qty is not None) + (self.pct is not None) + self.all != 1:
            raise ValueError("needs exactly one of qty, pct and all")


@dataclass(frozen=True, slots=True)
class Train:
    """Of train and train_stop: these coins; none named means all."""

    coins: tuple[Coin, ...] = field(default=(), metadata=_read_by(_coins))


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest ``limit`` rows but for the first ``skip``, of one coin where it is named."""

    limit: int = field(default=20, metadata=_read_by(_rows))
    coin: Coin | None = field(default=None, metadata=_read_by(_coin))
    skip: int = field(default=0, metadata=_read_by(_skipped))


@dataclass(frozen=True, slots=True)
class Candles:
    """The newest ``limit`` closed candles of a coin."""

    coin: Coin = field(metadata=_read_by(_coin))
    timeframe: Timeframe = field(default=Timeframe.HOUR_1, metadata=_read_by(_timeframe))
    limit: int = field(default=100, metadata=_read_by(_rows))


Args = Nothing | Because | OfWorker | OfCoin | PerhapsCoin | Buy | Sell | Train | Newest | Candles


@dataclass(frozen=True, slots=True)
class Verb:
    """One row of the table: who may ask, who answers, and what the arguments are."""

    name: str
    role: Role
    answerer: Answerer
    args: type[Args] = Nothing


VERBS: Mapping[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb("status", Role.READ, Answerer.SUPERVISOR),
        Verb("settings", Role.READ, Answerer.SUPERVISOR),
        Verb("training", Role.READ, Answerer.SUPERVISOR),
        Verb("pause", Role.TRADE, Answerer.SUPERVISOR, Because),
        Verb("reduce", Role.TRADE, Answerer.SUPERVISOR, Because),
        Verb("resume", Role.TRADE, Answerer.SUPERVISOR, Because),
        Verb("halt", Role.TRADE, Answerer.SUPERVISOR, Because),
        Verb("start", Role.ADMIN, Answerer.SUPERVISOR, OfWorker),
        Verb("stop", Role.ADMIN, Answerer.SUPERVISOR, OfWorker),
        Verb("restart", Role.ADMIN, Answerer.SUPERVISOR, OfWorker),
        Verb("unpark", Role.ADMIN, Answerer.SUPERVISOR, OfWorker),
        Verb("reload", Role.ADMIN, Answerer.SUPERVISOR),
        Verb("buy", Role.TRADE, Answerer.TRADER, Buy),
        Verb("sell", Role.TRADE, Answerer.TRADER, Sell),
        Verb("reconcile", Role.TRADE, Answerer.TRADER),
        Verb("train", Role.TRADE, Answerer.TRAINER, Train),
        Verb("train_stop", Role.TRADE, Answerer.TRAINER, Train),
        Verb("account", Role.READ, Answerer.EXPORTER),
        Verb("account_history", Role.READ, Answerer.EXPORTER, Newest),
        Verb("candles", Role.READ, Answerer.EXPORTER, Candles),
        Verb("decisions", Role.READ, Answerer.EXPORTER, Newest),
        Verb("imported_trades", Role.READ, Answerer.EXPORTER, Newest),
        Verb("levels", Role.READ, Answerer.EXPORTER, OfCoin),
        Verb("orders", Role.READ, Answerer.EXPORTER, Newest),
        Verb("notify_test", Role.TRADE, Answerer.EXPORTER),
        Verb("risk", Role.READ, Answerer.EXPORTER, PerhapsCoin),
        Verb("positions", Role.READ, Answerer.EXPORTER),
        Verb("signals", Role.READ, Answerer.EXPORTER),
        Verb("trades", Role.READ, Answerer.EXPORTER, Newest),
    )
}
"""The closed table of verbs."""
