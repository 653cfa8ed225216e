"""`ptctl buy` and `ptctl sell`: the owner's own orders, with the trader's checks."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import typer

from powertraderd.ptctl import options
from powertraderd.ptctl.figures import money, pick, price, quantity, text
from powertraderd.ptctl.history import paid
from powertraderd.ptctl.session import Leave, Session, complain
from powertraderd.supervision.client import new_request_id
from powertraderd.supervision.protocol import Answer

app = typer.Typer()
_ORDER_TIMEOUT_S = 60.0


@app.command(rich_help_panel=options.TRADE)
def buy(
    coin: options.Coin,
    usd: options.Usd,
    *,
    yes: options.Yes = False,
    request_id: options.RequestId = None,
    timeout: options.AnswerTimeout = _ORDER_TIMEOUT_S,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """Buy COIN for USD, fees included, at the market.

    Asks for confirmation on a terminal and needs --yes elsewhere. Refusals name their reason.
    Repeating with the printed --request-id repeats the answer and never the order.

    Example: ptctl buy BTC 25 --yes
    """
    session = Session(socket, as_json)
    if not yes:
        _confirm(f"Buy {coin} for {money(usd)} at the market (ask {_quote(session, coin, 'ask')})?")
    _order(session, "buy", {"coin": coin, "usd": str(usd)}, timeout, request_id)


@app.command(rich_help_panel=options.TRADE)
def sell(  # noqa: PLR0913 - a verb's parameters are its command line
    coin: options.Coin,
    *,
    qty: options.Quantity = None,
    pct: options.Percentage = None,
    everything: Annotated[bool, typer.Option("--all", help="The whole position.")] = False,
    yes: options.Yes = False,
    request_id: options.RequestId = None,
    timeout: options.AnswerTimeout = _ORDER_TIMEOUT_S,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """Sell COIN at the market: --qty, --pct or --all of the position.

    Only what the daemon itself bought can be sold. Asks for confirmation on a terminal and
    needs --yes elsewhere.

    Examples: ptctl sell BTC --pct 50      ptctl sell ETH --all --yes
    """
    given = {"qty": qty, "pct": pct, "all": everything or None}
    amounts = {name: value for name, value in given.items() if value is not None}
    if len(amounts) != 1:
        raise typer.BadParameter("say exactly one of --qty, --pct and --all")
    session = Session(socket, as_json)
    if not yes:
        share, bid = _share(qty, pct), _quote(session, coin, "bid")
        _confirm(f"Sell {share} {coin} at the market (bid {bid})?")
    args = {name: value if value is True else str(value) for name, value in amounts.items()}
    _order(session, "sell", {"coin": coin, **args}, timeout, request_id)


def _share(qty: Decimal | None, pct: Decimal | None) -> str:
    if qty is not None:
        return quantity(qty)
    return f"{quantity(pct)}% of" if pct is not None else "all"


def _quote(session: Session, coin: str, side: str) -> str:
    """The newest price that the daemon knows; a question must not fail for want of it."""
    return price(pick(session.ask("status").data, "coins", coin, side))


def _confirm(question: str) -> None:
    if not options.on_terminal():
        complain("nobody can be asked here: say --yes to do it without a question")
        raise SystemExit(Leave.USAGE)
    typer.confirm(question, abort=True, err=True)


def _order(
    session: Session, verb: str, args: Mapping[str, Any], timeout: float, request_id: str | None
) -> None:
    identity = request_id or new_request_id()
    answer = session.ask(verb, args, timeout, identity)
    try:
        session.leave(answer, f"{outcome(answer)}\nrequest id {identity}")
    finally:  # after the reason
        if not session.as_json and not answer.ok:
            complain(f"request id {identity}")


def outcome(answer: Answer) -> str:
    """What was filled, at what price and fee; the daemon's own words where nothing was."""
    data = answer.data
    if data.get("quantity") is None:
        return answer.message or "done"
    side = "sold" if data.get("side") == "SELL" else "bought"
    realised, state = data.get("realised"), text(data.get("state"))
    profit = f", realised {money(realised, signed=True)}" if realised is not None else ""
    return (
        f"{side} {quantity(data['quantity'])} {text(data.get('coin'))} at "
        f"{price(data.get('average_price'))} for {paid(data.get('value'), data)}, "
        f"fee {money(data.get('fees'))}{profit}"
        f"{'' if state == 'FILLED' else f' ({state})'}"
    )


@app.command(rich_help_panel=options.TRADE)
def reconcile(*, socket: options.Socket = None, as_json: options.Json = False) -> None:
    """Compare the ledger with the exchange now, and say every difference.

    While there are differences nothing is bought; exits go on.

    Example: ptctl reconcile
    """
    session = Session(socket, as_json)
    session.leave(session.ask("reconcile", timeout_s=_ORDER_TIMEOUT_S))
