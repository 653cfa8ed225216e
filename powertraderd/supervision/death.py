"""What a death means: its reason, whether the breaker counts it, and whether it trips: pure."""

from dataclasses import replace

from powertraderd.errors import ExitCode
from powertraderd.supervision.backoff import Backoff
from powertraderd.supervision.limits import NS, Policy
from powertraderd.supervision.quarantine import active, quarantined
from powertraderd.supervision.states import Death, Exited, Log, Reason, WorkerState

PARKING = (Reason.CONFIG, Reason.CREDENTIALS)
QUARANTINE = Backoff(base_ns=60 * NS, cap_ns=24 * 3600 * NS)

_BY_CODE: dict[int, Reason] = {
    ExitCode.CLEAN: Reason.CLEAN,
    ExitCode.TEMPORARY: Reason.TEMPORARY,
    ExitCode.CREDENTIALS: Reason.CREDENTIALS,
    ExitCode.CONFIG: Reason.CONFIG,
}
# An outage must park nobody: temporary deaths and failed spawns are held back by the pause alone.
_UNCOUNTED = (Reason.ASKED, Reason.TEMPORARY, Reason.SPAWN_FAILED)


def certify(state: WorkerState, event: Exited, now_ns: int) -> Death:
    """The death of the incarnation in ``state``.

    A hang on a call that can be avoided from now on is not counted. Who hangs on a call that it
    was told to keep away from gets no second excuse.
    """
    reason = state.cause or _reason(event)
    excused = _poisonous(state, reason) and not active(
        state.quarantines, state.hung_phase, state.hung_detail, now_ns
    )
    return Death(
        at_ns=now_ns,
        incarnation=state.incarnation,
        reason=reason,
        code=event.code,
        signal=event.signal,
        phase=state.hung_phase,
        detail=state.hung_detail,
        counted=not excused and reason not in _UNCOUNTED,
    )


def _reason(event: Exited) -> Reason:
    if event.code is None:
        return Reason.SIGNALLED
    return _BY_CODE.get(event.code, Reason.CRASHED)


def _poisonous(state: WorkerState, reason: Reason) -> bool:
    return reason is Reason.HUNG and bool(state.hung_detail)


def bury(state: WorkerState, death: Death, policy: Policy) -> WorkerState:
    """The state without a process, with the death in all its memories."""
    counts = dict(state.restarts)
    counts[death.reason] = counts.get(death.reason, 0) + 1
    deaths = (*state.deaths, death.at_ns) if death.counted else state.deaths
    quarantines = state.quarantines
    if _poisonous(state, death.reason):
        quarantines = quarantined(
            quarantines, state.hung_phase, state.hung_detail, death.at_ns, QUARANTINE
        )
    longest_ns = max(policy.fast.length_ns, policy.slow.length_ns)
    return replace(
        state,
        pid=0,
        ladder=(),
        restarts=tuple(counts.items()),
        deaths=tuple(at_ns for at_ns in deaths if death.at_ns - at_ns < longest_ns),
        last_death=death,
        quarantines=quarantines,
    )


def tripped(state: WorkerState, death: Death, policy: Policy) -> bool:
    """Whether this death was one too many in either window."""
    return death.counted and (
        policy.fast.tripped(state.deaths, death.at_ns)
        or policy.slow.tripped(state.deaths, death.at_ns)
    )


def obituary(death: Death) -> Log:
    """The log line; ``phase`` and ``detail`` are those of the page that condemned it."""
    return Log(
        "info" if death.reason is Reason.ASKED else "error",
        "worker_died",
        (
            ("reason", death.reason),
            ("code", death.code),
            ("signal", death.signal),
            ("phase", death.phase),
            ("detail", death.detail),
            ("counted", death.counted),
        ),
    )
