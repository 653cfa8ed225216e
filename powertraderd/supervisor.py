"""The supervisor: one thread, one selector, no network, no database; it never waits for anybody.

Each tick: signals, exits, channels, control, judge, step and act, notify. It decides nothing about
life and death (supervision/policy.py does) and does no trading.
"""

import contextlib
import faulthandler
import json
import os
import resource
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from powertraderd import __version__, log
from powertraderd.errors import ExitCode
from powertraderd.settings import Settings
from powertraderd.supervision import folders, lock, market, notify, outlet, spawn, status
from powertraderd.supervision.channel import Channel
from powertraderd.supervision.control_server import ControlServer
from powertraderd.supervision.desk import Access, Desk
from powertraderd.supervision.fleet import Fleet, Hooks, Worker
from powertraderd.supervision.hold import Hold, NotDurable
from powertraderd.supervision.peer import group_id
from powertraderd.supervision.protocol import Answer, Code, Request, refusal
from powertraderd.supervision.relay import Delivery
from powertraderd.supervision.reload import Reloader, ReloadRefused, to_restart
from powertraderd.supervision.roles import START_ORDER, RoleName, changed_sections
from powertraderd.supervision.signals import Signals
from powertraderd.supervision.states import Life, RestartAsked, StartAsked, StopAsked, Unpark
from powertraderd.supervision.turns import Order, Turn

_NS = 1_000_000_000
_LONGEST_TICK_S = 1.0
_MOST_BAD_TICKS = 5
_EXTENSION_S = 30.0
_LONGEST_START_S = 120
_ROUNDING_NS = 500_000  # selectors round to milliseconds; never wake up just before the time
_STDERR = 2


