"""Metrics from the supervisor's status: the supervisor itself and each worker."""

from powertraderd.adapters.prometheus.figures import Status, figure
from powertraderd.adapters.prometheus.sheet import Sheet

WORKER_STATES = (
    "STOPPED",
    "STARTING",
    "RUNNING",
    "STOPPING",
    "BACKOFF",
    "PARKED",
    "UNKILLABLE",
)
DEATHS = (
    "asked",
    "hung",
    "overrun",
    "mute",
    "clean",
    "crashed",
    "signalled",
    "temporary",
    "credentials",
    "config",
    "spawn_failed",
)
OUTCOMES = ("ok", "failed", "rate_limited", "invalid", "ambiguous", "credentials", "error")
LEVELS = ("debug", "info", "warning", "error", "critical")
# All values from the start: a counter that appears with its first event shows no increase.


def supervision(sheet: Sheet, status: Status) -> None:
    """The supervisor and all workers."""
    supervisor = status.get("supervisor") or {}
    sheet.put("supervisor_uptime_seconds", figure(supervisor.get("uptime_s")))
    sheet.put("supervisor_stalls", figure(supervisor.get("stalls")))
    _lines(sheet, "supervisor", supervisor.get("log_lines"))
    for name, worker in (status.get("workers") or {}).items():
        _life(sheet, name, worker)
        _beat(sheet, name, worker)
        vitals = worker.get("vitals")
        if vitals:
            _lines(sheet, name, vitals.get("log_lines"))
            _phases(sheet, name, vitals.get("phases") or {})
    for name, seconds in (status.get("age_s") or {}).items():
        sheet.put("report_age_seconds", figure(seconds), worker=name)


def _life(sheet: Sheet, name: str, worker: Status) -> None:
    for state in WORKER_STATES:
        sheet.put("worker_state", int(worker.get("state") == state), worker=name, state=state)
    sheet.put("worker_ready", int(bool(worker.get("ready"))), worker=name)
    sheet.put("worker_incarnation", figure(worker.get("incarnation")), worker=name)
    sheet.put("worker_backoff_seconds", figure(worker.get("backoff_until_s")) or 0, worker=name)
    quarantined = len(worker.get("quarantined") or ())
    sheet.put("worker_quarantined_calls", quarantined, worker=name)
    restarts = worker.get("restarts_by_reason") or {}
    for reason in dict.fromkeys((*DEATHS, *restarts)):
        count = figure(restarts.get(reason, 0))
        sheet.put("worker_restarts", count, worker=name, reason=reason)


def _beat(sheet: Sheet, name: str, worker: Status) -> None:
    phase = str(worker.get("phase") or "")
    age_s = figure(worker.get("phase_age_s"))
    sheet.put("worker_phase_age_seconds", age_s, worker=name, phase=phase)
    sheet.put("worker_deadline_seconds", figure(worker.get("deadline_in_s")), worker=name)
    sheet.put("worker_loops", figure(worker.get("loops")), worker=name)


def _lines(sheet: Sheet, name: str, lines: Status | None) -> None:
    if lines is None:
        return
    for level in LEVELS:
        sheet.put("log_lines", figure(lines.get(level, 0)), worker=name, level=level)


def _phases(sheet: Sheet, name: str, phases: Status) -> None:
    for phase, row in phases.items():
        sheet.put("worker_phase_seconds", figure(row.get("seconds")), worker=name, phase=phase)
        for outcome in OUTCOMES:
            count = figure(row.get(outcome, 0))
            sheet.put("worker_phases", count, worker=name, phase=phase, outcome=outcome)
