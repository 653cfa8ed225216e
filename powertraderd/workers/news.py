"""What changed since the last look, in words for the owner: pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from powertraderd.model.money import Usd, plain
from powertraderd.model.news import News
from powertraderd.model.order import OrderRecord, OrderSide

Status = Mapping[str, Any]

_BAD_STATES = {"PARKED", "UNKILLABLE"}
_HANGS = ("hung", "overrun", "mute")
_STATES = {
    "ACTIVE": "trading goes on",
    "REDUCING": "trading is reduced: exits only",
    "HALTED": "trading is halted: nothing is bought or sold",
}


def changes(before: Status, now: Status) -> Iterator[News]:
    """Trading state, parked workers, hung calls. Nothing is new at the first look."""
    if not before:
        return
    yield from _state(before.get("trading") or {}, now.get("trading") or {})
    old = before.get("workers") or {}
    for name, worker in (now.get("workers") or {}).items():
        yield from _worker(name, old.get(name) or {}, worker)


def fills(orders: Sequence[OrderRecord]) -> Iterator[News]:
    """One message for each order that ended with fills."""
    for order in orders:
        intent = order.intent
        verb = "bought" if intent.side is OrderSide.BUY else "sold"
        profit = "" if order.realised is None else f", realised {order.realised:+,.2f}"
        yield News(
            "fill",
            f"{intent.tag.value} {intent.coin}",
            f"{verb} {plain(order.filled_quantity)} {intent.coin} for "
            f"{order.filled_value:,.2f}, fees {order.fees:,.2f}{profit}",
        )


def summary(day: date, realised: Usd, trades: int, status: Status) -> News:
    """The day in one message; what the trader did not report is left out."""
    account = status.get("account") or {}
    figures = [f"realised {realised:+,.2f}", f"{trades} orders filled"]
    value, held = _decimal(account.get("value")), _decimal(account.get("exposure"))
    if value is not None:
        figures.append(f"account {value:,.2f}")
    if held is not None:
        figures.append(f"in positions {held:,.2f}")
    state = (status.get("trading") or {}).get("state")
    return News("summary", f"summary of {day}", "; ".join([*figures, f"trading {state}"]))


def _state(before: Status, now: Status) -> Iterator[News]:
    if now.get("state") == before.get("state") or now.get("state") not in _STATES:
        return
    causes = [f"{cause['code']}: {cause['why']}" for cause in now.get("causes") or ()]
    yield News("state", _STATES[now["state"]], "; ".join(causes) or "nothing stands in the way")


def _worker(name: str, before: Status, now: Status) -> Iterator[News]:
    state = now.get("state")
    if state in _BAD_STATES and before.get("state") != state:
        why = now.get("parked_because") or now.get("last_death") or "no reason known"
        yield News("parked", f"{name} is {str(state).lower()}", str(why))
    if _hangs(now) > _hangs(before):
        yield News("hung", f"{name} hung and was killed", str(now.get("last_death")))


def _hangs(worker: Status) -> int:
    counts = worker.get("restarts_by_reason") or {}
    return sum(int(counts.get(reason, 0)) for reason in _HANGS)


def _decimal(value: object) -> Decimal | None:
    return Decimal(value) if isinstance(value, str) else None
