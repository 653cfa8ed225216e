"""New settings: validated by a throwaway process, compared with the old ones."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from powertraderd.settings import Settings
from powertraderd.supervision.roles import FIXED_SECTIONS, SECTIONS, START_ORDER, changed_sections
from powertraderd.supervision.spawn import python_command
from powertraderd.supervision.turns import Order, Turn

_NS = 1_000_000_000
PATIENCE_S = 20.0
LONGEST_WISHING_S = 5.0
"""Wishes that keep coming for so long put the settings off no longer."""
_MOST_TEXT = 2_000


class ReloadRefused(Exception):
    """The new settings are not taken; the old ones stay."""


Done = Callable[[Settings | ReloadRefused, int], None]
"""(settings or what is wrong with them, machine ns at which reading them began)"""


@dataclass(slots=True)
class Validation:
    """A process that reads the settings; its output goes to memory, so nobody waits for a pipe."""

    process: subprocess.Popen[bytes]
    pidfd: int
    output: IO[bytes]
    errors: IO[bytes]
    until_ns: int

    def kill(self) -> None:
        """It takes too long."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def result(self) -> "Settings | ReloadRefused":
        """The settings, once the process is dead, or what it said was wrong."""
        code = self.process.wait()
        self.output.seek(0)
        self.errors.seek(0)
        if code != 0:
            said = self.errors.read(_MOST_TEXT).decode(errors="replace").strip()
            return ReloadRefused(said or f"reading the settings ended with {code} and no word")
        try:
            return Settings.model_validate_json(self.output.read())
        except ValidationError as error:
            return ReloadRefused(str(error))

    def close(self) -> None:
        """Let go of every descriptor."""
        os.close(self.pidfd)
        self.output.close()
        self.errors.close()


def begin(config: Path | None, now_ns: int) -> Validation:
    """Start validating ``config``; raises OSError when no process can be made."""
    arguments = [] if config is None else [str(config)]
    with contextlib.ExitStack() as undo:
        output, errors = _memory("settings"), _memory("errors")
        undo.callback(output.close)
        undo.callback(errors.close)
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            python_command("powertraderd.supervision.validate", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            process_group=0,
        )
        undo.callback(process.wait)
        undo.callback(process.kill)
        pidfd = os.pidfd_open(process.pid)
        undo.pop_all()
    return Validation(process, pidfd, output, errors, now_ns + int(PATIENCE_S * _NS))


def _memory(name: str) -> IO[bytes]:
    return os.fdopen(os.memfd_create(name, os.MFD_CLOEXEC), "w+b")


class Reloader:
    """At most one validation at a time; a wish that comes meanwhile leads to one more.

    The outcome before that is dropped, so that a burst of wishes is one reload; yet an unbroken
    stream of them cannot keep the new settings out for ever.
    """

    def __init__(self, config: Path | None, selector: selectors.BaseSelector) -> None:
        """Validate ``config``, or what the environment names."""
        self._config = config
        self._selector = selector
        self._validation: Validation | None = None
        self._again = False
        self._begun_ns = 0
        self._wishing_ns = 0
        self._done: Done | None = None

    @property
    def busy(self) -> bool:
        """Whether a validation is under way."""
        return self._validation is not None

    @property
    def pid(self) -> int:
        """Its process, 0 for none."""
        return self._validation.process.pid if self._validation else 0

    def begin(self, done: Done) -> None:
        """Call ``done`` with the new settings, or with what is wrong with them, in a later tick."""
        self._done = done
        if self._validation is not None:
            self._again = True
            return
        self._wishing_ns = time.monotonic_ns()
        self._begin(done)

    def _begin(self, done: Done) -> None:
        self._begun_ns = time.monotonic_ns()
        try:
            self._validation = begin(self._config, self._begun_ns)
        except OSError as error:
            refused = ReloadRefused(f"no process could be made to read the settings: {error}")
            done(refused, self._begun_ns)
            return
        turn = Turn(Order.EXIT, self.exited)
        self._selector.register(self._validation.pidfd, selectors.EVENT_READ, turn)

    def exited(self) -> None:
        """The process is dead: hand its result on."""
        validation, self._validation = self._validation, None
        if validation is None or self._done is None:
            return
        self._selector.unregister(validation.pidfd)
        outcome = validation.result()
        validation.close()
        again, self._again = self._again, False
        now_ns = time.monotonic_ns()
        if again and now_ns - self._wishing_ns < LONGEST_WISHING_S * _NS:
            self._begin(self._done)
            return
        self._done(outcome, self._begun_ns)
        if again:
            self.begin(self._done)

    def sweep(self, now_ns: int) -> None:
        """End a validation that takes too long."""
        if self._validation is not None and now_ns > self._validation.until_ns:
            self._validation.kill()

    def abandon(self) -> None:
        """We are leaving."""
        if self._validation is not None:
            self._validation.kill()
            self._validation.result()
            self._validation.close()

    def next_due_ns(self) -> int | None:
        """When patience with the validation ends."""
        return self._validation.until_ns if self._validation else None


def to_restart(old: Settings, new: Settings) -> tuple[str, ...]:
    """The workers that stand on a section that differs.

    Raises ReloadRefused when the supervisor itself stands on one of them.
    """
    changed = changed_sections(old, new)
    fixed = sorted(changed & FIXED_SECTIONS)
    if old.trading.mode != new.trading.mode:
        fixed.append("trading.mode")
    if fixed:
        msg = f"{', '.join(fixed)} cannot change while running; restart the daemon for that"
        raise ReloadRefused(msg)
    if old.supervisor.budgets != new.supervisor.budgets:
        return START_ORDER
    return tuple(role for role in START_ORDER if SECTIONS[role] & changed)
