"""How far the training of each coin is, as bars."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from powertraderd.ptctl.figures import decimal, moment, pick, text
from powertraderd.ptctl.table import Paper

READY = "READY"
_BAR_CELLS = 20
_FOLLOWING = Decimal("0.85")  # six of seven timeframes
_FULL, _EMPTY = "█", "░"
_STYLES = {READY: "green", "RUNNING": "yellow"}


def coins(status: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What the trainer last said about each coin; nothing while it has said nothing."""
    every = pick(status, "coins") or {}
    return {coin: pick(each, "training") or {} for coin, each in every.items()}


def untrained(status: Mapping[str, Any]) -> list[str]:
    """Coins that are not trained, with their state."""
    if not coins(status):
        return ["no coin is known yet"]
    return [
        f"{coin} ({text(training.get('state'))})"
        for coin, training in coins(status).items()
        if training.get("state") != READY
    ]


def learning(status: Mapping[str, Any]) -> bool:
    """Whether some coin is being trained; following new candles does not count as that."""
    shares = [decimal(each.get("progress")) for each in coins(status).values()]
    return any(share is None or share < _FOLLOWING for share in shares)


def bars(status: Mapping[str, Any], on: Paper) -> list[str]:
    """One line for each coin: state, bar, and where it is."""
    return [_line(coin, status, on) for coin in coins(status)]


def _line(coin: str, status: Mapping[str, Any], on: Paper) -> str:
    training = pick(status, "coins", coin, "training") or {}
    state = text(training.get("state"))
    share = decimal(training.get("progress"))
    filled = 0 if share is None else round(min(share, Decimal(1)) * _BAR_CELLS)
    bar = _FULL * filled + _EMPTY * (_BAR_CELLS - filled)
    figure = "   -" if share is None else f"{share:4.0%}"
    return (
        f"{coin:<8} {on.paint(f'{state:<9}', _STYLES.get(state, ''))} {bar} {figure}  "
        f"{_tail(training, pick(status, 'training', coin) or {})}"
    ).rstrip()


def _tail(training: Mapping[str, Any], timeframes: Mapping[str, Any]) -> str:
    """When the coin was trained; else how many of its timeframes are still to come."""
    if training.get("state") == READY:
        return f"trained {moment(training.get('trained_at'))}"
    missing = [name for name, each in timeframes.items() if pick(each, "state") != READY]
    return f"{len(missing)} of {len(timeframes)} timeframes to go" if missing else ""
