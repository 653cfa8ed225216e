"""Metrics of the trading state, the limits and the messages, from a status."""

from typing import Any

from powertraderd.adapters.prometheus import safeguards
from powertraderd.adapters.prometheus.sheet import Sheet
from powertraderd.model.rules import RiskLimits

STATUS: dict[str, Any] = {
    "trading": {"state": "REDUCING", "causes": [{"code": "clock_skew", "why": "9 s"}]},
    "age_s": {"trader": 2.5},
    "safeguards": {
        "ages_s": {"account": 10, "products": 20, "fee": None, "clock": 40},
        "realised_today": "-12.5",
        "drawdown_pct": "3.2500",
    },
    "notify": {"enabled": True, "waiting": 2, "delivered": 5, "dropped": 1},
}


def samples(sheet: Sheet) -> dict[str, dict[str, float]]:
    """Name, then the values of the labels, then the value."""
    found: dict[str, dict[str, float]] = {}
    for family in sheet.families():
        for sample in family.samples:
            found.setdefault(sample.name, {})["/".join(sample.labels.values())] = sample.value
    return found


def test_the_state_and_every_cause_are_there_as_zero_or_one() -> None:
    """A cause that goes away must become 0 and not vanish, or its alert would not end."""
    sheet = Sheet()
    safeguards.standing(sheet, STATUS)
    found = samples(sheet)
    assert found["powertraderd_trading_state"] == {"ACTIVE": 0, "REDUCING": 1, "HALTED": 0}
    causes = found["powertraderd_trading_cause"]
    assert {code for code, value in causes.items() if value} == {"clock_skew"}
    assert "daily_loss_limit" in causes


def test_ages_go_on_while_the_trader_is_silent_and_unknown_has_no_sample() -> None:
    """What was 10 s old when it was said 2.5 s ago is 12.5 s old."""
    sheet = Sheet()
    safeguards.measures(sheet, STATUS, RiskLimits(max_drawdown_pct=None))
    found = samples(sheet)
    ages = found["powertraderd_venue_fact_age_seconds"]
    assert ages == {"account": 12.5, "products": 22.5, "clock": 42.5}
    assert found["powertraderd_venue_fact_max_age_seconds"]["account"] == 1800
    assert found["powertraderd_realised_today_usd"] == {"": -12.5}
    assert found["powertraderd_account_drawdown_ratio"] == {"": 0.0325}
    assert "powertraderd_account_drawdown_limit_ratio" not in found


def test_messages_are_counted_by_what_became_of_them() -> None:
    """Without a report from the exporter there is nothing."""
    sheet = Sheet()
    safeguards.messages(sheet, STATUS)
    found = samples(sheet)
    counted = found["powertraderd_notifications_total"]
    assert counted == {"delivered": 5, "failed": 0, "dropped": 1}
    assert found["powertraderd_notifications_waiting"] == {"": 2}
    silent = Sheet()
    safeguards.messages(silent, {})
    assert samples(silent) == {}
