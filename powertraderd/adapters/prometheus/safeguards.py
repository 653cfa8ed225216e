"""Metrics from what the trader measures itself by, and of the messages to the owner."""

from collections.abc import Mapping
from decimal import Decimal

from powertraderd.adapters.prometheus.figures import Status, figure, ratio
from powertraderd.adapters.prometheus.sheet import Sheet
from powertraderd.model.decision import ReasonCode, Standing
from powertraderd.model.rules import RiskLimits

_CAUSES = (
    ReasonCode.HALTED,
    ReasonCode.PAUSED,
    ReasonCode.SAFE_MODE,
    ReasonCode.DIFFERENCES,
    ReasonCode.DAILY_LOSS_LIMIT,
    ReasonCode.CLOCK_STALE,
    ReasonCode.CLOCK_SKEW,
)
_OUTCOMES = ("delivered", "failed", "dropped")


def standing(sheet: Sheet, status: Status) -> None:
    """What trading may do, and why not everything."""
    held = status.get("trading") or {}
    for state in Standing:
        sheet.put("trading_state", int(held.get("state") == state), state=state.value)
    found = {cause.get("code") for cause in held.get("causes") or ()}
    for code in _CAUSES:
        sheet.put("trading_cause", int(code.value in found), cause=code.value)


def measures(sheet: Sheet, status: Status, limits: RiskLimits) -> None:
    """Ages go on while the trader is silent; the rest is what it said last."""
    row = status.get("safeguards") or {}
    silent_s = figure((status.get("age_s") or {}).get("trader"))
    for fact, most_s in _budgets(limits).items():
        sheet.put("venue_fact_max_age_seconds", most_s, fact=fact)
        said_s = figure((row.get("ages_s") or {}).get(fact))
        if said_s is not None and silent_s is not None:
            sheet.put("venue_fact_age_seconds", said_s + silent_s, fact=fact)
    sheet.put("realised_today_usd", figure(row.get("realised_today")))
    sheet.put("daily_loss_limit_usd", limits.daily_loss_limit_usd)
    sheet.put("account_drawdown_ratio", ratio(row.get("drawdown_pct")))
    most = limits.max_drawdown_pct
    sheet.put("account_drawdown_limit_ratio", None if most is None else most / 100)


def worst_case(sheet: Sheet, found: Mapping[str, Decimal]) -> None:
    """What the ladders would ask for, and what the limits would let through."""
    for kind, amount in found.items():
        sheet.put("worst_case_usd", amount, kind=kind)


def messages(sheet: Sheet, status: Status) -> None:
    """To the owner; all zero where no address is set."""
    told = status.get("notify")
    if told is None:
        return
    for outcome in _OUTCOMES:
        sheet.put("notifications", figure(told.get(outcome, 0)), outcome=outcome)
    sheet.put("notifications_waiting", figure(told.get("waiting")))


def _budgets(limits: RiskLimits) -> Mapping[str, float]:
    return {
        "account": limits.account_max_age_seconds,
        "products": limits.products_max_age_seconds,
        "fee": limits.fee_max_age_seconds,
        "clock": limits.clock_max_age_seconds,
    }
