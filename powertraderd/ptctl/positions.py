"""`ptctl positions` and `ptctl account`: what is held, and what it is worth."""

from collections.abc import Mapping
from typing import Any

import typer

from powertraderd.ptctl import options
from powertraderd.ptctl.figures import (
    count,
    money,
    percent,
    price,
    quantity,
    short_quantity,
    text,
)
from powertraderd.ptctl.session import Session
from powertraderd.ptctl.status import next_dca, residual_words, sell_gain, trail
from powertraderd.ptctl.table import ROOMY, WIDE, Column, Paper, by_width, gain, paper, render
from powertraderd.ptctl.watch import looks

app = typer.Typer()
Row = Mapping[str, Any]


def _buy_gain(row: Row) -> str:
    return percent(row.get("pnl_ask_pct"))


def _dca_24h(row: Row) -> str:
    """Averaging down within a day, and how often it may be."""
    cap = row.get("dca_max_24h")
    return count(row.get("dca_24h")) + ("" if cap is None else f"/{count(cap)}")


def _short_next_dca(row: Row) -> str:
    """As the original wrote it: -2.50% / N4."""
    return next_dca(row).replace("neural ", "")


_POSITIONS = (
    Column("COIN", lambda row: str(row["coin"])),
    *by_width(
        "QUANTITY",
        lambda row: quantity(row.get("quantity")),
        lambda row: short_quantity(row.get("quantity")),
        right=True,
    ),
    Column("VALUE", lambda row: money(row.get("value")), right=True),
    Column("COST", lambda row: money(row.get("cost")), right=True, needs=WIDE),
    Column("AVERAGE", lambda row: price(row.get("average_cost")), right=True),
    Column("AT ASK", _buy_gain, right=True, needs=WIDE, style=lambda row: gain(_buy_gain(row))),
    Column("GAIN", sell_gain, right=True, style=lambda row: gain(sell_gain(row))),
    Column("DCA", lambda row: count(row.get("stage")), right=True),
    Column("24H", _dca_24h, right=True, needs=ROOMY),
    Column("NEXT DCA", next_dca, right=True, needs=ROOMY),
    Column("NEXT DCA", _short_next_dca, right=True, below=ROOMY, flexible=True),
    Column("TRAIL", trail, right=True),
)


def table(rows: list[Row], on: Paper) -> list[str]:
    """One line for each position."""
    if not rows:
        return ["no open positions"]
    return render(_POSITIONS, rows, on)


@app.command(rich_help_panel=options.LOOK)
def positions(
    *, watch: options.Watch = None, socket: options.Socket = None, as_json: options.Json = False
) -> None:
    """Open positions: cost, gain, next averaging down, trailing exit.

    AT ASK is the gain that decides about averaging down, GAIN the one that decides about
    selling. DCA counts the averaging down so far, 24H that of a day and its cap. NEXT DCA names
    the drawdown that buys next and where it comes from. A star after TRAIL means that the line
    follows the price.

    Example: ptctl positions --json | jq '.positions[].coin'
    """
    session = Session(socket, as_json)
    for _ in looks(watch):
        data = session.data("positions")
        session.show(data, table(list(data.get("positions", [])), paper()))


@app.command(rich_help_panel=options.LOOK)
def account(
    *, watch: options.Watch = None, socket: options.Socket = None, as_json: options.Json = False
) -> None:
    """Money: value, cash, exposure, realised profit, and whether the books add up.

    Example: ptctl account --json | jq -r .value
    """
    session = Session(socket, as_json)
    for _ in looks(watch):
        data = session.data("account")
        session.show(data, account_lines(data))


def account_lines(data: Row) -> list[str]:
    """One figure per line, with its unit."""
    quote = text(data.get("quote"))
    amounts = {"value": "value", "cash": "cash", "in positions": "exposure", "paid in": "paid_in"}
    figures = [(name, money(data.get(key)), quote) for name, key in amounts.items()]
    figures += [
        ("realised", money(data.get("realised"), signed=True), quote),
        ("in trade", percent(data.get("in_trade_pct"), signed=False).removesuffix("%"), "%"),
    ]
    lines = [f"{name:<14}{figure:>16} {unit}" for name, figure, unit in figures]
    return [*lines, f"{'books':<14}{residual_words(data):>16}"]
