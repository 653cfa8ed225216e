"""`ptctl signals` and `ptctl levels`: what the model says."""

from collections.abc import Mapping
from typing import Any

import typer

from powertraderd.ptctl import options
from powertraderd.ptctl.figures import day, duration, moment, percent, pick, price, text
from powertraderd.ptctl.session import Session
from powertraderd.ptctl.status import levels_words
from powertraderd.ptctl.table import ROOMY, Column, Paper, paper, render
from powertraderd.ptctl.watch import looks

app = typer.Typer()
Row = Mapping[str, Any]
_SIDE_STYLES = {"LONG": "blue", "SHORT": "yellow"}

_SIGNALS = (
    Column("COIN", lambda row: str(row["coin"])),
    Column("LONG/SHORT", levels_words, right=True),
    Column("BELOW LOWS", lambda row: percent(row.get("long_margin_pct")), right=True),
    Column("ABOVE HIGHS", lambda row: percent(row.get("short_margin_pct")), right=True),
    Column("AGE", lambda row: duration(row.get("age_s")), right=True),
    Column("TRAINED", lambda row: day(row.get("trained_at")), right=True, needs=ROOMY),
    Column("HELD BACK", lambda row: text(row.get("blocked_because")), flexible=True),
)
_LEVELS = (
    Column("TIMEFRAME", lambda row: text(row.get("timeframe"))),
    Column("LOW", lambda row: price(row.get("low")), right=True),
    Column("HIGH", lambda row: price(row.get("high")), right=True),
    Column("PREDICTED LOW", lambda row: price(row.get("predicted_low")), right=True),
    Column("PREDICTED HIGH", lambda row: price(row.get("predicted_high")), right=True),
    Column(
        "SIDE",
        lambda row: text(row.get("side")),
        style=lambda row: _SIDE_STYLES.get(str(row.get("side")), ""),
    ),
)


@app.command(rich_help_panel=options.LOOK)
def signals(
    *, watch: options.Watch = None, socket: options.Socket = None, as_json: options.Json = False
) -> None:
    """Signals per coin: how many of the seven timeframes say LONG and SHORT.

    HELD BACK says why LONG was kept at 0 although levels were crossed.

    Example: ptctl signals --json | jq '.signals[] | select(.long >= 3).coin'
    """
    session = Session(socket, as_json)
    for _ in looks(watch):
        data = session.data("signals")
        rows = list(data.get("signals", []))
        session.show(data, render(_SIGNALS, rows, paper()) if rows else ["no signals yet"])


@app.command(rich_help_panel=options.LOOK)
def levels(
    coin: options.Coin,
    *,
    watch: options.Watch = None,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """Buy and sell levels of COIN: seven lows, seven highs, and where the price stands.

    Example: ptctl levels BTC
    """
    session = Session(socket, as_json)
    for _ in looks(watch):
        data = session.data("levels", {"coin": coin})
        session.show(data, level_lines(data, paper()))


def level_lines(data: Row, on: Paper) -> list[str]:
    """The coin's price, then one line for each timeframe."""
    at = moment(pick(data, "made_at"))
    head = f"{text(pick(data, 'coin'))}: ask {price(pick(data, 'ask'))}, signal of {at} UTC"
    return [on.paint(head, "bold"), *render(_LEVELS, list(data.get("levels", [])), on)]
