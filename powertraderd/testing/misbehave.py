"""A worker that does as badly as it is told, on the real runtime.

``python -m powertraderd.testing.misbehave FOLDER ROLE ...``, the rest as for a real worker.

``FOLDER/ROLE`` holds one line, ``BEHAVIOUR [ARGUMENT ...]``, read at birth and before each cycle;
without the file the worker behaves. ``once BEHAVIOUR ...`` removes the file first, so that the next
incarnation behaves. ``FOLDER/ROLE.log`` gets one JSON object per birth and per cycle.
"""

import collections
import contextlib
import ctypes
import itertools
import json
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from powertraderd.errors import TransientExchangeError
from powertraderd.supervision.channel import TradingState
from powertraderd.supervision.page import PAGE_BYTES, RECORD_BYTES, decode, encode
from powertraderd.supervision.protocol import Answer
from powertraderd.workers import __main__ as worker
from powertraderd.workers.role import Command, Context

_PAUSE_S = 0.02
_BUDGET_S = 0.3
_AGES_S = 3600
_NS = 1_000_000_000


class Plan:
    """What one role is told to do."""

    def __init__(self, folder: Path, role: str) -> None:
        """Read from ``folder/role``, write to ``folder/role.log``."""
        self._order = folder / role
        self._log = folder / f"{role}.log"

    def peek(self) -> list[str]:
        """The words of the order, without the word once."""
        words = self._words()
        return words[words[:1] == ["once"] :]

    def order(self, known: Container[str]) -> list[str]:
        """The words of the order if it is one of ``known``, none otherwise."""
        words = self.peek()
        if not words or words[0] not in known:
            return []
        if self._words()[:1] == ["once"]:
            self._order.unlink()
        return words

    def _words(self) -> list[str]:
        try:
            return self._order.read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return []

    def note(self, what: str, **values: object) -> None:
        """Append a line to the role's diary."""
        line = json.dumps({"what": what, "pid": os.getpid(), "ns": time.monotonic_ns(), **values})
        with self._log.open("a", encoding="utf-8") as diary:
            diary.write(line + "\n")


