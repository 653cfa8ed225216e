"""The kill ladder: which signals follow when a worker has to leave: pure."""

from dataclasses import replace

from powertraderd.errors import ExitCode
from powertraderd.supervision.limits import Policy
from powertraderd.supervision.states import (
    Action,
    ExitSupervisor,
    Kill,
    Ladder,
    Life,
    Log,
    Rung,
    Step,
    Terminate,
    WorkerState,
)


def for_hang(now_ns: int, policy: Policy) -> Ladder:
    """After the stack dump: TERM, KILL, giving up."""
    return _rungs(now_ns, policy.term_ns, policy.kill_ns, policy)


def for_stop(now_ns: int, policy: Policy) -> Ladder:
    """After the drain message: TERM, and KILL only when the grace is over."""
    return _rungs(now_ns, policy.term_ns, policy.stop_grace_ns, policy)


def for_quick_stop(now_ns: int, policy: Policy) -> Ladder:
    """TERM at once, then as after a hang."""
    return _rungs(now_ns, 0, policy.kill_ns - policy.term_ns, policy)


def for_kill(now_ns: int, policy: Policy) -> Ladder:
    """KILL at once."""
    return _rungs(now_ns, 0, 0, policy)[1:]


def _rungs(now_ns: int, term_ns: int, kill_ns: int, policy: Policy) -> Ladder:
    reap_ns = policy.give_up_ns - policy.kill_ns
    return (
        (now_ns + term_ns, Rung.TERMINATE),
        (now_ns + kill_ns, Rung.KILL),
        (now_ns + kill_ns + reap_ns, Rung.GIVE_UP),
    )


def sooner(old: Ladder, new: Ladder) -> Ladder:
    """The rungs that ``old`` still has, each at the earlier of the two times.

    A second reason to leave never grants a longer life, and no rung is climbed twice.
    """
    times = {rung: at_ns for at_ns, rung in new}
    return tuple((min(at_ns, times[rung]), rung) for at_ns, rung in old)


def later(ladder: Ladder, gap_ns: int) -> Ladder:
    """All rungs put off by ``gap_ns``."""
    return tuple((at_ns + gap_ns, rung) for at_ns, rung in ladder)


def climb(state: WorkerState, now_ns: int, policy: Policy) -> Step:
    """Take every rung that is due."""
    actions: tuple[Action, ...] = ()
    while state.ladder and state.ladder[0][0] <= now_ns:
        (_, rung), *rest = state.ladder
        state, taken = _take(replace(state, ladder=tuple(rest)), rung, now_ns, policy)
        actions += taken
    return state, actions


def _take(state: WorkerState, rung: Rung, now_ns: int, policy: Policy) -> Step:
    pid = (("pid", state.pid),)
    if rung is Rung.TERMINATE:
        return state, (Log("warning", "worker_term", pid), Terminate(state.pid))
    if rung is Rung.KILL:
        return state, (Log("warning", "worker_kill", pid), Kill(state.pid))
    if rung is Rung.GIVE_UP:
        exit_at = ((now_ns + policy.exit_ns, Rung.EXIT),)
        lost = replace(state, life=Life.UNKILLABLE, since_ns=now_ns, ladder=exit_at)
        return lost, (Log("critical", "worker_unkillable", pid),)
    told = Log("critical", "supervisor_gives_up", pid)
    return state, (told, ExitSupervisor(ExitCode.INTERNAL))
