"""Metrics from the ledger: money, positions, orders, fills, decisions."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from powertraderd.adapters.prometheus.sheet import Sheet
from powertraderd.adapters.sqlite.ledger_tally import BUCKETS_S, LedgerTally
from powertraderd.model.money import Usd
from powertraderd.model.order import OrderState
from powertraderd.model.position import Books, Position


def money(sheet: Sheet, books: Books, residual: Usd) -> None:
    """The account as the ledger has it, exact and without any price."""
    sheet.gauge("account_cash_usd", "Cash that the ledger expects.", books.cash)
    sheet.gauge("account_paid_in_usd", "Cash paid in, less what was taken out.", books.paid_in)
    sheet.gauge("realised_profit_usd", "Realised profit after all fees.", books.realised)
    sheet.gauge(
        "ledger_residual_usd", "Break of the accounting identity; anything but 0 halts.", residual
    )
    sheet.gauge("positions_open", "Open positions.", len(books.positions))
    for coin, quantity in books.dust.items():
        sheet.gauge("dust_coins", "Bought, but too little to be sold.", quantity, coin=coin)
    for position in books.positions.values():
        _position(sheet, position)


def _position(sheet: Sheet, position: Position) -> None:
    trail = position.trail
    figures: Mapping[str, tuple[str, Decimal | int | None]] = {
        "position_coins": ("Quantity of the position.", position.quantity),
        "position_cost_usd": ("Quote currency spent, without fees.", position.cost),
        "position_fees_usd": ("Fees paid for the position so far.", position.fees),
        "position_average_cost_usd": ("Cost for one coin, without fees.", position.average_cost),
        "position_stage": ("Averaging-down buys since the position was opened.", position.stage),
        "position_trail_line_usd": ("Sell line of the trailing exit.", trail.line),
        "position_trail_peak_usd": ("Highest bid since the exit was armed.", trail.peak),
        "position_trail_armed": ("Whether the exit follows the price.", int(trail.armed)),
    }
    for name, (text, value) in figures.items():
        sheet.gauge(name, text, value, coin=position.coin)


def recent_dca(sheet: Sheet, counts: Mapping[str, int]) -> None:
    """Averaging down within the rolling 24 hours."""
    for coin, count in counts.items():
        sheet.gauge(
            "position_dca_buys_24h",
            "Averaging-down buys of this position within 24 hours.",
            count,
            coin=coin,
        )


def tally(sheet: Sheet, ledger: LedgerTally, now: datetime) -> None:
    """Totals over the whole ledger."""
    for (coin, action, reason), count in ledger.decisions.items():
        sheet.counter(
            "decisions",
            "Changes of mind by coin, action and reason.",
            count,
            coin=coin,
            action=action,
            reason=reason,
        )
    for (coin, tag), total in ledger.traded.items():
        labels = {"coin": coin, "tag": tag}
        sheet.counter("fills", "Fills booked.", total.fills, **labels)
        sheet.counter("traded_usd", "Quote currency bought or sold for.", total.value, **labels)
        sheet.counter("fees_usd", "Fees paid.", total.fees, **labels)
    for coin, realised in ledger.realised.items():
        sheet.gauge(
            "realised_profit_by_coin_usd", "Realised profit after all fees.", realised, coin=coin
        )
    _orders(sheet, ledger, now)
    bounds = [*(f"{bound:g}" for bound in BUCKETS_S), "+Inf"]
    sheet.histogram(
        "order_latency_seconds",
        "Market time from the intent of an order until it was filled and settled.",
        list(zip(bounds, ledger.latency_counts, strict=True)),
        ledger.latency_sum_s,
    )


def _orders(sheet: Sheet, ledger: LedgerTally, now: datetime) -> None:
    oldest: dict[str, datetime] = {}
    for group in ledger.orders:
        if OrderState(group.state).final:
            sheet.counter(
                "orders",
                "Orders that came to their end, by how they ended.",
                group.count,
                coin=group.coin,
                tag=group.tag,
                state=group.state,
            )
            continue
        oldest[group.state] = min(group.oldest, oldest.get(group.state, group.oldest))
    for state in (state for state in OrderState if not state.final):
        sheet.gauge(
            "orders_in_flight",
            "Orders that are not at their end yet.",
            sum(group.count for group in ledger.orders if group.state == state),
            state=state.value,
        )
        if state in oldest:
            sheet.gauge(
                "order_oldest_in_flight_seconds",
                "Market time since the oldest order in this state was intended.",
                (now - oldest[state]).total_seconds(),
                state=state.value,
            )
