"""`ptctl decisions`, `trades` and `orders`: what was decided and done, newest first."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from powertraderd.ptctl import options
from powertraderd.ptctl.figures import (
    moment,
    money,
    pick,
    price,
    quantity,
    short_quantity,
    text,
    with_unit,
)
from powertraderd.ptctl.session import Session
from powertraderd.ptctl.table import ROOMY, Column, Paper, by_width, gain, paper, render
from powertraderd.ptctl.watch import looks

app = typer.Typer()
Row = Mapping[str, Any]
_TELLING = (
    *("why", "blocked_because", "trigger", "level_pct", "limit", "limit_minutes", "size"),
    *("pnl_bid_pct", "pnl_ask_pct", "line", "peak", "long", "short", "min_long", "stage"),
)
"""Figures that explain a decision, the most telling first."""


def _time(key: str) -> tuple[Column, Column]:
    """When it was; the year only where there is room."""
    return by_width(
        "TIME (UTC)",
        lambda row: moment(row.get(key)),
        lambda row: moment(row.get(key), year=False),
    )


def _numbers(row: Row) -> str:
    """The telling ones first; the others come last, where they are cut."""
    numbers = pick(row, "numbers") or {}
    ordered = [*(name for name in _TELLING if name in numbers)]
    ordered += [name for name in numbers if name not in _TELLING]
    return text(" ".join(f"{name}={numbers[name]}" for name in ordered))


def _realised(row: Row) -> str:
    return money(row.get("realised"), signed=True)


def paid(value: object, row: Row) -> str:
    """An amount with its currency, the second half of the product, as in BTC-USD."""
    return with_unit(money(value), str(row.get("product_id") or "").partition("-")[2])


def asked(row: Row) -> str:
    """What the order was for: quote currency for a buy, coins for a sell."""
    if row.get("quote_size") is not None:
        return paid(row["quote_size"], row)
    return quantity(row.get("base_size"))


_DECISIONS = (
    *_time("at"),
    Column("COIN", lambda row: text(row.get("coin"))),
    Column("ACTION", lambda row: text(row.get("action"))),
    Column("REASON", lambda row: text(row.get("reason_code"))),
    Column("NUMBERS", _numbers, flexible=True),
)
_TRADES = (
    *_time("at"),
    Column("COIN", lambda row: text(row.get("coin"))),
    Column("TAG", lambda row: text(row.get("tag")), flexible=True),
    *by_width(
        "QUANTITY",
        lambda row: quantity(row.get("quantity")),
        lambda row: short_quantity(row.get("quantity")),
        right=True,
    ),
    Column("PRICE", lambda row: price(row.get("average_price")), right=True),
    Column("VALUE", lambda row: money(row.get("value")), right=True),
    Column("FEE", lambda row: money(row.get("fees")), right=True),
    Column("REALISED", _realised, right=True, style=lambda row: gain(_realised(row))),
)
_ORDERS = (
    *_time("created_at"),
    Column("COIN", lambda row: text(row.get("coin"))),
    Column("TAG", lambda row: text(row.get("tag")), flexible=True),
    Column("STATE", lambda row: text(row.get("state"))),
    Column("ASKED", asked, right=True),
    Column("FILLED", lambda row: quantity(row.get("filled_quantity")), right=True, needs=ROOMY),
    Column("VALUE", lambda row: money(row.get("filled_value")), right=True, needs=ROOMY),
    Column(
        "ID OR REFUSAL",
        lambda row: text(row.get("refusal") or row.get("client_order_id")),
        flexible=True,
    ),
)


def table(columns: Sequence[Column], rows: Sequence[Row], on: Paper, *, none: str) -> list[str]:
    """The rows, or that there are none."""
    return render(columns, rows, on) if rows else [none]


def decision_lines(rows: Sequence[Row], on: Paper) -> list[str]:
    """One line for each decision."""
    return table(_DECISIONS, rows, on, none="no decisions yet")


def order_lines(rows: Sequence[Row], on: Paper) -> list[str]:
    """One line for each order intent."""
    return table(_ORDERS, rows, on, none="no orders yet")


@app.command(rich_help_panel=options.LOOK)
def decisions(
    *,
    coin: options.OneCoin = None,
    limit: options.Limit = 20,
    watch: options.Watch = None,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """Decisions that differ from the one before: action, reason code, and the numbers behind.

    Example: ptctl decisions --coin BTC -n 50
    """
    session = Session(socket, as_json)
    for _ in looks(watch):
        rows = session.rows("decisions", limit, coin)
        session.show({"decisions": rows}, decision_lines(rows, paper()))


@app.command(rich_help_panel=options.LOOK)
def trades(
    *,
    coin: options.OneCoin = None,
    limit: options.Limit = 20,
    imported: Annotated[
        bool, typer.Option("--imported", help="Those of the bot that was here before.")
    ] = False,
    watch: options.Watch = None,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """Orders that were filled: at what price, with which fee, for what profit.

    Imported trades are that bot's estimates, fees inside; they never enter our books.

    Example: ptctl trades --json | jq '[.trades[].realised | select(.) | tonumber] | add'
    """
    session = Session(socket, as_json)
    verb = "imported_trades" if imported else "trades"
    for _ in looks(watch):
        rows = session.rows(verb, limit, coin)
        session.show({verb: rows}, table(_TRADES, rows, paper(), none="no trades yet"))


@app.command(rich_help_panel=options.LOOK)
def orders(
    *,
    coin: options.OneCoin = None,
    limit: options.Limit = 20,
    watch: options.Watch = None,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """Order intents with what became of them: also those refused or of unknown fate.

    Example: ptctl orders --json | jq '.orders[] | select(.state == "UNKNOWN")'
    """
    session = Session(socket, as_json)
    for _ in looks(watch):
        rows = session.rows("orders", limit, coin)
        session.show({"orders": rows}, order_lines(rows, paper()))
