"""The verdict on a worker from its heartbeat page: pure.

Reading and judging change nothing; killing is the policy's business.
"""

from dataclasses import dataclass

from powertraderd.supervision.page import Page, Reading

BAD_READS = 3
_STALLS_KEPT = 64


@dataclass(frozen=True, slots=True)
class Alive:
    """Ready and within its promises; ``loops`` cycles completed."""

    loops: int


@dataclass(frozen=True, slots=True)
class Starting:
    """Not ready yet and still allowed to be so."""


@dataclass(frozen=True, slots=True)
class Hung:
    """The phase is past its deadline."""

    phase: str
    overdue_ns: int
    detail: str


@dataclass(frozen=True, slots=True)
class CycleOverrun:
    """The whole cycle is past its deadline; ``phase`` is where it was found, not the culprit."""

    phase: str
    overdue_ns: int
    detail: str


@dataclass(frozen=True, slots=True)
class Mute:
    """The page says nothing that can be believed."""

    why: str


Verdict = Alive | Starting | Hung | CycleOverrun | Mute


@dataclass(frozen=True, slots=True)
class Spec:
    """What is expected of one incarnation, times in machine nanoseconds.

    It must be ready ``start_ns`` after ``spawned_ns``; its page may be unreadable for
    ``mute_after_ns``.
    """

    incarnation: int
    spawned_ns: int
    start_ns: int
    mute_after_ns: int


@dataclass(frozen=True, slots=True)
class Stall:
    """The supervisor itself stood still for ``gap_ns`` until ``ended_ns``."""

    ended_ns: int
    gap_ns: int


def notice(
    stalls: tuple[Stall, ...], last_tick_ns: int, now_ns: int, limit_ns: int
) -> tuple[Stall, ...]:
    """``stalls`` with one more when the gap between two ticks is over ``limit_ns``."""
    gap_ns = now_ns - last_tick_ns
    if gap_ns <= limit_ns:
        return stalls
    return (*stalls, Stall(now_ns, gap_ns))[-_STALLS_KEPT:]


def grace_ns(stalls: tuple[Stall, ...], since_ns: int) -> int:
    """What our own stalls add to the deadline of a promise made at ``since_ns``: each gap once."""
    return sum(stall.gap_ns for stall in stalls if stall.ended_ns > since_ns)


def judge(reading: Reading, now_ns: int, spec: Spec, stalls: tuple[Stall, ...] = ()) -> Verdict:
    """The verdict on one worker now."""
    page = reading.page
    if page is not None and page.incarnation != spec.incarnation:
        return Mute(f"page of incarnation {page.incarnation}, {spec.incarnation} expected")
    if page is not None and _unreadable(reading, now_ns, spec, stalls):
        return Mute(f"page unreadable {reading.bad_reads} times in a row")
    if page is not None and (page.ready or page.phase):
        broken = _broken_promise(page, now_ns, stalls)
        if broken is not None:
            return broken
    if page is not None and page.ready:
        return Alive(page.loops)
    if now_ns > spec.spawned_ns + spec.start_ns + grace_ns(stalls, spec.spawned_ns):
        return Mute("not ready by the start deadline")
    return Starting()


def _unreadable(reading: Reading, now_ns: int, spec: Spec, stalls: tuple[Stall, ...]) -> bool:
    bad_ns = now_ns - reading.bad_since_ns - grace_ns(stalls, reading.bad_since_ns)
    return reading.bad_reads >= BAD_READS and bad_ns > spec.mute_after_ns


def _broken_promise(page: Page, now_ns: int, stalls: tuple[Stall, ...]) -> Verdict | None:
    # Every phase is capped by its cycle, so a phase that reaches up to the cycle's deadline
    # says nothing about itself: the cycle as a whole ran out of time.
    capped = 0 < page.cycle_deadline_ns <= page.phase_deadline_ns
    since_ns = page.cycle_started_ns if capped else page.phase_started_ns
    deadline_ns = page.cycle_deadline_ns if capped else page.phase_deadline_ns
    overdue_ns = now_ns - deadline_ns - grace_ns(stalls, since_ns)
    if overdue_ns <= 0:
        return None
    kind = CycleOverrun if capped else Hung
    return kind(page.phase, overdue_ns, page.detail)
