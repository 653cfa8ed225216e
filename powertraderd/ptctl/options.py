"""Options that the verbs share, and typed arguments for coins and amounts."""

import re
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

LOOK, TRADE, DAEMON = "Look", "Trade", "Steer the daemon"
"""Headings under which `ptctl --help` lists the verbs."""

Socket = Annotated[
    Path | None,
    typer.Option(
        "--socket",
        metavar="PATH",
        help="The daemon's control socket. Else POWERTRADERD_SOCKET, /run/powertraderd, or your "
        "own runtime folder.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Watch = Annotated[
    float | None,
    typer.Option(
        "--watch", min=0.1, metavar="SECONDS", help="Look again every so often, until Ctrl-C."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
RequestId = Annotated[
    str | None,
    typer.Option(
        "--request-id",
        metavar="ID",
        help="Repeat an earlier request: the answer is repeated, not the deed.",
    ),
]
Reason = Annotated[
    str, typer.Option("--reason", "-r", metavar="TEXT", help="Why; kept in state and log.")
]
Limit = Annotated[
    int, typer.Option("--limit", "-n", min=1, max=500, metavar="N", help="How many, newest first.")
]
AnswerTimeout = Annotated[
    float,
    typer.Option(
        "--timeout", min=0.1, max=3600, metavar="SECONDS", help="Seconds to wait for the answer."
    ),
]


def _coin(text: str) -> str:
    name = text.upper()
    if not name.isalnum() or not name.isascii() or len(name) > 15:  # noqa: PLR2004 - as [trading] coins
        msg = f"{text!r} is not a coin's ticker, for example BTC"
        raise typer.BadParameter(msg)
    return name


def _amount(text: str) -> Decimal:
    try:
        number = Decimal(text.removesuffix("%").replace(",", ""))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number <= 0:
        msg = f"{text!r} is not an amount above 0, for example 25 or 0.5"
        raise typer.BadParameter(msg)
    return number


_SPAN = re.compile(r"(\d{1,6})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def _moment(text: str) -> datetime:
    """15m, 2h, 3d ago, or a time in UTC."""
    if span := _SPAN.fullmatch(text.strip().lower()):
        return datetime.now(UTC) - timedelta(seconds=int(span[1]) * _SECONDS[span[2]])
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        msg = f"{text!r} is no time: write 15m, 2h, 3d, or 2024-03-01T12:00 (UTC)"
        raise typer.BadParameter(msg) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Since = Annotated[
    datetime | None,
    typer.Option(
        "--since", metavar="WHEN", parser=_moment, help="From then on: 15m, 2h, 3d, or a time, UTC."
    ),
]
Coin = Annotated[str, typer.Argument(metavar="COIN", parser=_coin, help="Ticker, as BTC.")]
PerhapsCoin = Annotated[
    str | None, typer.Argument(metavar="[COIN]", parser=_coin, help="Ticker, as BTC.")
]
OneCoin = Annotated[
    str | None, typer.Option("--coin", metavar="COIN", parser=_coin, help="Only this coin.")
]
SomeCoins = Annotated[
    list[str] | None, typer.Argument(metavar="[COIN]...", parser=_coin, help="Tickers, as BTC ETH.")
]
Usd = Annotated[
    Decimal, typer.Argument(metavar="USD", parser=_amount, help="Amount to spend, fees included.")
]
Quantity = Annotated[
    Decimal | None, typer.Option("--qty", metavar="QTY", parser=_amount, help="So many coins.")
]
Percentage = Annotated[
    Decimal | None,
    typer.Option("--pct", metavar="PCT", parser=_amount, help="Percent of the position."),
]


def on_terminal() -> bool:
    """Whether there is a person who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()
