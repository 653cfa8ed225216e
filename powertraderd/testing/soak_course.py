"""The course of a soak: faults one by one, each left to heal, with a trade by hand between."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from powertraderd.testing.rig import ROLES, Daemon, until
from powertraderd.testing.soak_faults import Injector

PATIENCE_S = 300.0
_REPORT_EVERY_S = 30.0
_PROMPT_S = 0.2  # promise f


@dataclass(slots=True)
class Course:
    """What was done and how long things took, seconds."""

    kinds: Counter[str] = field(default_factory=Counter)
    heals: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    unparked: int = 0

    def note(self, kind: str, healed_s: float) -> None:
        """One fault."""
        self.kinds[kind] += 1
        self.heals.append(healed_s)

    def rows(self) -> list[tuple[str, str]]:
        """Names and figures."""
        late = sum(answer > _PROMPT_S for answer in self.answers)
        return [
            *((f"fault: {kind}", str(count)) for kind, count in sorted(self.kinds.items())),
            ("faults in all", str(self.kinds.total())),
            ("healed after, median", f"{median(self.heals):.2f} s"),
            ("healed after, worst", f"{max(self.heals):.2f} s"),
            ("status answers / over 200 ms", f"{len(self.answers)} / {late}"),
            ("status answer, worst", f"{max(self.answers) * 1000:.0f} ms"),
        ]


def run(
    daemon: Daemon,
    injector: Injector,
    course: Course,
    seconds: float,
    look: Callable[[], object] = lambda: None,
) -> None:
    """Faults by chance for so long; ``look`` is called after each."""
    began = spoke = time.monotonic()
    while time.monotonic() - began < seconds:
        _fault(daemon, injector, course, injector.chance())
        look()
        if time.monotonic() - spoke > _REPORT_EVERY_S:
            spoke = time.monotonic()
            done = f"{(spoke - began) / 60:.1f} min, {course.kinds.total()} faults"
            sys.stderr.write(f"soak: {done}, healing {median(course.heals):.2f} s (median)\n")


def run_each(
    daemon: Daemon,
    injector: Injector,
    course: Course,
    kinds: Sequence[str],
    look: Callable[[], object] = lambda: None,
) -> None:
    """Each of these kinds once, in an order by chance."""
    for kind in injector.dice.sample(kinds, len(kinds)):
        _fault(daemon, injector, course, kind)
        look()


def _fault(daemon: Daemon, injector: Injector, course: Course, kind: str) -> None:
    injector.inject(kind)
    injected = time.monotonic()
    _heal(daemon, course)
    course.note(kind, time.monotonic() - injected)
    injector.trade()


def _heal(daemon: Daemon, course: Course) -> None:
    """Until every worker runs and the trader has cycled on; who is parked is let go again."""
    loops: dict[int, int] = {}

    def healed() -> bool:
        asked = time.monotonic()
        workers = daemon.status().get("workers", {})
        if workers:
            course.answers.append(time.monotonic() - asked)
        for role, each in workers.items():
            if each["state"] == "PARKED":
                course.unparked += daemon.ask("unpark", worker=role).ok
        if len(workers) < len(ROLES) or any(e["state"] != "RUNNING" for e in workers.values()):
            return False
        trader = workers["trader"]
        return int(trader["loops"]) > loops.setdefault(trader["pid"], int(trader["loops"]))

    until(healed, "everybody to run again", PATIENCE_S)
