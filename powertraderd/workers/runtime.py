"""The life inside a worker: boot, cycles, pauses, and leaving when told to.

A role does the work; the runtime makes the promises around it. Doing nothing is a promise too.
"""

import logging
import socket
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from powertraderd import log
from powertraderd.clock import AcceleratedClock, Clock, RealClock
from powertraderd.errors import ExitCode, InvariantBroken, PowertraderError, TransientExchangeError
from powertraderd.settings import Settings
from powertraderd.supervision import lock
from powertraderd.supervision.channel import Channel
from powertraderd.supervision.outlet import Outlet, install
from powertraderd.supervision.page import Page, PageWriter
from powertraderd.supervision.quarantine import Quarantine
from powertraderd.supervision.roles import TRADER, cycle_budget_s, start_budget_s
from powertraderd.workers.heart import PageHeart
from powertraderd.workers.mailbox import Mailbox, trading_state
from powertraderd.workers.role import Context, Role

Wire = Callable[[str, Context], Role]
"""(role, context) -> the role with its adapters"""

_NS = 1_000_000_000
_RETRY_S = (1.0, 30.0)  # after a failed cycle: first and longest pause, doubling


def serve(name: str, page_fd: int, channel_fd: int, wire: Wire) -> int:
    """Be worker ``name`` until told to leave; returns the exit code."""
    output = install()
    mailbox = Mailbox(Channel(socket.socket(fileno=channel_fd)), log.get(__name__))
    context = _context(name, page_fd, mailbox)
    try:
        return Runtime(name, context, mailbox, output).run(wire)
    except PowertraderError as error:
        known = error.exit_code is not ExitCode.INTERNAL
        context.log.log(
            logging.ERROR,
            "worker_failed",
            error=str(error),
            code=error.exit_code.name,
            exc_info=not known,
        )
        context.send({"type": "failed", "error": str(error)})
        return error.exit_code
    except Exception as error:  # the border of a worker
        context.log.exception("worker_crashed")
        context.send({"type": "failed", "error": f"{type(error).__name__}: {error}"})
        return ExitCode.INTERNAL
    finally:
        context.heart.leaving(context.settings.supervisor.budgets.boot)
        mailbox.close()


def _context(name: str, page_fd: int, mailbox: Mailbox) -> Context:
    page = PageWriter(page_fd)
    start = mailbox.first()
    settings = Settings.model_validate(start["settings"])
    incarnation = start["incarnation"]
    log.configure(
        worker=name,
        incarnation=incarnation,
        level=settings.logging.level,
        form=settings.logging.format,
        file=settings.logging.file,
    )
    base_s = start_budget_s(name, settings.supervisor.budgets)
    last_page = start["last_page"]
    return Context(
        settings=settings,
        clock=_clock(start["clock"]),
        heart=PageHeart(page, incarnation=incarnation, base_s=base_s),
        trading=trading_state(start["trading"]),
        incarnation=incarnation,
        last_page=None if last_page is None else Page(**last_page),
        quarantines=tuple(Quarantine(**entry) for entry in start["quarantine"]),
        log=log.get(f"powertraderd.workers.{name}"),
        send=mailbox.send,
        poll=mailbox.serve,
    )


def _clock(values: Mapping[str, Any]) -> Clock:
    if values["kind"] == "real":
        return RealClock()
    start = datetime.fromisoformat(values["start"])
    return AcceleratedClock(start, values["speed"], values["origin_ns"])


class Runtime:
    """Runs one role until it is told to leave."""

    def __init__(self, name: str, context: Context, mailbox: Mailbox, output: Outlet) -> None:
        """Take the budgets of worker ``name`` from the settings."""
        self._name = name
        self._context = context
        self._mailbox = mailbox
        self._output = output
        self._budgets = context.settings.supervisor.budgets
        self._cycle_budget_s = cycle_budget_s(name, self._budgets)
        self._failing = ""
        self._retry_s = _RETRY_S[0]

    def run(self, wire: Wire) -> int:
        """Boot, cycle until asked to leave, close; returns the exit code."""
        heart = self._context.heart
        with heart.phase("boot", start_budget_s(self._name, self._budgets)):
            role = self._boot(wire)
        heart.ready(self._budgets.idle_slack)
        self._context.send({"type": "ready"})  # the page says it; this wakes the supervisor
        while self._mailbox.serve():
            self._pause(self._cycle(role))
        heart.draining()
        with heart.phase("close", self._budgets.cycle):
            role.close()
        return ExitCode.CLEAN

    def _boot(self, wire: Wire) -> Role:
        if self._name == TRADER:
            lock.hold(self._context.settings.paths.state_dir / lock.TRADER_LOCK)
        self._context.heart.safe_mode(on=self._context.trading.safe_mode)
        role = wire(self._name, self._context)
        self._mailbox.attach(role, self._context)
        role.start(self._context)
        return role

    def _cycle(self, role: Role) -> float:
        try:
            with self._context.heart.cycle(self._cycle_budget_s):
                pause_s = role.cycle()
        except TransientExchangeError as error:
            return self._failed(error)
        except InvariantBroken as error:
            self._context.halt(str(error))
            raise
        if self._failing:
            self._context.log.info("cycle_recovered", after=self._failing)
            self._failing, self._retry_s = "", _RETRY_S[0]
        if lost := self._output.take_lost():
            self._context.log.warning("log_lines_lost", lines=lost)
        return pause_s

    def _failed(self, error: PowertraderError) -> float:
        """An outage is progress: log it once per change, and try again later."""
        description = f"{type(error).__name__}: {error}"
        if description != self._failing:
            self._context.log.warning("cycle_failed", error=description)
        self._failing = description
        pause_s, self._retry_s = self._retry_s, min(self._retry_s * 2, _RETRY_S[1])
        return pause_s

    def _pause(self, seconds: float) -> None:
        if seconds <= 0:
            return
        until_ns = time.monotonic_ns() + int(seconds * _NS)
        with self._context.heart.phase("idle", seconds + self._budgets.idle_slack):
            self._mailbox.wait(until_ns)
