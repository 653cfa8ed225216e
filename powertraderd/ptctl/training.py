"""How far the training is: a row for each coin, with a bar for each of its timeframes."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from powertraderd.model.candle import Timeframe
from powertraderd.ptctl.figures import UNKNOWN, count, decimal, moment, pick, text
from powertraderd.ptctl.table import WIDE, Column, Paper, render

Told = Mapping[str, Any]
"""The answer to `training`; that to `status` has the coins too, without timeframes."""
Row = tuple[str, Mapping[str, Any], Mapping[str, Any]]
"""A coin, its training, its timeframes."""

READY, RUNNING = "READY", "RUNNING"
_CELLS = 4
_FOLLOWING = Decimal("0.85")  # six of seven timeframes
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_EMPTY = "░"
_STYLES = {READY: "green", RUNNING: "yellow"}


def coins(told: Told) -> dict[str, Mapping[str, Any]]:
    """What the trainer last said about each coin; nothing while it has said nothing."""
    every = pick(told, "coins") or {}
    return {coin: pick(each, "training") or {} for coin, each in every.items()}


def untrained(told: Told, wanted: Sequence[str] = ()) -> list[str]:
    """Coins that are not trained, with their state; of those ``wanted``, or of all."""
    if not coins(told):
        return ["no coin is known yet"]
    return [
        f"{coin} ({text(training.get('state'))})"
        for coin, training in coins(told).items()
        if training.get("state") != READY and (not wanted or coin in wanted)
    ]


def learning(told: Told) -> list[str]:
    """Coins that are being trained; following new candles does not count as that."""
    shares = {coin: decimal(each.get("progress")) for coin, each in coins(told).items()}
    return [coin for coin, share in shares.items() if share is None or share < _FOLLOWING]


def bar(share: object, cells: int) -> str:
    """``share`` (0 to 1) of so many cells, to the eighth of a cell; unknown is a dash."""
    known = decimal(share)
    if known is None:
        return UNKNOWN
    eighths = int(min(max(known, Decimal(0)), Decimal(1)) * 8 * cells)
    full, part = divmod(eighths, 8)
    drawn = _EIGHTHS[8] * full + (_EIGHTHS[part] if part else "")
    return drawn + _EMPTY * (cells - len(drawn))


def table(told: Told, on: Paper, wanted: Sequence[str] = ()) -> list[str]:
    """One line for each coin that is ``wanted``, or for all."""
    rows = [
        (coin, training, pick(told, "timeframes", coin) or {})
        for coin, training in coins(told).items()
        if not wanted or coin in wanted
    ]
    return render(_COLUMNS, rows, on) if rows else ["the trainer has not said anything yet"]


def doing(told: Told) -> str:
    """What the trainer is at, in one line."""
    trainer = pick(told, "trainer")
    state, phase = text(pick(trainer, "state")), text(pick(trainer, "phase"))
    if state != RUNNING:
        return f"trainer is {state}"
    where = " ".join(each for each in (phase, pick(trainer, "detail")) if each)
    match pick(trainer, "progress"):
        case [done, total] if total and phase == "learn":
            where += f", {count(done)} of {count(total)} candles"
    return f"trainer: {where}"


def memories(told: Told) -> str:
    """How many memories are ready, of how many."""
    every = [each for row in (pick(told, "timeframes") or {}).values() for each in row.values()]
    ready = sum(each.get("state") == READY for each in every)
    return f"{ready} of {len(every)} memories are ready"


def _share(row: Mapping[str, Any]) -> str:
    share = decimal(row.get("progress"))
    return UNKNOWN if share is None else f"{share:.0%}"


def _style(row: Mapping[str, Any]) -> str:
    return _STYLES.get(str(row.get("state")), "")


def _timeframe_columns() -> Iterator[Column]:
    """A bar each; where there is room, how much it is as well."""
    for timeframe in Timeframe:
        name = timeframe.value
        title = name.replace("hour", "h").replace("day", "d").replace("week", "w")
        style = partial(_style_of, name)
        yield Column(title, partial(_bar_of, name), below=WIDE, style=style)
        yield Column(title, partial(_bar_and_share_of, name), needs=WIDE, style=style)


def _one(name: str, row: Row) -> Mapping[str, Any]:
    return row[2].get(name) or {}


def _style_of(name: str, row: Row) -> str:
    return _style(_one(name, row))


def _bar_of(name: str, row: Row) -> str:
    return bar(_one(name, row).get("progress"), _CELLS)


def _bar_and_share_of(name: str, row: Row) -> str:
    return f"{_bar_of(name, row)} {_share(_one(name, row)):>4}"


_COLUMNS = (
    Column("COIN", lambda row: row[0]),
    Column("STATE", lambda row: text(row[1].get("state")), style=lambda row: _style(row[1])),
    Column("DONE", lambda row: _share(row[1]), right=True),
    *_timeframe_columns(),
    Column("TRAINED", lambda row: moment(row[1].get("trained_at"), year=False), right=True),
)
