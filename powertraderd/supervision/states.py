"""The vocabulary of a worker's life: states, events that happen to it, actions that answer them.

All values are frozen; all times are machine nanoseconds. policy.step turns (state, event, now)
into a new state and actions; the supervisor loop only carries the actions out.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from powertraderd.supervision.quarantine import Quarantine
from powertraderd.supervision.verdict import Verdict


class Life(StrEnum):
    """Where a worker stands."""

    STOPPED = "stopped"  # not running, on purpose
    STARTING = "starting"  # spawned, not ready yet
    RUNNING = "running"
    STOPPING = "stopping"  # being asked, then forced, to leave
    BACKOFF = "backoff"  # died; waits before the next start
    PARKED = "parked"  # died too often or for good; waits for a person
    UNKILLABLE = "unkillable"  # survived SIGKILL; no replacement may start


class Reason(StrEnum):
    """Why a worker died, or is about to."""

    ASKED = "asked"  # stop or restart was commanded
    HUNG = "hung"
    OVERRUN = "overrun"
    MUTE = "mute"
    CLEAN = "clean"  # exit code 0, but nobody had asked
    CRASHED = "crashed"  # any other exit code
    SIGNALLED = "signalled"  # killed by a signal that was not ours
    TEMPORARY = "temporary"  # exit code 75
    CREDENTIALS = "credentials"  # exit code 77
    CONFIG = "config"  # exit code 78
    SPAWN_FAILED = "spawn_failed"


class Rung(StrEnum):
    """A step of the kill ladder that is still to come."""

    TERMINATE = "terminate"
    KILL = "kill"
    GIVE_UP = "give_up"  # not reaped: UNKILLABLE
    EXIT = "exit"  # still not reaped: the supervisor leaves


Ladder = tuple[tuple[int, Rung], ...]


@dataclass(frozen=True, slots=True)
class Death:
    """The last death; ``counted`` by the breaker or not."""

    at_ns: int
    incarnation: int
    reason: Reason
    code: int | None = None
    signal: int | None = None
    phase: str = ""
    detail: str = ""
    counted: bool = False


@dataclass(frozen=True, slots=True)
class WorkerState:
    """A worker and all the memory that the policy needs.

    ``pid`` is 0 while there is no process. ``wanted`` says whether another incarnation shall follow
    the death of this one. ``cause`` is why the running incarnation is being killed, None when it is
    not. ``ladder`` holds the rungs still to come, ascending. ``deaths`` are the counted ones.
    """

    life: Life = Life.STOPPED
    since_ns: int = 0
    pid: int = 0
    incarnation: int = 0
    safe_mode: bool = False
    wanted: bool = False
    cause: Reason | None = None
    hung_phase: str = ""
    hung_detail: str = ""
    ladder: Ladder = ()
    retry_ns: int = 0
    attempt: int = 0
    cycled: bool = False
    deaths: tuple[int, ...] = ()
    last_death: Death | None = None
    restarts: tuple[tuple[Reason, int], ...] = ()
    quarantines: tuple[Quarantine, ...] = ()
    parked_because: str = ""


# Events


@dataclass(frozen=True, slots=True)
class StartAsked:
    """Someone wants the worker to run."""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """Someone wants it to leave; ``quick`` skips the draining."""

    quick: bool = False


@dataclass(frozen=True, slots=True)
class RestartAsked:
    """Someone wants a fresh incarnation."""


@dataclass(frozen=True, slots=True)
class KillAsked:
    """It must be gone at once, whatever it is doing; another follows where one is wanted."""


@dataclass(frozen=True, slots=True)
class Unpark:
    """Someone has mended what was wrong: forget deaths, parking and safe mode."""


@dataclass(frozen=True, slots=True)
class Spawned:
    """The process that action Spawn asked for exists."""

    pid: int
    incarnation: int


@dataclass(frozen=True, slots=True)
class SpawnFailed:
    """It could not be made; ``jitter`` in [0, 1] is for the pause."""

    error: str
    jitter: float


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on the page of process ``pid``."""

    pid: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Exited:
    """Process ``pid`` was reaped: exit ``code`` or terminating ``signal``, the other is None."""

    pid: int
    code: int | None
    signal: int | None
    jitter: float


@dataclass(frozen=True, slots=True)
class Stalled:
    """The supervisor itself stood still for ``gap_ns``."""

    gap_ns: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


Event = (
    StartAsked
    | StopAsked
    | RestartAsked
    | KillAsked
    | Unpark
    | Spawned
    | SpawnFailed
    | Judged
    | Exited
    | Stalled
    | Tick
)


# Actions


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start a process; answer with Spawned or SpawnFailed."""

    incarnation: int
    safe_mode: bool


@dataclass(frozen=True, slots=True)
class Drain:
    """Send the drain message: finish the current call, commit, leave."""

    pid: int


@dataclass(frozen=True, slots=True)
class Dump:
    """SIGUSR1: faulthandler writes all stacks behind the page."""

    pid: int


@dataclass(frozen=True, slots=True)
class Terminate:
    """SIGTERM, then SIGCONT, for a stopped process hears nothing else."""

    pid: int


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL to the whole process group."""

    pid: int


@dataclass(frozen=True, slots=True)
class Log:
    """One log line; the loop adds the worker's name and incarnation."""

    level: Literal["info", "warning", "error", "critical"]
    event: str
    fields: tuple[tuple[str, str | int | float | bool | None], ...] = ()


@dataclass(frozen=True, slots=True)
class ExitSupervisor:
    """Leave with ``code``: only the service manager can clean up now."""

    code: int


Action = Spawn | Drain | Dump | Terminate | Kill | Log | ExitSupervisor

Step = tuple[WorkerState, tuple[Action, ...]]
