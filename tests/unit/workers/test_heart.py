"""The heartbeat on a real page."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator

import pytest

from powertraderd.errors import RateLimited
from powertraderd.supervision import page
from powertraderd.workers.heart import PageHeart

SECOND = 1_000_000_000


class Machine:
    """A page, a heart on it and a time that stands still until it is moved."""

    def __init__(self) -> None:
        """Machine time begins at 1000 s."""
        self.now_ns = 1000 * SECOND
        fd = page.create()
        self.writer, self.reader = page.PageWriter(fd), page.PageReader(fd)
        os.close(fd)
        self.heart = PageHeart(self.writer, incarnation=7, base_s=20, now_ns=lambda: self.now_ns)

    def page(self) -> page.Page:
        """What a reader sees."""
        found = self.reader.read(self.now_ns).page
        assert found is not None
        return found

    def left_s(self) -> float:
        """Seconds until the promise on the page ends."""
        return (self.page().phase_deadline_ns - self.now_ns) / SECOND

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now_ns += int(seconds * SECOND)


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A fresh one."""
    built = Machine()
    yield built
    built.writer.close()
    built.reader.close()


def test_the_first_beat_promises_to_boot(machine: Machine) -> None:
    """There is no silence before the first phase."""
    found = machine.page()
    assert (found.incarnation, found.phase, found.ready) == (7, "boot", False)
    assert machine.left_s() == 20


def test_a_phase_names_itself_and_gives_its_deadline_back_to_the_outer_one(
    machine: Machine,
) -> None:
    """Leaving restores name, detail, start and deadline of the phase around."""
    with machine.heart.phase("outer", 30, "a"):
        outer = machine.page()
        machine.wait(1)
        with machine.heart.phase("inner", 5, "b"):
            assert (machine.page().phase, machine.page().detail) == ("inner", "b")
            assert machine.left_s() == 5
        assert machine.page() == outer


def test_an_inner_deadline_never_exceeds_the_outer_one(machine: Machine) -> None:
    """A generous inner budget does not prolong the promise around it."""
    with machine.heart.phase("outer", 10):
        machine.wait(4)
        with machine.heart.phase("inner", 100):
            assert machine.left_s() == 6


def test_the_cycle_caps_every_phase_in_it(machine: Machine) -> None:
    """An endless run of short phases ends at the cycle's deadline."""
    with machine.heart.cycle(3):
        for _ in range(3):
            with machine.heart.phase("short", 2):
                machine.wait(0.9)
        with machine.heart.phase("short", 2):
            assert machine.left_s() == pytest.approx(0.3)
            cycle_left = machine.page().cycle_deadline_ns - machine.now_ns
            assert cycle_left == pytest.approx(0.3 * SECOND)


def test_between_cycles_no_cycle_is_promised_and_pausing_is_a_phase(machine: Machine) -> None:
    """A pause longer than a cycle's budget is no overrun."""
    machine.heart.ready(2)
    with machine.heart.cycle(3):
        pass
    with machine.heart.phase("idle", 60):
        found = machine.page()
        assert (found.phase, found.cycle_deadline_ns, found.loops) == ("idle", 0, 1)
        assert machine.left_s() == 60


def test_a_cycle_that_failed_in_time_is_completed_all_the_same(machine: Machine) -> None:
    """A failing exchange is progress, and its exception goes on to whoever handles it."""
    with (
        pytest.raises(ValueError, match="down"),
        machine.heart.cycle(3),
        machine.heart.phase("coinbase.list_orders", 1),
    ):
        raise ValueError("down")
    assert machine.page().loops == 1
    assert machine.page().phase == "boot"


def test_progress_renews_only_when_it_strictly_rises_and_never_past_the_outer_cap(
    machine: Machine,
) -> None:
    """Long computing lives by progress, but not for ever."""
    with machine.heart.phase("total", 100), machine.heart.phase("train", 60):
        machine.wait(50)
        machine.heart.progress(1, 10)
        assert machine.left_s() == 50, "renewed, under the cap"
        assert (machine.page().progress, machine.page().total) == (1, 10)
        machine.wait(10)
        machine.heart.progress(1, 10)
        machine.heart.progress(0, 10)
        assert machine.left_s() == 40, "standing still is no progress"


def test_only_the_main_thread_may_beat_and_a_refused_beat_leaves_no_trace(
    machine: Machine,
) -> None:
    """F04: a helper thread beats on while the main thread is stuck."""
    refusals: list[str] = []

    def helper() -> None:
        with contextlib.ExitStack() as stack:
            beats: tuple[Callable[[], object], ...] = (
                lambda: stack.enter_context(machine.heart.phase("helper", 5)),
                lambda: machine.heart.progress(5, 5),
                lambda: stack.enter_context(machine.heart.cycle(5)),
            )
            for beat in beats:
                try:
                    beat()
                except RuntimeError as refusal:
                    refusals.append(str(refusal))

    with machine.heart.phase("main", 5):
        before = machine.page()
        thread = threading.Thread(target=helper)
        thread.start()
        thread.join()
        assert machine.page() == before
        machine.heart.progress(1, 2)
        assert machine.page().phase == "main"
    assert len(refusals) == 3
    assert "only the main thread" in refusals[0]


def test_the_promise_between_phases_is_renewed_whenever_they_are_all_left(
    machine: Machine,
) -> None:
    """Once ready, the moments between cycles are a short promise of their own."""
    machine.heart.ready(2)
    machine.wait(1)
    with machine.heart.phase("work", 5):
        machine.wait(4)
    assert (machine.page().phase, machine.left_s()) == ("loop", 2)
    assert machine.page().ready


def test_who_leaves_promises_to_be_gone(machine: Machine) -> None:
    """A crash is followed by the end of an interpreter, which is no hang of the last phase."""
    machine.heart.ready(2)
    machine.wait(1)
    machine.heart.leaving(20)
    assert (machine.page().phase, machine.left_s()) == ("leaving", 20)


def test_flags_reach_the_page(machine: Machine) -> None:
    """Draining and safe mode are seen from outside."""
    machine.heart.draining()
    machine.heart.safe_mode(on=True)
    assert (machine.page().draining, machine.page().safe_mode) == (True, True)
    machine.heart.safe_mode(on=False)
    assert not machine.page().safe_mode


def test_a_phase_is_counted_by_how_it_was_left_and_how_long_it_took(machine: Machine) -> None:
    """An outside call that fails inside its deadline is progress, and on record."""
    with machine.heart.phase("broker.quotes", 10):
        machine.wait(2)
    with contextlib.suppress(RateLimited), machine.heart.phase("broker.quotes", 10):
        machine.wait(1)
        raise RateLimited
    assert machine.heart.counts.rows() == {
        "broker.quotes": {"ok": 1, "rate_limited": 1, "seconds": 3.0}
    }