def run(
    settings: Settings,
    config_path: Path | None,
    worker_command: spawn.WorkerCommand = spawn.worker_command,
) -> int:
    """Be the daemon until told to stop; returns the exit code.

    ``worker_command(role, page_fd, channel_fd) -> argv`` replaces the workers in tests. Raises
    ConfigError for folders or a socket that cannot be used, StateLocked when another daemon uses
    them.
    """
    os.umask(0o077)
    outlet.install()
    dumps = outlet.unblocked(_STDERR)  # a dump must not wait for a reader either
    faulthandler.enable(dumps)
    faulthandler.register(signal.SIGUSR1, dumps, all_threads=True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    folders.prepare_state_dir(settings.paths.state_dir)  # first: the log may be kept in it
    _configure_log(settings)
    notifier = notify.from_environment()
    admin_gid = group_id(settings.control.admin_group)
    held = lock.hold(settings.paths.state_dir / lock.SUPERVISOR_LOCK)
    try:
        folders.prepare_runtime_dir(settings.paths.runtime_dir, admin_gid)
        return Supervisor(settings, config_path, worker_command, notifier, admin_gid).run()
    finally:
        os.close(held)


def _configure_log(settings: Settings) -> None:
    log.configure(
        worker="supervisor",
        incarnation=1,
        level=settings.logging.level,
        form=settings.logging.format,
        file=settings.logging.file,
    )


class Supervisor:
    """Everything that a tick needs."""

    def __init__(
        self,
        settings: Settings,
        config_path: Path | None,
        worker_command: spawn.WorkerCommand,
        notifier: notify.Notifier,
        admin_gid: int | None,
    ) -> None:
        """Bind the socket and read the state; no worker is started yet."""
        self._settings = settings
        self._notifier = notifier
        self._log = log.get(__name__)
        self._started_ns = time.monotonic_ns()
        self._phase = "starting"
        self._to_start: list[RoleName] = list(START_ORDER)
        self._notify_ns = 0
        self._reload_waiters: list[tuple[int, str, int]] = []
        self._selector = selectors.DefaultSelector()
        self._signals = Signals()
        turn = Turn(Order.SIGNAL, self._on_signals)
        self._selector.register(self._signals.fileno(), selectors.EVENT_READ, turn)
        self._hold = Hold(settings.paths.state_dir)
        self._market = self._open_market()
        self._fleet = Fleet(settings, worker_command, self._hooks())
        self._reloader = Reloader(config_path, self._selector)
        access = Access(os.geteuid(), admin_gid)
        self._config_path = config_path
        self._desk = Desk(self._fleet, self._hold, access, self._documents(), self._reload_asked)
        self._patience()
        self._control = ControlServer(settings.paths.socket, admin_gid, self._selector)
        self._control.attach(self._desk.handle, self._desk.relay.hung_up)

    def run(self) -> int:
        """Tick until everybody has left; returns the exit code."""
        self._log.info("supervisor_started", pid=os.getpid(), version=__version__)
        try:
            self._loop()
        finally:
            self._close()
        code = self._fleet.exit_code
        self._log.info("supervisor_stopped", code=code or 0)
        return code or ExitCode.CLEAN

    def _loop(self) -> None:
        self._reap_strangers()  # of those that died before we listened, no signal tells
        self._advance()
        bad = 0
        while not (self._phase == "stopping" and self._fleet.gone()):
            try:
                ready = self._selector.select(self._timeout_s())
                self._tick(ready)
                bad = 0
            except Exception:  # noqa: BLE001 - the border of a tick
                bad += 1
                self._log.exception("tick_failed", in_a_row=bad)
                if bad >= _MOST_BAD_TICKS:
                    self._fleet.exit_code = ExitCode.INTERNAL
                    return

    def _tick(self, ready: list[tuple[selectors.SelectorKey, int]]) -> None:
        for turn in sorted((key.data for key, _ in ready), key=lambda turn: turn.order):
            turn.serve()
        self._fleet.turn()
        now_ns = time.monotonic_ns()
        self._deliver(self._desk.halting.sweep(now_ns))
        self._deliver(self._desk.relay.overdue(now_ns))
        self._control.sweep(now_ns)
        self._reloader.sweep(now_ns)
        self._advance()
        self._notify(now_ns)

    def _timeout_s(self) -> float:
        now_ns = time.monotonic_ns()
        times = (
            self._fleet.next_due_ns(now_ns),
            self._desk.relay.next_due_ns(),
            self._desk.halting.next_due_ns(),
            self._control.next_due_ns(),
            self._reloader.next_due_ns(),
        )
        due_ns = min((at_ns for at_ns in times if at_ns is not None), default=None)
        if due_ns is None:
            return _LONGEST_TICK_S
        return min(_LONGEST_TICK_S, max(0.0, (due_ns - now_ns + _ROUNDING_NS) / _NS))

    # Signals and exits

    def _on_signals(self) -> None:
        arrived = self._signals.take()
        if arrived & {signal.SIGTERM, signal.SIGINT}:
            self._stop_asked()
        if signal.SIGHUP in arrived:
            self._reload_asked(None, None)
        if signal.SIGCHLD in arrived:
            self._reap_strangers()

    def _stop_asked(self) -> None:
        if self._phase == "stopping":
            self._log.warning("supervisor_stopping_quickly")
            self._stop(START_ORDER, quick=True)
            return
        self._log.info("supervisor_stopping")
        self._phase, self._to_start = "stopping", []
        self._notifier.stopping("stopping: the trader first")

    def _stop(self, roles: Sequence[str], *, quick: bool) -> None:
        for role in roles:
            self._fleet.feed(self._fleet.workers[role], StopAsked(quick))

    def _reap_strangers(self) -> None:
        """Children that are not ours (left by whoever executed us) must not stay zombies.

        Our own are left to their pidfds; those of them that are dead hide the rest until then, and
        the next tick comes back here because of their own signal or the timer.
        """
        while True:
            try:
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if found is None:
                return
            worker = self._fleet.by_pid(found.si_pid)
            if worker is not None and worker.child is not None:
                self._fleet.exited(worker, worker.child)
            elif self._reloader.pid == found.si_pid:
                self._reloader.exited()
            else:
                os.waitpid(found.si_pid, 0)
                self._log.debug("stranger_reaped", pid=found.si_pid, status=found.si_status)

    # Starting and stopping, one after the other

    def _advance(self) -> None:
        if self._fleet.exit_code is not None and self._phase != "stopping":
            self._stop_asked()
            self._stop(START_ORDER, quick=True)
        if self._phase == "stopping":
            self._stop_next()
        elif self._phase == "starting":
            self._start_next()

    def _start_next(self) -> None:
        lives = [worker.state.life for worker in self._fleet.workers.values()]
        if self._to_start and Life.STARTING not in lives:
            role = self._to_start.pop(0)
            self._fleet.feed(self._fleet.workers[role], StartAsked())
        elif not self._to_start and (self._fleet.settled() or self._waited_long()):
            self._phase = "running"
            line = self._status_line()
            self._log.info("supervisor_ready", status=line)
            self._notifier.ready(line)

    def _waited_long(self) -> bool:
        """An outage must not keep the service manager waiting for ever; the status says it."""
        return time.monotonic_ns() - self._started_ns > _LONGEST_START_S * _NS

    def _stop_next(self) -> None:
        """The trader first; who has no process may not get one any more."""
        waiting = False
        for role in reversed(START_ORDER):
            worker = self._fleet.workers[role]
            if worker.state.wanted and not (waiting and worker.state.pid):
                self._stop([role], quick=False)
            left = worker.state.pid > 0 and worker.state.life is not Life.UNKILLABLE
            waiting = waiting or left

    # Reload

    def _reload_asked(self, client: int | None = None, request: Request | None = None) -> None:
        now_ns = time.monotonic_ns()
        if client is not None and request is not None:
            self._reload_waiters.append((client, request.id, now_ns))
        if self._phase == "stopping":
            self._reloaded(ReloadRefused("the daemon is stopping"), now_ns)
            return
        self._notifier.reloading(now_ns)
        self._reloader.begin(self._reloaded)

    def _reloaded(self, outcome: Settings | ReloadRefused, begun_ns: int) -> None:
        """Adopt what was validated, or say why not; the bracket is closed either way.

        Who asked after the reading had begun is answered by the next one.
        """
        try:
            if isinstance(outcome, ReloadRefused):
                raise outcome
            text = self._adopt(outcome)
            answer = Answer("", ok=True, code=Code.OK, message=text)
        except ReloadRefused as refused:
            self._log.error("reload_refused", reason=str(refused))
            answer = refusal("", "reload_refused", f"the old settings stay: {refused}")
        for client, request_id, asked_ns in self._reload_waiters:
            if asked_ns <= begun_ns:
                self._control.answer(client, replace(answer, id=request_id))
        self._reload_waiters = [each for each in self._reload_waiters if each[2] > begun_ns]
        if self._phase != "stopping":
            trouble = "" if answer.ok else f"; reload refused: {answer.message}"
            self._notifier.ready(self._status_line() + trouble)

    def _adopt(self, new: Settings) -> str:
        roles = to_restart(self._settings, new)
        changed = sorted(changed_sections(self._settings, new))
        self._settings = new
        _configure_log(new)
        self._fleet.adopt(new)
        self._patience()
        for worker in self._fleet.workers.values():
            if worker.state.life is Life.PARKED:
                self._fleet.feed(worker, Unpark())
            elif worker.role in roles and worker.state.life is not Life.STOPPED:
                self._fleet.feed(worker, RestartAsked())
        self._log.info("settings_reloaded", changed=changed, restarting=roles)
        if not changed:
            return "the settings are as before"
        return f"changed: {', '.join(changed)}; restarting: {', '.join(roles) or 'nobody'}"

    def _patience(self) -> None:
        self._desk.relay.ack_s = self._settings.control.ack_seconds
        self._desk.relay.answer_s = self._settings.control.answer_seconds
        self._desk.halting.patience_s = self._settings.control.halt_seconds

    # What others ask for

    def _hooks(self) -> Hooks:
        return Hooks(
            watch=self._watch,
            forget=self._forget,
            first=self._first,
            trading=self._hold.trading,
            heard=lambda role, message: self._deliver(self._desk.heard(role, message)),
            buried=lambda role: self._deliver(self._desk.relay.buried(role)),
        )

    def _watch(self, worker: Worker, child: spawn.Child) -> None:
        exits = Turn(Order.EXIT, lambda: self._fleet.exited(worker, child))
        talks = Turn(Order.CHANNEL, lambda: self._fleet.listen(worker, child))
        self._selector.register(child.pidfd, selectors.EVENT_READ, exits)
        self._selector.register(child.channel, selectors.EVENT_READ, talks)

    def _forget(self, *descriptors: int | Channel) -> None:
        for descriptor in descriptors:
            with contextlib.suppress(KeyError):
                self._selector.unregister(descriptor)

    def _first(self) -> dict[str, Any]:
        settings = json.loads(self._settings.model_dump_json())
        return {"settings": settings, "clock": self._market.message}

    def _deliver(self, deliveries: list[Delivery]) -> None:
        for client, answer in deliveries:
            self._control.answer(client, answer)

    def _open_market(self) -> market.Market:
        now_ns, wall = time.monotonic_ns(), datetime.now(UTC)
        opened = market.market(self._settings.clock, self._hold.state.anchor, wall, now_ns)
        if opened.anchor is not None:
            with contextlib.suppress(NotDurable):  # it is in the log; the market begins anew then
                self._hold.anchor(opened.anchor)
        return opened

    # What is said

    def _daemon(self) -> status.Daemon:
        return status.Daemon(
            state="reloading" if self._reloader.busy else self._phase,
            started_ns=self._started_ns,
            stalls=self._fleet.stalls,
            settings=self._settings,
            market=self._market,
            held=self._hold.state,
        )

    def _documents(self) -> dict[str, Callable[[], dict[str, Any]]]:
        workers, now_ns = self._fleet.workers, time.monotonic_ns
        return {
            "status": lambda: status.document(self._daemon(), workers, now_ns()),
            "training": lambda: status.training_document(workers, now_ns()),
            "settings": lambda: status.settings_document(self._settings, self._config_path),
        }

    def _status_line(self) -> str:
        return status.line(self._daemon(), self._fleet.workers)

    def _notify(self, now_ns: int) -> None:
        if now_ns < self._notify_ns:
            return
        self._notify_ns = now_ns + _NS
        if self._phase in {"starting", "stopping"}:
            self._notifier.extend_timeout(_EXTENSION_S)
        if not self._reloader.busy:
            self._notifier.status(self._status_line())
        self._notifier.watchdog()

    def _close(self) -> None:
        self._fleet.abandon()
        self._reloader.abandon()
        self._control.close()
        self._selector.close()
        self._signals.close()
        self._notifier.close()
