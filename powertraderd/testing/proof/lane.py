"""A lane: one exchange and one nursery; several run beside each other."""

import contextlib
import os
import queue
import select
import signal
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, TypeVar

from powertraderd.testing.proof.draws import DRAWS, JITTER_MS, Draw
from powertraderd.testing.proof.nursery import Nursery
from powertraderd.testing.venue import Venue

C = TypeVar("C")
R = TypeVar("R")

GENEROUS = {"private_rps": 100_000, "public_rps": 100_000}
"""Rate limits are another test's business."""


class Child:
    """A process of the nursery, by its pid."""

    def __init__(self, pid: int) -> None:
        """Watch it."""
        self.pid = pid
        try:
            self._fd = os.pidfd_open(pid)
        except ProcessLookupError:
            self._fd = -1

    def ended(self, within_s: float) -> bool:
        """Wait for its end, so long at most."""
        if self._fd < 0:
            return True
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        if not poll.poll(int(within_s * 1000)):
            return False
        os.close(self._fd)
        self._fd = -1
        return True

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        if self._fd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._fd, signal.SIGKILL)
        if not self.ended(30):
            msg = f"process {self.pid} survives SIGKILL"
            raise AssertionError(msg)


class Lane:
    """One exchange, one nursery, one folder."""

    def __init__(self, folder: Path, number: int) -> None:
        """Start both."""
        self.venue = Venue(folder / "venue", seed=number).start()
        self.nursery = Nursery()
        self.folder = folder
        self.draw = DRAWS[0]

    @property
    def key_file(self) -> Path:
        """The key that the case's draw names."""
        return self.venue.keys[self.draw.algorithm].file

    def prepare(self, draw: Draw, **policy: Any) -> None:  # noqa: ANN401 - knobs
        """The exchange as at the beginning of its life with this seed."""
        self.draw = draw
        self.venue.seed = draw.seed
        self.venue.post("reset", seed=draw.seed)
        self.venue.post("policy", **{**GENEROUS, "t_jitter_ms": JITTER_MS, **policy})

    def close(self) -> None:
        """End both."""
        self.nursery.close()
        self.venue.stop()


class Lanes(Generic[C, R]):
    """Runs cases on several lanes; results are waited for one by one."""

    def __init__(self, folder: Path, width: int, run: Callable[[Lane, Path, C], R]) -> None:
        """Start ``width`` lanes in ``folder``."""
        self._lanes = [Lane(folder / f"lane-{number}", number) for number in range(width)]
        self._free: queue.Queue[Lane] = queue.Queue()
        for lane in self._lanes:
            self._free.put(lane)
        self._folder = folder
        self._run = run
        self._pool = ThreadPoolExecutor(width)
        self._count = 0

    def submit(self, case: C) -> "Future[R]":
        """Run ``case`` as soon as a lane is free."""
        self._count += 1
        folder = self._folder / f"case-{self._count}"
        return self._pool.submit(self._on_a_lane, folder, case)

    def _on_a_lane(self, folder: Path, case: C) -> R:
        folder.mkdir(parents=True)
        lane = self._free.get()
        try:
            return self._run(lane, folder, case)
        finally:
            self._free.put(lane)

    def close(self) -> None:
        """Drop what has not begun, end everything."""
        self._pool.shutdown(cancel_futures=True)
        for lane in self._lanes:
            lane.close()
