"""`ptctl risk`: how far down the ladder the money reaches, and what stops it where."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import typer

from powertraderd.ptctl import options
from powertraderd.ptctl.figures import UNKNOWN, count, decimal, money, percent, pick, price, text
from powertraderd.ptctl.session import Session
from powertraderd.ptctl.table import ROOMY, Column, Paper, paper, render
from powertraderd.ptctl.watch import looks
from powertraderd.supervision.protocol import Code, refusal

app = typer.Typer()
Row = Mapping[str, Any]


def _stage(row: Row) -> str:
    return "entry" if row.get("stage") == 0 else count(row.get("stage"))


def _stop(row: Row) -> str:
    code = row.get("stopped_by")
    if not code:
        return ""
    limit = decimal(row.get("limit") or None)
    return str(code) if limit is None else f"{code} ({limit:,.0f})"


_RUNGS = (
    Column("STAGE", _stage, right=True),
    Column("AT", lambda row: price(row.get("price")), right=True),
    Column("BELOW", lambda row: percent(row.get("below_pct")), right=True),
    Column("ORDER", lambda row: money(row.get("size")), right=True),
    Column("SPENT", lambda row: money(row.get("spent")), right=True),
    Column("CASH LEFT", lambda row: money(row.get("cash")), right=True, needs=ROOMY),
    Column("BREAK-EVEN", lambda row: price(row.get("break_even")), right=True),
    Column("STOPPED BY", _stop, flexible=True, style=lambda row: "bold red" if _stop(row) else ""),
)


@app.command(rich_help_panel=options.LOOK)
def risk(
    coin: options.PerhapsCoin = None,
    *,
    watch: options.Watch = None,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """The ladder of averaging down, coin by coin, and the worst case over all coins.

    All coins fall together from where they stand and nothing recovers. AT is the ask that
    triggers the buy, SPENT is cost and fees after it, BREAK-EVEN the bid that returns it all.
    STOPPED BY names the limit that refuses the buy; the ladder ends there.

    Examples: ptctl risk      ptctl risk BTC --json
    """
    session = Session(socket, as_json)
    for _ in looks(watch):
        answer = session.ask("risk", {} if coin is None else {"coin": coin})
        if answer.code == Code.TOO_LARGE:
            words = "the ladders of all coins are too long for one answer: name a coin"
            answer = refusal(answer.id, answer.code, f"{words}, as in `ptctl risk BTC`")
        if not answer.ok:
            session.leave(answer)
        data = answer.data
        session.show(data, lines(data, paper()))


def lines(data: Row, on: Paper) -> Iterator[str]:
    """A table for each coin, then the totals."""
    for coin, row in (data.get("coins") or {}).items():
        yield on.paint(_head(coin, row), "bold")
        rungs = row.get("rungs") or []
        yield from render(_RUNGS, rungs, on) if rungs else ["no rung is left"]
        yield ""
    yield from totals(data, on)


def _head(coin: str, row: Row) -> str:
    if row.get("stage") is None:
        return f"{coin}  no position, ask {price(row.get('ask'))}"
    return (
        f"{coin}  stage {count(row.get('stage'))}, spent {money(row.get('spent'))}, "
        f"average {price(row.get('average_cost'))}, ask {price(row.get('ask'))}"
    )


def totals(data: Row, on: Paper) -> Iterator[str]:
    """What the ladders ask for against the cash, and the levels that the original showed."""
    needed, cash = decimal(data.get("needed")), decimal(data.get("cash"))
    short = None if needed is None or cash is None else max(needed - cash, 0)
    yield "worst case: all coins fall to the end of their ladders"
    yield f"  asked for {money(needed)}, cash {money(cash)}, short of {money(short)}"
    yield f"  let through by the limits {money(data.get('placed'))}"
    levels = data.get("affordable") or {}
    yield (
        f"affordable levels: {text(pick(levels, 'single'))} for one coin, "
        f"{text(pick(levels, 'spread'))} spread over all"
        if levels
        else f"affordable levels: {UNKNOWN}"
    )
    limits = data.get("limits") or {}
    named = (f"{name} {value}" for name, value in limits.items() if "seconds" not in name)
    yield from textwrap.wrap(f"limits: {', '.join(named)}", on.width, subsequent_indent="  ")
