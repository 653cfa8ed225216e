"""The heartbeat as a worker writes it: nested promises, each with a deadline, on a shared page.

Only the main thread may beat: a helper thread beats on while the main thread is stuck, and so
proves nothing.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from powertraderd.supervision.page import Page, PageWriter
from powertraderd.workers.phase_counts import OK, PhaseCounts, outcome_of

_NS = 1_000_000_000
_NEVER = 2**63


@dataclass(slots=True)
class _Frame:
    """One promise on the stack."""

    name: str
    detail: str
    budget_ns: int
    started_ns: int
    deadline_ns: int
    done: int = 0
    total: int = 0


class PageHeart:
    """Implements ports.Heart over a page, and the bookkeeping around cycles.

    Below all phases lies a base promise ("boot", later "loop") of ``base_s`` seconds, renewed
    whenever the stack of phases becomes empty: silence does not exist.
    """

    def __init__(
        self,
        page: PageWriter,
        *,
        incarnation: int,
        base_s: float,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Write the first beat."""
        self._page = page
        self._now_ns = now_ns
        self._thread = threading.get_ident()
        self._flags = Page(incarnation=incarnation)
        self._cycle_started_ns = 0
        self._cycle_deadline_ns = _NEVER
        self._base = ("boot", base_s)
        self.counts = PhaseCounts()
        self._stack: list[_Frame] = []
        self._rest()

    @contextmanager
    def phase(self, name: str, budget_s: float, detail: str = "") -> Iterator[None]:
        """Promise to leave within ``budget_s`` machine seconds; never later than the outer one."""
        self._push(name, budget_s, detail)
        started_ns, outcome = self._now_ns(), OK
        try:
            yield
        except BaseException as error:
            outcome = outcome_of(error)
            raise
        finally:
            self.counts.ended(name, outcome, self._now_ns() - started_ns)
            self._pop()

    @contextmanager
    def cycle(self, budget_s: float, *, counts: bool = True) -> Iterator[None]:
        """Cap every phase inside; ``counts`` makes its end, also a failed one, a completed cycle.

        A cycle whose exchange call failed in time has been completed all the same: that is
        progress.
        """
        self._cycle_started_ns = self._now_ns()
        self._cycle_deadline_ns = self._cycle_started_ns + int(budget_s * _NS)
        self._push("cycle", budget_s, "")
        try:
            yield
        finally:
            self._flags = replace(self._flags, loops=self._flags.loops + counts)
            self._cycle_started_ns, self._cycle_deadline_ns = 0, _NEVER
            self._pop()

    def progress(self, done: int, total: int) -> None:
        """Renew the innermost promise if ``done`` has strictly risen, within the outer ones."""
        self._only_main_thread()
        frame = self._stack[-1]
        if done <= frame.done:
            return
        frame.done, frame.total = done, total
        frame.deadline_ns = self._capped(self._now_ns() + frame.budget_ns, self._stack[:-1])
        self._beat()

    def ready(self, base_s: float) -> None:
        """The boot is over; from now on the base promise is ``base_s`` seconds."""
        self._flags = replace(self._flags, ready=True)
        self._base = ("loop", base_s)
        self._rest()

    def leaving(self, base_s: float) -> None:
        """No phase will follow; taking an interpreter down takes its time on a busy machine."""
        self._base = ("leaving", base_s)
        self._rest()

    def draining(self) -> None:
        """No more cycles will be begun."""
        self._flags = replace(self._flags, draining=True)
        self._beat()

    def safe_mode(self, *, on: bool) -> None:
        """Show whether the worker runs in safe mode."""
        self._flags = replace(self._flags, safe_mode=on)
        self._beat()

    def rest(self) -> None:
        """Renew the base promise; only between phases."""
        if len(self._stack) == 1:
            self._rest()

    def _rest(self) -> None:
        name, base_s = self._base
        self._stack.clear()
        self._push(name, base_s, "")

    def _push(self, name: str, budget_s: float, detail: str) -> None:
        self._only_main_thread()
        started_ns, budget_ns = self._now_ns(), int(budget_s * _NS)
        # The base is a promise about the moments between phases, and does not cap them.
        deadline_ns = self._capped(started_ns + budget_ns, self._stack[1:])
        self._stack.append(_Frame(name, detail, budget_ns, started_ns, deadline_ns))
        self._beat()

    def _pop(self) -> None:
        self._stack.pop()
        if len(self._stack) == 1:
            self._rest()
        else:
            self._beat()

    def _capped(self, deadline_ns: int, outer: list[_Frame]) -> int:
        return min([deadline_ns, self._cycle_deadline_ns, *(f.deadline_ns for f in outer[-1:])])

    def _only_main_thread(self) -> None:
        if threading.get_ident() != self._thread:
            raise RuntimeError("only the main thread may beat: another one proves nothing about it")

    def _beat(self) -> None:
        frame = self._stack[-1]
        cycle_deadline_ns = self._cycle_deadline_ns
        self._page.write(
            replace(
                self._flags,
                cycle_started_ns=self._cycle_started_ns,
                cycle_deadline_ns=0 if cycle_deadline_ns == _NEVER else cycle_deadline_ns,
                phase=frame.name,
                phase_started_ns=frame.started_ns,
                phase_deadline_ns=frame.deadline_ns,
                progress=frame.done,
                total=frame.total,
                detail=frame.detail,
            )
        )
