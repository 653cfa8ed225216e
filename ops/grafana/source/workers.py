"""Workers: their lives, phases, deaths, outside calls and words."""

from grafana_foundation_sdk.builders import dashboard, statetimeline, table, timeseries
from grafana_foundation_sdk.models import dashboard as model

from ops.grafana.source.board import board
from ops.grafana.source.panels import (
    BLUE,
    COUNT,
    GREEN,
    GREY,
    PER_SECOND,
    PURPLE,
    RATIO,
    RED,
    SECONDS,
    YELLOW,
    bars,
    colour,
    columns,
    curves,
    states,
)
from ops.grafana.source.queries import OUTSIDE, increase, metric, over_time

LIFE = {
    0: ("STOPPED", GREY),
    1: ("STARTING", BLUE),
    2: ("RUNNING", GREEN),
    3: ("STOPPING", PURPLE),
    4: ("BACKOFF", YELLOW),
    5: ("PARKED", RED),
    6: ("UNKILLABLE", "dark-red"),
}


def workers() -> dashboard.Dashboard:
    """All four, and the supervisor where it speaks too."""
    made = board("Workers", "Life of each worker, what it does, how it dies, whom it calls.")
    made.with_panel(_life())
    made.with_panel(_table())
    made.with_row(dashboard.Row("Promises"))
    made.with_panel(_phase_age())
    made.with_panel(_restarts())
    made.with_panel(_hung())
    made.with_panel(_time())
    made.with_row(dashboard.Row("Outside calls"))
    made.with_panel(_latency())
    made.with_panel(_failures())
    made.with_panel(_calls())
    made.with_panel(_venue_ages())
    made.with_row(dashboard.Row("Logs and stalls"))
    made.with_panel(_lines())
    made.with_panel(_silence())
    return made


def _life() -> statetimeline.Panel:
    numbered = " or ".join(
        f"({metric('worker_state', state=word)} * {value})" for value, (word, _) in LIFE.items()
    )
    return states(
        "State",
        "Where each worker stood when. PARKED waits for a person.",
        over_time(f"sum by (worker) ({numbered})", "{{worker}}"),
        LIFE,
        alert="WorkerParked",
    )


def _of_worker(name: str, function: str = "max", *matchers: str) -> str:
    return f"{function} by (worker) ({metric(name, *matchers)})"


def _table() -> table.Panel:
    deaths = _of_worker("worker_restarts_total", "sum", 'reason!="asked"')
    return columns(
        "Now",
        "Deadline left: time until the worker breaks its promise.",
        "worker",
        (
            ("Ready", "bool_yes_no", _of_worker("worker_ready")),
            ("Incarnation", COUNT, _of_worker("worker_incarnation")),
            ("Deaths", COUNT, deaths),
            ("Cycles", "short", _of_worker("worker_loops_total")),
            ("In phase for", SECONDS, _of_worker("worker_phase_age_seconds")),
            ("Deadline left", SECONDS, _of_worker("worker_deadline_seconds")),
            ("Next start in", SECONDS, _of_worker("worker_backoff_seconds")),
            ("Calls avoided", COUNT, _of_worker("worker_quarantined_calls")),
            ("Last word", SECONDS, _of_worker("report_age_seconds")),
        ),
        size=(24, 6),
    )


def _phase_age() -> timeseries.Panel:
    return curves(
        "Time in the present phase",
        "Machine time since the worker entered the phase that it was in when it was looked at.",
        (over_time(_of_worker("worker_phase_age_seconds"), "{{worker}}"),),
        unit=SECONDS,
        alert="WorkerOverdue",
        calcs=("max",),
        least=0,
    )


def _restarts() -> timeseries.Panel:
    died = increase("worker_restarts_total")
    return bars(
        curves(
            "Restarts by reason",
            "In each step; asked: by a person or for new settings.",
            (over_time(f"sum by (worker, reason) ({died}) > 0", "{{worker}} {{reason}}"),),
            alert="WorkerRestarts",
            calcs=("sum",),
        )
    )


def _hung() -> timeseries.Panel:
    hung = increase("worker_restarts_total", 'reason=~"hung|overrun|mute"')
    return bars(
        curves(
            "Hung calls",
            "Workers killed because they broke a deadline, overran a cycle, or fell silent.",
            (over_time(f"sum by (worker) ({hung})", "{{worker}}"),),
            alert="WorkerHung",
            calcs=("sum",),
        )
    )


def _time() -> timeseries.Panel:
    busy = metric("worker_phase_seconds_total", 'phase!="idle"')
    spent = f"rate({busy}[$__rate_interval])"
    return curves(
        "Busy",
        "Share of its time that each worker does not idle; phases inside others count twice.",
        (over_time(f"sum by (worker) ({spent})", "{{worker}}"),),
        unit=RATIO,
        least=0,
    )


def _latency() -> timeseries.Panel:
    mean = metric(":phase_seconds:mean5m", OUTSIDE)
    return curves(
        "Latency of outside calls",
        "Mean over five minutes, retries included.",
        (over_time(f"max by (worker, phase) ({mean})", "{{worker}} {{phase}}"),),
        unit=SECONDS,
        alert="ExchangeErrors",
        calcs=("mean", "max"),
        legend_right=True,
        least=0,
    )


def _failures() -> timeseries.Panel:
    failed = increase("worker_phases_total", OUTSIDE, 'outcome!="ok"')
    return bars(
        curves(
            "Outside calls that fail",
            "In each step. rate_limited: HTTP 429; invalid: an answer that cannot be true; "
            "ambiguous: an order whose fate the answer does not tell.",
            (over_time(f"sum by (phase, outcome) ({failed}) > 0", "{{phase}} {{outcome}}"),),
            alert="RateLimited",
            calcs=("sum",),
            legend_right=True,
        )
    )


def _calls() -> timeseries.Panel:
    return curves(
        "Outside calls",
        "Per second, by worker and call.",
        (
            over_time(
                f"sum by (worker, phase) ({metric(':outside_calls:rate5m')})",
                "{{worker}} {{phase}}",
            ),
        ),
        unit=PER_SECOND,
        legend_right=True,
        calcs=("mean",),
        least=0,
    )


def _venue_ages() -> timeseries.Panel:
    return curves(
        "Ages at the venue",
        "Since ledger and venue were compared, since products and fee were read; clock skew.",
        (
            over_time(f"max({metric('reconcile_age_seconds')})", "compared"),
            over_time(f"max({metric('venue_facts_age_seconds')})", "products and fee"),
            over_time(f"max(abs({metric('clock_skew_seconds')}))", "clock skew"),
        ),
        unit=SECONDS,
        alert="ReconcileOld",
        least=0,
    )


def _lines() -> timeseries.Panel:
    return curves(
        "Log lines",
        "Per second, by worker.",
        (over_time(f"sum by (worker) ({metric(':log_lines:rate5m')})", "{{worker}}"),),
        unit=PER_SECOND,
        alert="LogStorm",
        calcs=("mean", "max"),
        least=0,
    )


def _silence() -> timeseries.Panel:
    panel = curves(
        "Silence and stalls",
        "Since each worker last reported; on the right, how often the supervisor stood still.",
        (
            over_time(_of_worker("report_age_seconds"), "{{worker}}"),
            over_time(f"sum({metric('supervisor_stalls_total')})", "stalls"),
        ),
        unit=SECONDS,
        alert="WorkerSilent",
        calcs=("max",),
        least=0,
    )
    counted = [model.DynamicConfigValue(id_val="unit", value=COUNT)]
    return colour(panel, "^stalls$", RED, axisPlacement="right").override_by_regexp(
        "/^stalls$/", counted
    )
