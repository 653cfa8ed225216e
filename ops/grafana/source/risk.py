"""Risk: what trading may do, how near the limits are, what the ladders can cost, messages."""

from grafana_foundation_sdk.builders import dashboard, statetimeline, timeseries

from ops.grafana.source.board import board
from ops.grafana.source.panels import (
    COUNT,
    DASHED,
    GREEN,
    ORANGE,
    RATIO,
    RED,
    USD,
    bars,
    colour,
    curves,
    stairs,
    states,
)
from ops.grafana.source.queries import increase, metric, over_time

STATES = {1: ("ACTIVE", GREEN), 2: ("REDUCING", ORANGE), 3: ("HALTED", RED)}


def risk() -> dashboard.Dashboard:
    """All coins together; the limits are dashed beside what they limit."""
    made = board("Risk", "Trading state, limits, worst case, ages at the venue, messages.")
    made.with_panel(_state())
    made.with_panel(_causes())
    made.with_panel(_drawdown())
    made.with_panel(_day())
    made.with_panel(_worst_case())
    made.with_panel(_levels())
    made.with_panel(_ages())
    made.with_panel(_messages())
    return made


def _state() -> statetimeline.Panel:
    numbered = " or ".join(
        f"({metric('trading_state', state=word)} * {value})" for value, (word, _) in STATES.items()
    )
    return states(
        "Trading state",
        "ACTIVE: everything; REDUCING: exits only; HALTED: nothing.",
        over_time(f"sum ({numbered})", "trading"),
        STATES,
        size=(24, 4),
        alert="TradingHalted",
    )


def _causes() -> statetimeline.Panel:
    return states(
        "What holds trading back",
        "ptctl status says it in words.",
        over_time(f"max by (cause) ({metric('trading_cause')})", "{{cause}}"),
        {0: ("no", GREEN), 1: ("yes", RED)},
        size=(24, 7),
        alert="TradingReduced",
    )


def _limited(panel: timeseries.Panel) -> timeseries.Panel:
    return colour(panel, "^limit$", RED, lineStyle=DASHED)


def _drawdown() -> timeseries.Panel:
    return _limited(
        curves(
            "Drawdown",
            "Account value below its peak; at the limit everything halts, exits too.",
            (
                over_time(f"max ({metric('account_drawdown_ratio')})", "drawdown"),
                over_time(f"max ({metric('account_drawdown_limit_ratio')})", "limit"),
            ),
            unit=RATIO,
            alert="DrawdownNear",
            least=0,
        )
    )


def _day() -> timeseries.Panel:
    return _limited(
        curves(
            "Realised today",
            "Since midnight UTC, market time; a loss of the limit stops buys for the day.",
            (
                over_time(f"sum ({metric('realised_today_usd')})", "realised"),
                over_time(f"- max ({metric('daily_loss_limit_usd')})", "limit"),
            ),
            unit=USD,
            alert="TradingReduced",
        )
    )


def _worst_case() -> timeseries.Panel:
    panel = curves(
        "Worst case",
        "All coins fall down their ladders: what is asked for, what the limits let through, cash.",
        (
            over_time(f"sum by (kind) ({metric('worst_case_usd')})", "{{kind}}"),
            over_time(f"sum ({metric('account_cash_usd')})", "cash"),
        ),
        unit=USD,
        alert="CashShort",
    )
    return colour(panel, "^needed$", RED)


def _levels() -> timeseries.Panel:
    query = over_time(f"min by (mode) ({metric('dca_affordable_levels')})", "{{mode}}")
    return stairs(
        curves(
            "Affordable levels",
            "Averaging-down stages that the account pays for: one coin, or spread over all.",
            (query,),
            unit=COUNT,
            alert="CashShort",
            least=0,
        )
    )


def _ages() -> timeseries.Panel:
    share = (
        f"max by (fact) ({metric('venue_fact_age_seconds')}"
        f" / on (instance, fact) {metric('venue_fact_max_age_seconds')})"
    )
    return curves(
        "Age of what the venue said",
        "At 100 % nothing is bought on it any more.",
        (over_time(share, "{{fact}}"),),
        unit=RATIO,
        alert="VenueFactOld",
        least=0,
    )


def _messages() -> timeseries.Panel:
    panel = curves(
        "Messages to the owner",
        "In each step, by what became of them.",
        (
            over_time(f"sum by (outcome) ({increase('notifications_total')})", "{{outcome}}"),
            over_time(f"sum ({metric('notifications_waiting')})", "waiting"),
        ),
        calcs=("sum",),
        alert="MessagesLost",
    )
    return bars(colour(panel, "^(failed|dropped)$", RED))