class Actor:
    """A role that cycles fast and follows its orders."""

    def __init__(self, plan: Plan, page_fd: int) -> None:
        """``page_fd`` is kept open to damage the page."""
        self._plan = plan
        self._page_fd = page_fd
        self._born_ns = time.monotonic_ns()

    def start(self, context: Context) -> None:
        """Remember the context and say what was handed over."""
        self._context = context
        last = context.last_page
        self._plan.note(
            "born",
            incarnation=context.incarnation,
            safe_mode=context.trading.safe_mode,
            paused=context.trading.paused,
            halted=context.trading.halted,
            last_phase=None if last is None else last.phase,
            quarantines=[[entry.phase, entry.detail] for entry in context.quarantines],
        )
        self._obey(_IN_BOOT)

    def cycle(self) -> float:
        """Follow the order of the moment; otherwise just be alive."""
        self._obey(_IN_CYCLE)
        trading = self._context.trading
        self._plan.note("cycle", paused=trading.paused, safe_mode=trading.safe_mode)
        self._context.report({"at_ns": time.monotonic_ns()})
        return _PAUSE_S

    def command(self, command: Command) -> Answer:
        """Say that it was heard."""
        return Answer(command.id, ok=True, code="ok", message=f"{command.verb} heard")

    def trading(self, state: TradingState) -> None:
        """Note it."""
        self._plan.note(
            "trading", paused=state.paused, safe_mode=state.safe_mode, halted=state.halted
        )

    def close(self) -> None:
        """Note it."""
        self._plan.note("closed")

    def _obey(self, table: Mapping[str, Callable[..., None]]) -> None:
        if words := self._plan.order(table):
            table[words[0]](self, *words[1:])

    # Ways to hang

    def block(self, phase: str, detail: str = "", budget: str = str(_BUDGET_S)) -> None:
        """Wait for ever in a system call, inside ``phase``."""
        here, _there = socket.socketpair()
        with self._context.heart.phase(phase, float(budget), detail):
            here.recv(1)

    def spin(self, phase: str) -> None:
        """Loop in C without ever letting go of the GIL: no Python signal handler runs."""
        with self._context.heart.phase(phase, _BUDGET_S):
            collections.deque(itertools.repeat(None), maxlen=0)

    def endless(self) -> None:
        """Enter and leave short phases for ever."""
        while True:
            with self._context.heart.phase("short", _BUDGET_S):
                time.sleep(0.001)

    def deaf(self, budget: str = "60") -> None:
        """Hear neither SIGTERM nor the drain message, within a promise that is long."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with self._context.heart.phase("deaf", float(budget)):
            time.sleep(_AGES_S)

    # Ways to die

    def crash(self) -> None:
        """Fail in a way that nobody has foreseen."""
        raise RuntimeError("crashed as ordered")

    def crash_at_age(self, seconds: str) -> None:
        """Work well until ``seconds`` after birth."""
        if time.monotonic_ns() - self._born_ns > float(seconds) * _NS:
            raise RuntimeError("crashed at the age ordered")

    def exit(self, code: str) -> None:
        """Leave at once with ``code``."""
        os._exit(int(code))

    def overeat(self) -> None:
        """Ask for more memory than there is."""
        resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))
        self._eaten = [bytearray(2**26) for _ in range(64)]

    def gorge(self) -> None:
        """Use memory until the kernel has had enough."""
        self._eaten = []
        while True:
            self._eaten.append(bytearray(2**22))

    def segfault(self) -> None:
        """Die of SIGSEGV, as a broken C library would make it."""
        ctypes.string_at(0)

    # Ways to damage what is shared

    def garbage(self) -> None:
        """Overwrite the page and go on."""
        with mmap.mmap(self._page_fd, PAGE_BYTES) as page, self._context.heart.phase("idle", 60):
            page[:RECORD_BYTES] = b"\xa5" * RECORD_BYTES
            time.sleep(_AGES_S)

    def tear(self) -> None:
        """Damage the page for a moment, again and again, and repair it each time."""
        with mmap.mmap(self._page_fd, PAGE_BYTES) as page:
            for _ in range(200):
                page[20] ^= 0xFF
                time.sleep(0.001)
                page[20] ^= 0xFF
                time.sleep(0.001)

    def stranger(self) -> None:
        """Write the page of another incarnation."""
        with mmap.mmap(self._page_fd, PAGE_BYTES) as page, self._context.heart.phase("idle", 60):
            real = decode(page[:RECORD_BYTES])
            page[:RECORD_BYTES] = encode(replace(real, incarnation=real.incarnation + 1))
            time.sleep(_AGES_S)

    def truncate(self) -> None:
        """Try to make the page vanish from under its readers."""
        try:
            os.ftruncate(self._page_fd, 0)
        except PermissionError:
            self._plan.note("truncate refused")

    def beat_from_thread(self) -> None:
        """Let a helper thread beat."""
        caught: list[str] = []

        def beat() -> None:
            try:
                self._context.heart.rest()
                with self._context.heart.phase("helper", 1):
                    pass
            except RuntimeError as error:
                caught.append(str(error))

        helper = threading.Thread(target=beat)
        helper.start()
        helper.join()
        self._plan.note("beat from thread", refused=caught)

    # Ways to leave things behind

    def grandchild(self, session: str = "same") -> None:
        """Start a process, in this group or in a session of its own, and hang."""
        child = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", f"import time; time.sleep({_AGES_S})"],
            start_new_session=session == "own",
        )
        self._plan.note("grandchild", child=child.pid)
        self.block("with grandchild")

    def flood(self) -> None:
        """Write far more to stderr and stdout than a pipe holds."""
        for number in range(3000):
            for stream in (sys.stdout, sys.stderr):
                stream.write(f"flood {number} {'x' * 80}\n")
        self._plan.note("flooded")

    def outage(self) -> None:
        """An exchange call fails within its time."""
        with self._context.heart.phase("coinbase.list_orders", _BUDGET_S):
            raise TransientExchangeError("503 as ordered")


_IN_CYCLE: Mapping[str, Callable[..., None]] = {
    "block": Actor.block,
    "spin": Actor.spin,
    "endless": Actor.endless,
    "deaf": Actor.deaf,
    "crash": Actor.crash,
    "crash_at_age": Actor.crash_at_age,
    "exit": Actor.exit,
    "overeat": Actor.overeat,
    "gorge": Actor.gorge,
    "segfault": Actor.segfault,
    "garbage": Actor.garbage,
    "tear": Actor.tear,
    "stranger": Actor.stranger,
    "truncate": Actor.truncate,
    "beat_from_thread": Actor.beat_from_thread,
    "grandchild": Actor.grandchild,
    "flood": Actor.flood,
    "outage": Actor.outage,
}
_IN_BOOT: Mapping[str, Callable[..., None]] = {
    "block_in_boot": Actor.block,
    "fail_in_boot": Actor.outage,
}


# Before the runtime exists


def _slow_import(_plan: Plan, seconds: str) -> None:
    time.sleep(float(seconds))


def _crash_at_import(_plan: Plan) -> None:
    raise ImportError("no module named as ordered")


def _reveal(plan: Plan) -> None:
    descriptors = {}
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the listing's own descriptor
            descriptors[entry.name] = str(entry.readlink())
    plan.note("given", environment=sorted(os.environ), descriptors=descriptors)


_AT_IMPORT: Mapping[str, Callable[..., None]] = {
    "slow_import": _slow_import,
    "crash_at_import": _crash_at_import,
    "reveal": _reveal,
}


def main(argv: Sequence[str]) -> int:
    """Take the plan's folder off the front of ``argv`` and be the worker that the rest names."""
    folder, *rest = argv
    role, page_fd = rest[0], int(rest[rest.index("--page-fd") + 1])
    plan = Plan(Path(folder), role)
    if words := plan.order(_AT_IMPORT):
        _AT_IMPORT[words[0]](plan, *words[1:])
    spare = os.dup(page_fd)
    return worker.main(rest, lambda _role, _context: Actor(plan, spare))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
