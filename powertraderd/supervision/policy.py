"""Life and death of a worker as a pure function; nothing here reads a clock or sends a signal."""

from dataclasses import dataclass
from typing import Self

from powertraderd.settings import SupervisorSettings
from powertraderd.supervision.backoff import Backoff, Window
from powertraderd.supervision.states import Action, Event, WorkerState

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers for one worker, nanoseconds; ``safe_start`` grants a safe-mode start."""

    term_ns: int
    kill_ns: int
    give_up_ns: int
    exit_ns: int
    stop_grace_ns: int
    stable_ns: int
    backoff: Backoff
    fast: Window
    slow: Window
    quarantine: Backoff
    safe_start: bool

    @classmethod
    def of(cls, settings: SupervisorSettings, *, trader: bool) -> Self:
        """The policy that ``settings`` ask for."""
        raise ValueError(settings, trader)


def step(
    state: WorkerState, event: Event, now_ns: int, policy: Policy
) -> tuple[WorkerState, tuple[Action, ...]]:
    """The next state and what to do; events that make no sense in a state change nothing."""
    raise ValueError(state, event, now_ns, policy)


def next_due_ns(state: WorkerState) -> int | None:
    """When a Tick will change something (ladder, end of a pause); None for never."""
    raise ValueError(state)
