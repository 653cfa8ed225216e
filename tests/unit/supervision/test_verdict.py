"""The verdict, as a table."""

from dataclasses import replace

import pytest

from powertraderd.supervision.page import Page, Reading
from powertraderd.supervision.verdict import (
    Alive,
    CycleOverrun,
    Hung,
    Mute,
    Spec,
    Stall,
    Starting,
    Verdict,
    grace_ns,
    judge,
    notice,
)

SPEC = Spec(incarnation=7, spawned_ns=100, start_ns=50, mute_after_ns=10)
YOUNG = Page(incarnation=7, phase="boot", phase_started_ns=101, phase_deadline_ns=140)
BUSY = Page(
    incarnation=7,
    ready=True,
    loops=4,
    cycle_started_ns=200,
    cycle_deadline_ns=300,
    phase="quotes",
    phase_started_ns=210,
    phase_deadline_ns=220,
    detail="BTC",
)
CAPPED = replace(BUSY, phase_deadline_ns=300)
IDLE = replace(BUSY, cycle_started_ns=0, cycle_deadline_ns=0, phase="idle", detail="")
STRANGER = Page(incarnation=6, ready=True, phase_deadline_ns=999)


@pytest.mark.parametrize(
    ("reading", "now_ns", "verdict"),
    [
        (Reading(None), 150, Starting()),
        (Reading(None), 151, Mute("not ready by the start deadline")),
        (Reading(None, bad_reads=9, bad_since_ns=100), 150, Starting()),
        (Reading(Page(incarnation=7)), 150, Starting()),
        (Reading(YOUNG), 140, Starting()),
        (Reading(YOUNG), 141, Hung("boot", 1, "")),
        (
            Reading(replace(YOUNG, phase_deadline_ns=900)),
            151,
            Mute("not ready by the start deadline"),
        ),
        (Reading(BUSY), 220, Alive(4)),
        (Reading(BUSY), 225, Hung("quotes", 5, "BTC")),
        (Reading(IDLE), 220, Alive(4)),
        (Reading(IDLE), 221, Hung("idle", 1, "")),
        (Reading(CAPPED), 300, Alive(4)),
        (Reading(CAPPED), 302, CycleOverrun("quotes", 2, "BTC")),
        (Reading(Page(incarnation=7, ready=True)), 100, Hung("", 100, "")),
        (Reading(STRANGER), 150, Mute("page of incarnation 6, 7 expected")),
        (Reading(BUSY, bad_reads=2, bad_since_ns=200), 215, Alive(4)),
        (Reading(BUSY, bad_reads=3, bad_since_ns=205), 215, Alive(4)),
        (
            Reading(BUSY, bad_reads=3, bad_since_ns=204),
            215,
            Mute("page unreadable 3 times in a row"),
        ),
    ],
)
def test_a_page_is_judged_by_its_own_promises(
    reading: Reading, now_ns: int, verdict: Verdict
) -> None:
    """A deadline is broken one nanosecond after it, and never before."""
    assert judge(reading, now_ns, SPEC) == verdict


def test_our_own_stall_is_added_to_promises_made_before_it_and_to_no_later_one() -> None:
    """A worker must not die because the supervisor could not look."""
    stalls = (Stall(ended_ns=215, gap_ns=100),)
    assert judge(Reading(BUSY), 320, SPEC, stalls) == Alive(4)
    assert judge(Reading(BUSY), 321, SPEC, stalls) == Hung("quotes", 1, "BTC")
    later = replace(BUSY, phase_started_ns=215, phase_deadline_ns=230)
    assert judge(Reading(later), 231, SPEC, stalls) == Hung("quotes", 1, "BTC")


def test_our_own_stall_puts_off_the_start_deadline_and_muteness() -> None:
    """The amnesty holds for every deadline."""
    stalls = (Stall(ended_ns=215, gap_ns=100),)
    assert judge(Reading(None), 250, SPEC, stalls) == Starting()
    assert judge(Reading(None), 251, SPEC, stalls) == Mute("not ready by the start deadline")
    patient = Reading(replace(IDLE, phase_deadline_ns=999), bad_reads=3, bad_since_ns=200)
    assert judge(patient, 310, SPEC, stalls) == Alive(4)
    assert judge(patient, 311, SPEC, stalls) == Mute("page unreadable 3 times in a row")


def test_a_gap_between_ticks_is_a_stall_only_over_the_limit() -> None:
    """An ordinary tick leaves no trace."""
    assert notice((), 100, 120, 20) == ()
    assert notice((), 100, 121, 20) == (Stall(ended_ns=121, gap_ns=21),)


def test_stalls_add_up_and_the_memory_of_them_is_bounded() -> None:
    """Each gap is added once; the oldest ones are forgotten."""
    stalls: tuple[Stall, ...] = ()
    for second in range(100):
        stalls = notice(stalls, second * 10, second * 10 + 5, 4)
    assert len(stalls) == 64
    assert grace_ns(stalls, 985) == 10 - 5
    assert grace_ns(stalls, 984) == 10
