"""Life and death of a worker as a pure function; nothing here reads a clock or sends a signal.

``step`` turns a state and an event into the next state and the actions that bring it about. Events
that make no sense in a state (a late verdict, a foreign pid) change nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from powertraderd.supervision import ladder
from powertraderd.supervision.death import PARKING, bury, certify, obituary, tripped
from powertraderd.supervision.limits import NS, Policy
from powertraderd.supervision.states import (
    Action,
    Death,
    Drain,
    Dump,
    Event,
    Exited,
    Judged,
    KillAsked,
    Life,
    Log,
    Reason,
    RestartAsked,
    Spawn,
    Spawned,
    SpawnFailed,
    Stalled,
    StartAsked,
    Step,
    StopAsked,
    Tick,
    Unpark,
    WorkerState,
)
from powertraderd.supervision.verdict import Alive, CycleOverrun, Hung, Mute, Starting

__all__ = ["Policy", "next_due_ns", "step"]

_YOUNG = (Life.STARTING, Life.RUNNING)
_ALIVE = (*_YOUNG, Life.STOPPING, Life.UNKILLABLE)


def step(state: WorkerState, event: Event, now_ns: int, policy: Policy) -> Step:
    """The next state and what to do about it."""
    return _HANDLERS[type(event)](state, event, now_ns, policy)


def next_due_ns(state: WorkerState) -> int | None:
    """When a Tick will do something (next rung, end of a pause); None for never."""
    if state.ladder:
        return state.ladder[0][0]
    return state.retry_ns if state.life is Life.BACKOFF else None


def _enter(state: WorkerState, life: Life, now_ns: int) -> WorkerState:
    return replace(state, life=life, since_ns=now_ns)


# What people ask for


def _start_asked(state: WorkerState, _event: StartAsked, now_ns: int, _policy: Policy) -> Step:
    if state.life is Life.PARKED:
        return state, (Log("warning", "worker_start_refused", (("why", state.parked_because),)),)
    if state.life in (Life.STOPPED, Life.BACKOFF):
        return _spawn(state, now_ns)
    return replace(state, wanted=True), ()


def _restart_asked(state: WorkerState, _event: RestartAsked, now_ns: int, policy: Policy) -> Step:
    if state.life in _YOUNG:
        return _ask_to_leave(state, now_ns, policy, wanted=True)
    return _start_asked(state, StartAsked(), now_ns, policy)


def _stop_asked(state: WorkerState, event: StopAsked, now_ns: int, policy: Policy) -> Step:
    actions: tuple[Action, ...] = ()
    if state.life in _YOUNG:
        state, actions = _ask_to_leave(state, now_ns, policy, wanted=False)
    elif state.life not in _ALIVE:
        state = _enter(state, Life.STOPPED, now_ns)
    state = replace(state, wanted=False)
    if not event.quick or state.life is not Life.STOPPING:
        return state, actions
    quick = ladder.sooner(state.ladder, ladder.for_quick_stop(now_ns, policy))
    state, climbed = ladder.climb(replace(state, ladder=quick), now_ns, policy)
    return state, (*actions, *climbed)


def _kill_asked(state: WorkerState, _event: KillAsked, now_ns: int, policy: Policy) -> Step:
    """A commanded death, also for who is leaving already; the process is there or being born."""
    actions: tuple[Action, ...] = ()
    if state.life in _YOUNG:
        state, actions = _ask_to_leave(state, now_ns, policy, wanted=True)
    if state.life is not Life.STOPPING or not state.pid:
        return state, actions
    told = Log("warning", "worker_kill_asked", (("pid", state.pid),))
    gone = replace(state, ladder=ladder.for_kill(now_ns, policy))
    state, climbed = ladder.climb(gone, now_ns, policy)
    return state, (*actions, told, *climbed)


def _unpark(state: WorkerState, _event: Unpark, now_ns: int, policy: Policy) -> Step:
    fresh = replace(state, deaths=(), attempt=0, safe_mode=False, parked_because="")
    if state.life is Life.PARKED:
        fresh, actions = _spawn(fresh, now_ns)
        return fresh, (Log("info", "worker_unparked"), *actions)
    if state.safe_mode and state.life in _YOUNG:
        return _ask_to_leave(fresh, now_ns, policy, wanted=True)
    return fresh, ()


def _ask_to_leave(state: WorkerState, now_ns: int, policy: Policy, *, wanted: bool) -> Step:
    leaving = replace(_enter(state, Life.STOPPING, now_ns), wanted=wanted, cause=Reason.ASKED)
    if not state.pid:  # still being born; _spawned comes back here
        return leaving, ()
    told = Log("info", "worker_stopping", (("pid", state.pid),))
    rungs = ladder.for_stop(now_ns, policy)
    return replace(leaving, ladder=rungs), (told, Drain(state.pid))


# Birth


def _spawn(state: WorkerState, now_ns: int) -> Step:
    born = replace(
        _enter(state, Life.STARTING, now_ns),
        incarnation=state.incarnation + 1,
        wanted=True,
        cause=None,
        hung_phase="",
        hung_detail="",
        cycled=False,
    )
    return born, (Spawn(born.incarnation, born.safe_mode),)


def _unborn(state: WorkerState) -> bool:
    return state.life in (Life.STARTING, Life.STOPPING) and not state.pid


def _spawned(state: WorkerState, event: Spawned, now_ns: int, policy: Policy) -> Step:
    if not _unborn(state) or event.incarnation != state.incarnation:
        return state, ()
    alive = replace(state, pid=event.pid)
    if state.life is Life.STOPPING:
        return _ask_to_leave(alive, now_ns, policy, wanted=state.wanted)
    return alive, ()


def _spawn_failed(state: WorkerState, event: SpawnFailed, now_ns: int, policy: Policy) -> Step:
    if not _unborn(state):
        return state, ()
    told = Log("error", "worker_spawn_failed", (("error", event.error),))
    stillborn = bury(state, Death(now_ns, state.incarnation, Reason.SPAWN_FAILED), policy)
    if not state.wanted:
        return _enter(stillborn, Life.STOPPED, now_ns), (told,)
    return _pause(stillborn, now_ns, policy, event.jitter, told)


# Verdicts


def _judged(state: WorkerState, event: Judged, now_ns: int, policy: Policy) -> Step:
    if event.pid != state.pid or state.life not in (*_YOUNG, Life.STOPPING):
        return state, ()
    match event.verdict:
        case Alive(loops):
            return _found_alive(state, loops, now_ns, policy)
        case Starting():
            return state, ()
        case broken:
            return _condemn(state, broken, now_ns, policy)


def _found_alive(state: WorkerState, loops: int, now_ns: int, policy: Policy) -> Step:
    actions: tuple[Action, ...] = ()
    if state.life is Life.STARTING:
        after_s = (now_ns - state.since_ns) / NS
        state = _enter(state, Life.RUNNING, now_ns)
        fields = (("after_s", after_s), ("safe_mode", state.safe_mode))
        actions = (Log("info", "worker_ready", fields),)
    state = replace(state, cycled=state.cycled or loops > 0)
    stable = state.cycled and now_ns - state.since_ns >= policy.stable_ns
    if stable and state.life is Life.RUNNING:
        state = replace(state, attempt=0)
    return state, actions


def _condemn(
    state: WorkerState, verdict: Hung | CycleOverrun | Mute, now_ns: int, policy: Policy
) -> Step:
    """Begin the ladder for a broken promise, once; also for one who breaks it while leaving."""
    if state.hung_phase:
        return state, ()
    cause, phase, detail, fields = _charge(verdict)
    rungs = ladder.for_hang(now_ns, policy)
    if state.life is Life.STOPPING:  # whoever was asked to leave dies by command, but sooner
        state = replace(state, ladder=ladder.sooner(state.ladder, rungs))
    else:
        state = replace(_enter(state, Life.STOPPING, now_ns), ladder=rungs, cause=cause)
    told = Log("error", f"worker_{cause}", (("pid", state.pid), *fields))
    return replace(state, hung_phase=phase, hung_detail=detail), (told, Dump(state.pid))


def _charge(
    verdict: Hung | CycleOverrun | Mute,
) -> tuple[Reason, str, str, tuple[tuple[str, str | float], ...]]:
    if isinstance(verdict, Mute):
        return Reason.MUTE, "unknown", "", (("why", verdict.why),)
    cause = Reason.HUNG if isinstance(verdict, Hung) else Reason.OVERRUN
    fields = (
        ("phase", verdict.phase),
        ("detail", verdict.detail),
        ("overdue_s", verdict.overdue_ns / NS),
    )
    return cause, verdict.phase or "unnamed", verdict.detail, fields


# Time


def _tick(state: WorkerState, _event: Tick, now_ns: int, policy: Policy) -> Step:
    if state.life is Life.BACKOFF and now_ns >= state.retry_ns:
        return _spawn(state, now_ns)
    return ladder.climb(state, now_ns, policy)


def _stalled(state: WorkerState, event: Stalled, _now_ns: int, _policy: Policy) -> Step:
    return replace(state, ladder=ladder.later(state.ladder, event.gap_ns)), ()


# Death


def _exited(state: WorkerState, event: Exited, now_ns: int, policy: Policy) -> Step:
    if not state.pid or event.pid != state.pid:
        return state, ()
    death = certify(state, event, now_ns)
    dead, told = bury(state, death, policy), obituary(death)
    if not state.wanted:
        return _enter(dead, Life.STOPPED, now_ns), (told,)
    if death.reason is Reason.ASKED:
        fresh, actions = _spawn(dead, now_ns)
        return fresh, (told, *actions)
    if death.reason in PARKING:
        return _park(dead, now_ns, f"exit code {event.code} ({death.reason})", told)
    if tripped(dead, death, policy):
        return _trip(dead, now_ns, policy, event.jitter, told)
    return _pause(dead, now_ns, policy, event.jitter, told)


def _trip(state: WorkerState, now_ns: int, policy: Policy, jitter: float, told: Log) -> Step:
    if not policy.safe_start or state.safe_mode:
        return _park(state, now_ns, f"{len(state.deaths)} deaths in a short time", told)
    safe, actions = _pause(replace(state, safe_mode=True), now_ns, policy, jitter, told)
    return safe, (*actions, Log("critical", "worker_safe_mode", (("deaths", len(state.deaths)),)))


def _park(state: WorkerState, now_ns: int, because: str, told: Log) -> Step:
    parked = replace(_enter(state, Life.PARKED, now_ns), parked_because=because)
    return parked, (told, Log("critical", "worker_parked", (("why", because),)))


def _pause(state: WorkerState, now_ns: int, policy: Policy, jitter: float, told: Log) -> Step:
    delay_ns = policy.backoff.delay_ns(state.attempt, jitter)
    waiting = replace(
        _enter(state, Life.BACKOFF, now_ns),
        retry_ns=now_ns + delay_ns,
        attempt=state.attempt + 1,
    )
    fields = (("delay_s", delay_ns / NS), ("attempt", waiting.attempt))
    return waiting, (told, Log("warning", "worker_backoff", fields))


_HANDLERS: Mapping[type[Any], Callable[[WorkerState, Any, int, Policy], Step]] = {
    StartAsked: _start_asked,
    StopAsked: _stop_asked,
    RestartAsked: _restart_asked,
    KillAsked: _kill_asked,
    Unpark: _unpark,
    Spawned: _spawned,
    SpawnFailed: _spawn_failed,
    Judged: _judged,
    Exited: _exited,
    Stalled: _stalled,
    Tick: _tick,
}
