"""F38 and F40: what cannot be made with a real process, and everything at once for a while.

10 faults in `make test`; a thousand by ``POWERTRADERD_FAULTS=1000``.
"""

import os
import random
import signal
from contextlib import suppress
from itertools import pairwise

import pytest

from powertraderd.settings import SupervisorSettings
from powertraderd.supervision.limits import NS, Policy
from powertraderd.supervision.policy import step
from powertraderd.supervision.states import (
    Action,
    Event,
    ExitSupervisor,
    Judged,
    Kill,
    Life,
    Spawn,
    Spawned,
    StartAsked,
    Tick,
    WorkerState,
)
from powertraderd.supervision.verdict import Alive, Hung
from powertraderd.testing.rig import ROLES, Daemon, alive, until

_FAULTS = (
    "once block coinbase.get_order order-{n}",
    "once block candles",
    "once spin learn",
    "once crash",
    "once exit 75",
    "once exit 1",
    "once segfault",
    "once garbage",
    "once stranger",
    "once tear",
    "once grandchild same",
    "once flood",
    "once outage",
    "KILL",
    "STOP",
)
COUNT = int(os.environ.get("POWERTRADERD_FAULTS", "10"))


def test_f38_an_unkillable_worker_is_declared_so_and_never_replaced() -> None:
    """In the policy alone: no signal makes a process of ours unkillable."""
    policy = Policy.of(SupervisorSettings(), trader=True)
    state, acts = WorkerState(), list[Action]()
    events: list[tuple[int, Event]] = [
        (0, StartAsked()),
        (0, Spawned(50, 1)),
        (1, Judged(50, Alive(0))),
        (2, Judged(50, Hung("ledger.commit", NS, ""))),
        *((second, Tick()) for second in range(3, 60)),
    ]
    for second, event in events:
        state, actions = step(state, event, second * NS, policy)
        acts += actions
    assert state.life is Life.UNKILLABLE
    assert Kill(50) in acts
    assert ExitSupervisor(70) in acts
    assert [act for act in acts if isinstance(act, Spawn)] == [Spawn(1, safe_mode=False)]


@pytest.mark.timeout(60 * COUNT)
def test_f40_a_soak_of_random_faults_leaves_the_promises_whole(veteran: Daemon) -> None:
    """Seeded; afterwards everybody runs, nobody was doubled, nothing was left behind."""
    dice = random.Random(40)  # noqa: S311 - repeatable on purpose
    held = veteran.descriptors()
    for number in range(COUNT):
        role, fault = dice.choice(ROLES), dice.choice(_FAULTS)
        _inject(veteran, role, fault.format(n=number))
        until(lambda: veteran.ask("status").ok, "status to answer")
    for role in ROLES:
        veteran.order(role, "")
    until(veteran.all_running, "all workers to run")
    _one_incarnation_at_a_time(veteran)
    assert not veteran.logs("worker_parked")
    assert not veteran.logs("tick_failed")
    grandchildren = [entry["child"] for entry in veteran.diary("trainer", "grandchild")]
    assert not any(alive(pid) for pid in grandchildren)
    until(lambda: veteran.descriptors() <= held, "as many descriptors as before")


def _inject(daemon: Daemon, role: str, fault: str) -> None:
    """Do it, and wait until it has been taken up."""
    if fault in {"KILL", "STOP"}:
        pid = daemon.in_state(role, "running")["pid"]
        with suppress(ProcessLookupError):  # the fault before this one was quicker
            os.kill(pid, signal.SIGKILL if fault == "KILL" else signal.SIGSTOP)
        until(lambda: not alive(pid), f"{role} to be dead of {fault}")
    else:
        daemon.order(role, fault)
        until(lambda: not (daemon.plan / role).exists(), f"{role} to take up {fault!r}")


def _one_incarnation_at_a_time(daemon: Daemon) -> None:
    for role in ROLES:
        events = [
            entry["event"]
            for entry in daemon.logs(of=role)
            if entry["event"] in {"worker_spawned", "worker_died"}
        ]
        assert all(earlier != later for earlier, later in pairwise(events))
