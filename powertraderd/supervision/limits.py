"""The numbers of the policy for one worker, as the settings ask for them: pure."""

from dataclasses import dataclass
from typing import Self

from powertraderd.settings import SupervisorSettings
from powertraderd.supervision.backoff import Backoff, Window

NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Policy:
    """Nanoseconds; ``safe_start`` grants one start in safe mode before parking.

    ``term_ns``, ``kill_ns`` and ``give_up_ns`` count from the verdict, ``exit_ns`` from giving up,
    ``stop_grace_ns`` from the moment that a stop is asked for.
    """

    term_ns: int
    kill_ns: int
    give_up_ns: int
    exit_ns: int
    stop_grace_ns: int
    stable_ns: int
    backoff: Backoff
    fast: Window
    slow: Window
    safe_start: bool

    @classmethod
    def of(cls, settings: SupervisorSettings, *, trader: bool) -> Self:
        """The policy that ``settings`` ask for; a ladder out of order is put in order."""
        grace_s = settings.stop_grace_trader if trader else settings.stop_grace
        kill_s = max(settings.ladder_kill, settings.ladder_term)
        return cls(
            term_ns=int(settings.ladder_term * NS),
            kill_ns=int(kill_s * NS),
            give_up_ns=int(max(settings.ladder_unkillable, kill_s) * NS),
            exit_ns=int(settings.unkillable_exit * NS),
            stop_grace_ns=int(max(grace_s, settings.ladder_term) * NS),
            stable_ns=int(settings.stable_after * NS),
            backoff=Backoff(int(settings.backoff_base * NS), int(settings.backoff_cap * NS)),
            fast=Window(settings.breaker_fast_deaths, int(settings.breaker_fast_window * NS)),
            slow=Window(settings.breaker_slow_deaths, int(settings.breaker_slow_window * NS)),
            safe_start=trader,
        )
