"""What a heartbeat costs a worker, and what reading it costs the supervisor.

The fastest of several rounds counts: everything slower was somebody else's work on the machine.

    python benchmarks/heartbeat.py
"""

import os
import sys
import time
import timeit
from collections.abc import Callable

from powertraderd.supervision.page import Page, PageReader, PageWriter, create
from powertraderd.workers.heart import PageHeart

ROUNDS, TIMES = 7, 5_000
DETAIL = "BTC 0f8fad5b-d9cb-469f-a165-70867728950e"


def microseconds(work: Callable[[], object]) -> float:
    """The least CPU time of one call."""
    return min(timeit.repeat(work, time.process_time, number=TIMES, repeat=ROUNDS)) / TIMES * 1e6


def main() -> int:
    """Print a line for each thing that is paid for."""
    fd = create()
    writer, reader = PageWriter(fd), PageReader(fd)
    os.close(fd)
    heart = PageHeart(writer, incarnation=1, base_s=60)
    page = Page(incarnation=1, phase="broker.list_orders", detail=DETAIL)

    def phase() -> None:
        with heart.phase("broker.list_orders", 15, DETAIL):
            pass

    nothing = microseconds(lambda: None)
    figures = {
        "writing one record": microseconds(lambda: writer.write(page)) - nothing,
        "a phase, entered and left (two beats)": microseconds(phase) - nothing,
        "reading and checking a page": microseconds(lambda: reader.read(time.monotonic_ns()))
        - nothing,
    }
    for name, cost_us in figures.items():
        print(f"{name:<42}{cost_us:>7.1f} microseconds")
    phase_us = figures["a phase, entered and left (two beats)"]
    print(f"a hundred phases a second cost {phase_us * 100 / 1e4:.3f} % of one core")
    reader.close()
    writer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
