"""The numbers that stand beside a decision, as plain text for the log line."""

from datetime import datetime
from decimal import Context, Decimal

from powertraderd.model.decision import CoinView
from powertraderd.model.money import Price, plain
from powertraderd.model.position import Position
from powertraderd.model.rules import StrategyRules

_SHOWN = Context(prec=12)
_PERCENT_STEP = Decimal("0.0001")


def shown(value: Decimal) -> str:
    """``value`` to twelve digits: for the reader, never for the books."""
    return plain(_SHOWN.plus(value))


def age_s(now: datetime, at: datetime) -> str:
    """Market seconds from ``at`` to ``now``; negative where ``at`` lies ahead."""
    return f"{(now - at).total_seconds():.3f}"


def figures(view: CoinView, rules: StrategyRules) -> dict[str, str]:
    """What is known about the coin; what is unknown is left out."""
    numbers = {"cash": shown(view.books.cash)}
    if view.account_value is not None:
        numbers["account_value"] = shown(view.account_value)
    if view.quote is not None:
        numbers["bid"] = shown(view.quote.bid)
        numbers["ask"] = shown(view.quote.ask)
        numbers["quote_age_s"] = age_s(view.now, view.quote.at)
    if view.signal is not None:
        numbers["long"] = str(view.signal.long_count)
        numbers["short"] = str(view.signal.short_count)
        numbers["min_long"] = str(rules.entry.min_long_level)
        numbers["signal_age_s"] = age_s(view.now, view.signal.made_at)
    if view.position is not None:
        numbers |= _position_figures(view, view.position)
    return numbers


def _position_figures(view: CoinView, position: Position) -> dict[str, str]:
    numbers = {
        "quantity": shown(position.quantity),
        "average_cost": shown(position.average_cost),
        "stage": str(position.stage),
    }
    if view.quote is not None:
        numbers |= _pnl("pnl_ask_pct", position, view.quote.ask)
        numbers |= _pnl("pnl_bid_pct", position, view.quote.bid)
    return numbers


def _pnl(name: str, position: Position, price: Price) -> dict[str, str]:
    pnl = position.pnl_pct(price)
    return {} if pnl is None else {name: plain(pnl.quantize(_PERCENT_STEP))}
