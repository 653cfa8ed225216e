"""What the roles tell the supervisor and ptctl, as plain JSON values: decimals and times as text.

None means unknown. The same rows serve `ptctl status` (from the role's last report) and the tables
that the exporter answers from the stores.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from powertraderd.model.candle import Coin
from powertraderd.model.decision import Decision
from powertraderd.model.money import EXACT, plain, ratio
from powertraderd.model.position import Books, Position
from powertraderd.model.quote import Quote
from powertraderd.model.signal import Signal
from powertraderd.strategy import dca, ledgering
from powertraderd.workers.valuation import account_value, exposure

Row = dict[str, Any]

_HUNDRED = Decimal(100)
_PERCENT_PLACES = Decimal("0.0001")


def text(value: Decimal | None) -> str | None:
    """An exact figure as text."""
    return None if value is None else plain(value)


def price_text(value: Decimal | None) -> str | None:
    """A quotient, which may have endless digits, to twelve significant ones."""
    return None if value is None else plain(Decimal(f"{value:.12g}"))


def rounded(percent: Decimal | None) -> str | None:
    """A percentage to four decimals."""
    return None if percent is None else plain(percent.quantize(_PERCENT_PLACES))


def _share(part: Decimal | None, whole: Decimal | None) -> str | None:
    if part is None or not whole:
        return None
    return rounded(ratio(_HUNDRED * part, whole))


def account_row(books: Books, quotes: Mapping[Coin, Quote]) -> Row:
    """The account; what depends on a missing quote is unknown."""
    held = exposure(books, quotes)
    value = account_value(books, quotes)
    return {
        "value": text(value),
        "cash": text(books.cash),
        "exposure": text(held),
        "paid_in": text(books.paid_in),
        "realised": text(books.realised),
        "residual": text(ledgering.residual(books)),
        "in_trade_pct": _share(held, value),
    }


def coin_rows(
    coins: Sequence[Coin],
    quotes: Mapping[Coin, Quote],
    books: Books,
    decided: Callable[[Coin], Decision | None],
    now: datetime,
) -> Row:
    """Prices, position and newest decision of each of ``coins``.

    Without the decision's figures: 50 coins share one message, and `decisions` has them.
    """
    rows: Row = {}
    for coin in coins:
        position, quote, decision = books.positions.get(coin), quotes.get(coin), decided(coin)
        rows[coin] = {
            **quote_row(quote),
            "position": position_row(position, quote, decision, now) if position else None,
            "decision": _brief(decision) if decision else None,
        }
    return rows


def position_row(
    position: Position, quote: Quote | None, decision: Decision | None, now: datetime
) -> Row:
    """One open position with its gains, its next DCA line and its trail."""
    trail = position.trail
    return {
        "quantity": text(position.quantity),
        "cost": text(position.cost),
        "fees": text(position.fees),
        "average_cost": price_text(position.average_cost),
        "opened_at": position.opened_at.isoformat(),
        "stage": position.stage,
        "pnl_ask_pct": rounded(position.pnl_pct(quote.ask)) if quote else None,
        "pnl_bid_pct": rounded(position.pnl_pct(quote.bid)) if quote else None,
        "value": text(EXACT.multiply(position.quantity, quote.bid)) if quote else None,
        "dca_24h": dca.buys_in_window(position, now),
        **_next_dca(position, decision),
        "trail_line": price_text(trail.line),
        "trail_peak": text(trail.peak),
        "trail_armed": trail.armed,
    }


def _next_dca(position: Position, decision: Decision | None) -> Row:
    price = decision.next_dca_price if decision else None
    return {
        "next_dca_price": price_text(price),
        "next_dca_pct": None if price is None else rounded(position.pnl_pct(price)),
        "next_dca_source": decision.next_dca_source if decision else "",
    }


def quote_row(quote: Quote | None) -> Row:
    """Best prices of one coin."""
    if quote is None:
        return {"bid": None, "ask": None, "quote_at": None}
    return {"bid": text(quote.bid), "ask": text(quote.ask), "quote_at": quote.at.isoformat()}


def decision_row(decision: Decision) -> Row:
    """What was decided, why, and the figures behind it."""
    return {"coin": decision.coin, **_brief(decision), "numbers": dict(decision.numbers)}


def _brief(decision: Decision) -> Row:
    return {
        "at": decision.at.isoformat(),
        "action": decision.action.value,
        "reason_code": decision.reason_code,
    }


def signal_row(signal: Signal) -> Row:
    """Counts and ages of one coin's signal."""
    return {
        "long": signal.long_count,
        "short": signal.short_count,
        "long_margin_pct": round(signal.long_margin_pct, 4),
        "short_margin_pct": round(signal.short_margin_pct, 4),
        "made_at": signal.made_at.isoformat(),
        "trained_at": signal.trained_at.isoformat(),
        "blocked_because": signal.blocked_because,
    }
