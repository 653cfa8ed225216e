"""Options that the verbs share, and typed arguments for coins and amounts."""

import sys
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
    int, typer.Option("--limit", "-n", min=1, max=500, help="How many, newest first.")
]
AnswerTimeout = Annotated[
    float, typer.Option("--timeout", min=0.1, max=3600, help="Seconds to wait for the answer.")
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
