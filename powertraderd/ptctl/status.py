"""`ptctl status`: is it alive, is it trading, what does it hold.

Imports neither typer nor rich, because it has to answer at once.
"""

from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any

from powertraderd.ptctl.figures import (
    UNKNOWN,
    count,
    decimal,
    duration,
    moment,
    money,
    percent,
    pick,
    price,
    quantity,
    text,
    with_unit,
)
from powertraderd.ptctl.session import Session
from powertraderd.ptctl.table import ROOMY, WIDE, Column, Paper, gain, paper, render

_NEWS_S = 30
"""A worker reports at least every few seconds; older figures are no news."""
Row = tuple[str, Mapping[str, Any]]
_STATE_STYLES = {"RUNNING": "green", "STARTING": "yellow", "STOPPING": "yellow", "STOPPED": "dim"}


def show(session: Session) -> None:
    """Ask for the status and show it."""
    data = session.data("status")
    session.show(data, lines(data, paper()) if not session.as_json else ())


def lines(status: Mapping[str, Any], on: Paper) -> list[str]:
    """The whole status for people."""
    return [
        *head(status, on),
        "",
        *workers(status, on),
        "",
        *coins(status, on),
    ]


def head(status: Mapping[str, Any], on: Paper) -> list[str]:
    """The daemon, what it may do, the money, and what needs the owner's eye."""
    supervisor = pick(status, "supervisor")
    daemon = (
        f"powertraderd {text(pick(supervisor, 'version'))}, pid {text(pick(supervisor, 'pid'))}, "
        f"{text(pick(supervisor, 'state'))} for {duration(pick(supervisor, 'uptime_s'))}"
    )
    market = f"market time {moment(pick(supervisor, 'market_time'))} UTC"
    wide = on.width >= WIDE
    return [
        on.paint(daemon, "bold") + (f"   {market}" if wide else ""),
        *([] if wide else [market]),
        *_trading(status, on),
        *_account(status, on),
        *(
            on.paint(line, "bold red")
            for words in attention(status)
            for line in wrap(words, on.width, subsequent_indent="  ")
        ),
    ]


def attention(status: Mapping[str, Any]) -> Iterator[str]:
    """What the owner has to look after, each with the remedy."""
    for name, worker in (pick(status, "workers") or {}).items():
        if worker.get("state") == "PARKED":
            why = text(worker.get("parked_because"))
            if worker.get("last_error"):
                why += f": {text(worker['last_error'])}"
            yield f"! {name} is parked ({why}): mend the cause, then ptctl unpark {name}"
        if worker.get("state") == "UNKILLABLE":
            yield f"! {name} cannot be killed; the machine may need a reboot"
    silent = decimal(pick(status, "age_s", "trader"))
    if silent is not None and silent > _NEWS_S:
        yield (
            f"! the trader has told nothing for {duration(silent)}: prices and positions are that "
            "old; ptctl events says why"
        )
    if decimal(pick(status, "account", "residual")):
        yield "! the books do not add up: trading should be halted; keep the state folder"


def _trading(status: Mapping[str, Any], on: Paper) -> list[str]:
    trading = pick(status, "trading") or {}
    words, style = trading_words(trading)
    since = f" since {moment(trading['since'])}" if trading.get("since") else ""
    first = f"trading {text(trading.get('mode'))}, " + on.paint(words, style) + since
    causes = [f"{cause['code']}: {cause['why']}" for cause in trading.get("causes") or ()]
    if len(causes) == 1:
        return [f"{first}, {causes[0]}"]
    return [first, *(f"  {words}" for words in causes)]


def trading_words(trading: Mapping[str, Any]) -> tuple[str, str]:
    """What the daemon may do right now, and the colour of that."""
    return _STANDINGS.get(str(trading.get("state")), (UNKNOWN, ""))


_STANDINGS = {
    "ACTIVE": ("ACTIVE", "green"),
    "REDUCING": ("REDUCING (exits only)", "bold yellow"),
    "HALTED": ("HALTED (nothing is bought or sold)", "bold red"),
}


def _account(status: Mapping[str, Any], on: Paper) -> list[str]:
    account = pick(status, "account") or {}
    realised, residual = money(account.get("realised"), signed=True), residual_words(account)
    value = with_unit(money(account.get("value")), pick(status, "trading", "quote"))
    first = (
        f"account {value}, cash {money(account.get('cash'))}, "
        f"in trade {percent(account.get('in_trade_pct'), signed=False)}"
    )
    second = f"realised {on.paint(realised, gain(realised))}, books {residual}"
    return [f"{first}, {second}"] if on.width >= WIDE else [first, second]


