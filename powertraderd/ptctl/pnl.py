"""`ptctl pnl`: what was earned and what it cost, by day, coin or tag."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any

import typer

from powertraderd.ptctl import options, picture
from powertraderd.ptctl.figures import decimal, money
from powertraderd.ptctl.session import Session
from powertraderd.ptctl.table import Column, Paper, gain, paper, render
from powertraderd.ptctl.watch import looks

app = typer.Typer()
Row = Mapping[str, Any]
_MOST = 500
_HEIGHT = 12
ZERO = Decimal(0)


class By(StrEnum):
    """What the sums are of."""

    DAY = "day"
    COIN = "coin"
    TAG = "tag"


@dataclass(slots=True)
class Sums:
    """Of all trades with the same key; ``realised`` is after all fees, buying and selling."""

    key: str
    trades: int = 0
    bought: Decimal = ZERO
    sold: Decimal = ZERO
    fees: Decimal = ZERO
    realised: Decimal = ZERO
    total: Decimal = ZERO

    def add(self, trade: Row) -> None:
        """One more."""
        value = decimal(trade.get("value")) or ZERO
        self.trades += 1
        if trade.get("side") == "SELL":
            self.sold += value
        else:
            self.bought += value
        self.fees += decimal(trade.get("fees")) or ZERO
        self.realised += decimal(trade.get("realised")) or ZERO


_KEYS: Mapping[By, Callable[[Row], str]] = {
    By.DAY: lambda trade: str(trade.get("at"))[:10],
    By.COIN: lambda trade: str(trade.get("coin")),
    By.TAG: lambda trade: str(trade.get("tag")),
}


def _signed(value: Decimal) -> str:
    return money(value, signed=True)


_COLUMNS = (
    Column("TRADES", lambda sums: str(sums.trades), right=True),
    Column("BOUGHT", lambda sums: money(sums.bought), right=True),
    Column("SOLD", lambda sums: money(sums.sold), right=True),
    Column("FEES", lambda sums: money(sums.fees), right=True),
    Column(
        "NET",
        lambda sums: _signed(sums.realised),
        right=True,
        style=lambda sums: gain(_signed(sums.realised)),
    ),
    Column("SUM", lambda sums: _signed(sums.total), right=True),
)


@app.command(rich_help_panel=options.LOOK)
def pnl(
    *,
    by: Annotated[By, typer.Option("--by", help="A line for each day, coin or tag.")] = By.DAY,
    coin: options.OneCoin = None,
    watch: options.Watch = None,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """Profit and loss of the newest 500 trades: by day, coin or tag, with fees, and as a picture.

    NET is realised profit after the fees of buying and selling; SUM adds it up from the top down.

    Examples: ptctl pnl      ptctl pnl --by coin      ptctl pnl --coin BTC --json
    """
    session = Session(socket, as_json)
    for _ in looks(watch):
        found = session.rows("trades", _MOST, coin)
        trades = sorted(found, key=lambda trade: str(trade.get("at")))
        sums = summed(trades, by)
        answer = {"by": by.value, "trades": len(trades), "sums": [_row(each) for each in sums]}
        session.show(answer, _lines(trades, sums, by, paper()))


def summed(trades: Iterable[Row], by: By) -> list[Sums]:
    """Sums by key: days in order, coins and tags by what they earned."""
    found: dict[str, Sums] = {}
    for trade in trades:
        key = _KEYS[by](trade)
        found.setdefault(key, Sums(key)).add(trade)
    ordered = list(found.values())
    if by is not By.DAY:
        ordered.sort(key=lambda sums: -sums.realised)
    total = ZERO
    for each in ordered:
        total += each.realised
        each.total = total
    return ordered


def _row(sums: Sums) -> dict[str, object]:
    figures = ("bought", "sold", "fees", "realised", "total")
    texts = {name: format(getattr(sums, name), "f") for name in figures}
    return {"key": sums.key, "trades": sums.trades, **texts}


def _lines(trades: Sequence[Row], sums: Sequence[Sums], by: By, on: Paper) -> Iterator[str]:
    if not trades:
        yield "no trades yet"
        return
    exits = [trade for trade in trades if decimal(trade.get("realised")) is not None]
    if len(exits) > 1:
        yield on.paint("realised profit after fees, added up sale by sale", "bold")
        yield from _steps(exits, on)
    key = Column(by.upper(), lambda sums: sums.key)
    yield from render((key, *_COLUMNS), sums, on)


def _steps(exits: Sequence[Row], on: Paper) -> list[str]:
    """One step for each sale, with the line of zero."""
    totals = [0.0]
    for trade in exits:
        totals.append(totals[-1] + float(decimal(trade.get("realised")) or 0))
    times = [datetime.fromisoformat(str(trade["at"])).timestamp() for trade in exits]
    figure = picture.blank(on, _HEIGHT)
    xs = [place for number in range(1, len(totals)) for place in (number - 1, number - 1, number)]
    ys = [height for low, high in pairwise(totals) for height in (low, high, high)]
    picture.across(figure, 0.0, "gray")
    step = figure.signal(xs, ys)
    step.lines()
    figure.draw(step)
    picture.name_times(figure, times)
    picture.name_prices(figure, min(totals), max(totals), money)
    return picture.drawn(figure, on)
