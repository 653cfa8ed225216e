"""Metrics from the supervisor's status: trading state, the venue, prices, account, gains."""

from datetime import datetime
from decimal import Decimal

from powertraderd.adapters.prometheus.figures import Status, age_s, figure, ratio
from powertraderd.adapters.prometheus.sheet import Sheet

FRESH_S = 30.0
"""A report older than this, machine seconds, is no news: its figures count as unknown."""


def trading(sheet: Sheet, status: Status) -> None:
    """What the owner and the supervisor allow."""
    held = status.get("trading") or {}
    for mode in ("paper", "live"):
        sheet.put("trading_mode", int(held.get("mode") == mode), mode=mode)
    sheet.put("trading_paused", int(bool(held.get("paused"))))
    sheet.put("trading_safe_mode", int(bool(held.get("safe_mode"))))
    sheet.put("trading_halted", int(bool(held.get("halted"))))


def venue(sheet: Sheet, status: Status) -> None:
    """How we stand with the trading venue; ages go on while the trader is silent."""
    differences = status.get("differences")
    sheet.put("reconcile_differences", None if differences is None else len(differences))
    row = status.get("venue") or {}
    silent_s = figure((status.get("age_s") or {}).get("trader"))
    ages = {"reconcile_age_seconds": "reconciled_age_s", "venue_facts_age_seconds": "facts_age_s"}
    for name, key in ages.items():
        reported_s = figure(row.get(key))
        if reported_s is not None and silent_s is not None:
            sheet.put(name, reported_s + silent_s)
    sheet.put("clock_skew_seconds", figure(row.get("clock_skew_s")))


def market(sheet: Sheet, status: Status, now: datetime, dca_multiplier: Decimal) -> None:
    """Prices, account value and gains, from the trader's last report while that is news."""
    silent_s = figure((status.get("age_s") or {}).get("trader"))
    if silent_s is not None and silent_s > FRESH_S:
        return
    account = status.get("account") or {}
    sheet.put("account_value_usd", figure(account.get("value")))
    sheet.put("account_exposure_usd", figure(account.get("exposure")))
    sheet.put("account_in_trade_ratio", ratio(account.get("in_trade_pct")))
    for coin, row in (status.get("coins") or {}).items():
        for side in ("bid", "ask"):
            sheet.put("quote_price_usd", figure(row.get(side)), coin=coin, side=side)
        sheet.put("quote_age_seconds", age_s(now, row.get("quote_at")), coin=coin)
        if row.get("position"):
            _position(sheet, coin, row["position"], dca_multiplier)
            line = figure(row["position"].get("next_dca_price"))
            sheet.put(
                "position_next_dca_distance_ratio",
                _distance(figure(row.get("ask")), line),
                coin=coin,
            )


def _distance(ask: Decimal | None, line: Decimal | None) -> Decimal | None:
    """How far the ask may fall before it is at the line, as a share of the ask."""
    return (ask - line) / ask if ask and line is not None else None


def _position(sheet: Sheet, coin: str, position: Status, dca_multiplier: Decimal) -> None:
    value = figure(position.get("value"))
    sheet.put("position_value_usd", value, coin=coin)
    cost = None if value is None else value * dca_multiplier
    sheet.put("position_next_dca_cost_usd", cost, coin=coin)
    for side in ("bid", "ask"):
        gain = ratio(position.get(f"pnl_{side}_pct"))
        sheet.put("position_profit_ratio", gain, coin=coin, side=side)
    price = figure(position.get("next_dca_price"))
    source = str(position.get("next_dca_source") or "")
    sheet.put("position_next_dca_price_usd", price, coin=coin, source=source)