def residual_words(account: Mapping[str, Any]) -> str:
    """Whether the accounting identity holds."""
    residual = decimal(account.get("residual"))
    if residual is None:
        return UNKNOWN
    return f"off by {residual:f}" if residual else "balanced"


def workers(status: Mapping[str, Any], on: Paper) -> list[str]:
    """One line for each worker."""
    return render(_WORKERS, tuple((pick(status, "workers") or {}).items()), on)


def _phase(row: Row) -> str:
    phase, detail = pick(row[1], "phase"), pick(row[1], "detail")
    return f"{phase} {detail}" if phase and detail else text(phase)


def _progress(row: Row) -> str:
    match pick(row[1], "progress"):
        case [done, total] if total:
            return f"{done}/{total}"
    return UNKNOWN


def _note(row: Row) -> str:
    """What is waited for; else how the worker died last."""
    worker = row[1]
    state, backoff = worker.get("state"), worker.get("backoff_until_s")
    if state == "PARKED":
        return text(worker.get("parked_because"))
    if state == "BACKOFF" and backoff is not None:
        return f"restart in {duration(backoff)}"
    return text(worker.get("last_death"))


def _state_style(row: Row) -> str:
    return _STATE_STYLES.get(str(row[1].get("state")), "bold red")


_WORKERS = (
    Column("WORKER", lambda row: str(row[0])),
    Column("STATE", lambda row: text(row[1].get("state")), style=_state_style),
    Column("PID", lambda row: text(row[1].get("pid")), right=True, needs=ROOMY),
    Column("PHASE", _phase, flexible=True),
    Column("SINCE", lambda row: duration(row[1].get("phase_age_s")), right=True),
    Column("LEFT", lambda row: duration(row[1].get("deadline_in_s")), right=True, needs=ROOMY),
    Column("DONE", _progress, right=True, needs=WIDE),
    Column("CYCLES", lambda row: count(row[1].get("loops")), right=True),
    Column("RESTARTS", lambda row: count(row[1].get("restarts")), right=True),
    Column("NOTE", _note, flexible=True),
)


def coins(status: Mapping[str, Any], on: Paper) -> list[str]:
    """One line for each coin: price, signal, position, last decision."""
    return render(_COINS, tuple((pick(status, "coins") or {}).items()), on)


def levels_words(signal: object) -> str:
    """The original's tile: LONG and SHORT counts of the seven timeframes."""
    long, short = pick(signal, "long"), pick(signal, "short")
    return UNKNOWN if long is None or short is None else f"{long}/{short}"


def _decision(row: Row) -> str:
    decision = pick(row[1], "decision")
    action = text(pick(decision, "action"))
    reason = pick(decision, "reason_code")
    return f"{action} {reason}" if reason else action


def stage(position: object) -> str:
    """How often the position was averaged down; - without a position."""
    return UNKNOWN if position is None else count(pick(position, "stage"))


def next_dca(position: object) -> str:
    """The next averaging down, as the original wrote it: -2.50% / N4."""
    pct, source = percent(pick(position, "next_dca_pct")), pick(position, "next_dca_source")
    return f"{pct} / {source}" if source and pct != UNKNOWN else pct


def trail(position: object) -> str:
    """The trailing exit's line; a star once it follows the price."""
    line = price(pick(position, "trail_line"))
    return f"{line}*" if pick(position, "trail_armed") else line


def sell_gain(position: object) -> str:
    """Gain at the bid against average cost."""
    return percent(pick(position, "pnl_bid_pct"))


def _bid(row: Row) -> str:
    return price(pick(row[1], "bid"))


def _position(row: Row, key: str) -> Any:  # noqa: ANN401 - a figure of the answer
    return pick(row[1], "position", key)


_COINS = (
    Column("COIN", lambda row: str(row[0])),
    Column("BID", _bid, right=True),
    Column("LONG/SHORT", lambda row: levels_words(pick(row[1], "signal")), right=True),
    Column("QUANTITY", lambda row: quantity(_position(row, "quantity")), right=True, needs=WIDE),
    Column("VALUE", lambda row: money(_position(row, "value")), right=True),
    Column(
        "GAIN",
        lambda row: sell_gain(pick(row[1], "position")),
        right=True,
        style=lambda row: gain(sell_gain(pick(row[1], "position"))),
    ),
    Column("DCA", lambda row: stage(pick(row[1], "position")), right=True),
    Column("NEXT DCA", lambda row: next_dca(pick(row[1], "position")), right=True, needs=ROOMY),
    Column("TRAIL", lambda row: trail(pick(row[1], "position")), right=True, needs=ROOMY),
    Column("DECISION", _decision, flexible=True),
)
