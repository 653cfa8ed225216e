"""`ptctl chart COIN`: candles in the terminal, with the lines that decide."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Annotated, Any

import typer

from powertraderd.model.candle import Timeframe
from powertraderd.ptctl import options, picture
from powertraderd.ptctl.figures import decimal, percent, pick, price
from powertraderd.ptctl.session import Session
from powertraderd.ptctl.table import Column, Paper, paper, render
from powertraderd.ptctl.watch import looks
from powertraderd.supervision.protocol import Answer

app = typer.Typer()
Row = Mapping[str, Any]
_LEAST_HEIGHT, _MARGIN = 12, 3
_REACH = 0.6
"""Lines so far outside of the candles, as a share of their span, are listed and not drawn."""
_BETWEEN = 4
_LEFT = 12
"""Columns that the price axis and the frame take."""


@dataclass(frozen=True, slots=True)
class Line:
    """A price that is drawn across the candles."""

    name: str
    price: float
    colour: str


_STYLES = {"blue": "blue", "orange": "yellow", "red": "red", "green": "green"}
_LINES = (
    Column("LINE", lambda row: row[0].name, style=lambda row: _STYLES.get(row[0].colour, "")),
    Column("PRICE", lambda row: price(row[0].price), right=True),
    Column("FROM CLOSE", lambda row: f"{percent(row[1])} {row[2]}", right=True),
)
_ABOVE, _BELOW, _WITHIN = "↑", "↓", " "


@app.command(rich_help_panel=options.LOOK)
def chart(
    coin: options.Coin,
    *,
    timeframe: Annotated[
        Timeframe, typer.Option("--timeframe", "-t", help="Length of a candle.")
    ] = Timeframe.HOUR_1,
    height: Annotated[
        int,
        typer.Option(
            "--height", min=0, metavar="LINES", help="Lines of the picture; 0: as the terminal has."
        ),
    ] = 0,
    watch: options.Watch = None,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """Candles of COIN with its seven lows and highs, average, DCA and trail lines, bid and ask.

    Lines far above or below the candles are listed with an arrow and not drawn.

    Examples: ptctl chart BTC      ptctl chart ETH --timeframe 1day --height 40
    """
    session = Session(socket, as_json)
    for _ in looks(watch):
        _show(session, coin, timeframe, height)


def _show(session: Session, coin: str, timeframe: Timeframe, height: int) -> None:
    on = paper()
    wanted = max(10, min(500, on.width - _LEFT))
    data = session.data("candles", {"coin": coin, "timeframe": timeframe.value, "limit": wanted})
    levels = _perhaps(session.ask("levels", {"coin": coin}))
    positions = _perhaps(session.ask("positions"))
    lines = list(lines_of(coin, levels, positions))
    answer = {**data, "lines": [{"name": line.name, "price": line.price} for line in lines]}
    listed = (len(lines) + 1) // 2
    rows = height or max(_LEAST_HEIGHT, shutil.get_terminal_size().lines - listed - _MARGIN)
    session.show(answer, _picture(data, lines, on, rows))


def _perhaps(answer: Answer) -> Row:
    """What is not known yet is left out of the picture."""
    return answer.data if answer.ok else {}


def lines_of(coin: str, levels: Row, positions: Row) -> Iterator[Line]:
    """Every line there is for the coin."""
    for row in pick(levels, "levels") or ():
        for side, colour in (("high", "orange"), ("low", "blue")):
            yield from _line(f"{side} {row.get('timeframe')}", row.get(side), colour)
    yield from _line("ask", pick(levels, "ask"), "gray")
    held: Row = next(
        (row for row in positions.get("positions") or () if row.get("coin") == coin), {}
    )
    for name, value, colour in (
        ("bid", held.get("bid"), "gray"),
        ("average cost", held.get("average_cost"), "white"),
        ("next DCA", held.get("next_dca_price"), "red"),
        ("trail", held.get("trail_line"), "green"),
    ):
        yield from _line(name, value, colour)


def _line(name: str, value: object, colour: str) -> Iterator[Line]:
    number = decimal(value)
    if number is not None:
        yield Line(name, float(number), colour)


def _picture(data: Row, lines: Sequence[Line], on: Paper, height: int) -> Iterator[str]:
    candles = list(data.get("candles") or ())
    if not candles:
        yield f"{data.get('coin')}: no candles of {data.get('timeframe')} yet"
        return
    low = min(candle[3] for candle in candles)
    high = max(candle[2] for candle in candles)
    reach = max((high - low) * _REACH, high * 1e-6)
    near = [line for line in lines if low - reach <= line.price <= high + reach]
    yield from drawn(candles, near, on, height)
    close = float(candles[-1][4])
    title = f"{data.get('coin')} {data.get('timeframe')}: close {price(close)}"
    yield on.paint(f"{title}, candle of {picture.when(candles[-1][0])} UTC", "bold")
    yield from _listed(
        [(line, *_seen_from(close, line, near)) for line in _highest_first(lines)], on
    )


def _highest_first(lines: Sequence[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: -line.price)


def _seen_from(close: float, line: Line, near: Sequence[Line]) -> tuple[float, str]:
    """Percent, and which way it is to a line that is not drawn."""
    away = _ABOVE if line.price > close else _BELOW
    return 100 * (line.price / close - 1), _WITHIN if line in near else away


def _listed(rows: Sequence[tuple[Line, float, str]], on: Paper) -> Iterator[str]:
    """In two columns, the higher half on the left, so that more lines are left for the picture."""
    if not rows:
        return
    half = (len(rows) + 1) // 2
    left, right = (render(_LINES, part, on) for part in (rows[:half], rows[half:]))
    bare = render(_LINES, rows[:half], Paper(on.width, colour=False))
    width = max(map(len, bare)) + _BETWEEN
    for shown, seen, beside in zip_longest(left, bare, right if rows[half:] else [], fillvalue=""):
        yield (shown + " " * (width - len(seen)) + beside).rstrip()


def drawn(
    candles: Sequence[Sequence[float]], lines: Sequence[Line], on: Paper, height: int
) -> list[str]:
    """The picture, ``height`` lines of at most ``on.width`` columns."""
    figure = picture.blank(on, height)
    names = ("open", "high", "low", "close")
    columns = {name: [candle[place] for candle in candles] for place, name in enumerate(names, 1)}
    body = figure.candlestick({"date": list(range(len(candles))), **columns})
    for line in lines:
        picture.across(figure, line.price, line.colour)
    figure.draw(body)
    heights = [*columns["high"], *columns["low"], *(line.price for line in lines)]
    picture.name_times(figure, [candle[0] for candle in candles])
    picture.name_prices(figure, min(heights), max(heights))
    return picture.drawn(figure, on)
