"""Metrics from the ledger: money, positions, orders, fills, decisions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from powertraderd.adapters.prometheus.sheet import Sheet
from powertraderd.adapters.sqlite.ledger_tally import BUCKETS_S, LedgerTally, Traded
from powertraderd.model.candle import Coin
from powertraderd.model.money import Usd
from powertraderd.model.order import OrderState, Tag
from powertraderd.model.position import Books, Position


def money(sheet: Sheet, books: Books, residual: Usd) -> None:
    """The account as the ledger has it, exact and without any price."""
    sheet.put("account_cash_usd", books.cash)
    sheet.put("account_paid_in_usd", books.paid_in)
    sheet.put("realised_profit_usd", books.realised)
    sheet.put("ledger_residual_usd", residual)
    sheet.put("positions_open", len(books.positions))
    for coin, quantity in books.dust.items():
        sheet.put("dust_coins", quantity, coin=coin)
    for position in books.positions.values():
        _position(sheet, position)


def _position(sheet: Sheet, position: Position) -> None:
    trail = position.trail
    figures: Mapping[str, Decimal | int | None] = {
        "position_coins": position.quantity,
        "position_cost_usd": position.cost,
        "position_fees_usd": position.fees,
        "position_average_cost_usd": position.average_cost,
        "position_stage": position.stage,
        "position_trail_line_usd": trail.line,
        "position_trail_peak_usd": trail.peak,
        "position_trail_armed": int(trail.armed),
    }
    for name, value in figures.items():
        sheet.put(name, value, coin=position.coin)


def recent_dca(sheet: Sheet, counts: Mapping[str, int]) -> None:
    """Averaging down within the rolling 24 hours."""
    for coin, count in counts.items():
        sheet.put("position_dca_buys_24h", count, coin=coin)


def tally(sheet: Sheet, ledger: LedgerTally, coins: Sequence[Coin], now: datetime) -> None:
    """Totals over the whole ledger; fills of ``coins`` begin at zero, so the first one shows."""
    for (coin, action, reason), count in ledger.decisions.items():
        sheet.put("decisions", count, coin=coin, action=action, reason=reason)
    traded = {(str(coin), tag.value): Traded() for coin in coins for tag in Tag} | ledger.traded
    for (coin, tag), total in traded.items():
        sheet.put("fills", total.fills, coin=coin, tag=tag)
        sheet.put("traded_usd", total.value, coin=coin, tag=tag)
        sheet.put("fees_usd", total.fees, coin=coin, tag=tag)
    for coin, realised in ledger.realised.items():
        sheet.put("realised_profit_by_coin_usd", realised, coin=coin)
    _ended(sheet, ledger)
    _in_flight(sheet, ledger, now)
    bounds = [*(f"{bound:g}" for bound in BUCKETS_S), "+Inf"]
    counts = list(zip(bounds, ledger.latency_counts, strict=True))
    sheet.histogram("order_latency_seconds", counts, ledger.latency_sum_s)


def _ended(sheet: Sheet, ledger: LedgerTally) -> None:
    for group in ledger.orders:
        if OrderState(group.state).final:
            labels = {"coin": group.coin, "tag": group.tag, "state": group.state}
            sheet.put("orders", group.count, **labels)


def _in_flight(sheet: Sheet, ledger: LedgerTally, now: datetime) -> None:
    """Every state in which an order may be under way; nothing there is a count and an age of 0."""
    for state in (state for state in OrderState if not state.final):
        groups = [group for group in ledger.orders if group.state == state]
        ages_s = [(now - group.oldest).total_seconds() for group in groups]
        sheet.put("orders_in_flight", sum(group.count for group in groups), state=state.value)
        oldest_s = max(ages_s, default=0)
        sheet.put("order_oldest_in_flight_seconds", oldest_s, state=state.value)
