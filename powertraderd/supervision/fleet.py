"""The four workers: each event goes through the policy, and what it decides is carried out here.

Nothing in here decides who lives; see policy.step. Nothing in here waits.
"""

import random
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from powertraderd import log
from powertraderd.settings import Settings
from powertraderd.supervision import policy, spawn, states, verdict
from powertraderd.supervision.channel import BadMessage, ChannelClosed, TradingState
from powertraderd.supervision.page import Page
from powertraderd.supervision.quarantine import Quarantine
from powertraderd.supervision.roles import START_ORDER, TRADER, RoleName, start_budget_s
from powertraderd.supervision.states import Life

_NS = 1_000_000_000
_MOST_WORDS = 500  # of what a worker died of
_MESSAGES_PER_TURN = 32  # a worker that floods its channel must not hold up the others
_NO_PROCESS = frozenset({Life.STOPPED, Life.BACKOFF, Life.PARKED})
_SETTLED = frozenset({Life.RUNNING, Life.STOPPED, Life.PARKED, Life.UNKILLABLE})
_YOUNG = frozenset({Life.STARTING, Life.RUNNING})


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker last said about itself, and when (machine ns)."""

    content: Mapping[str, Any]
    at_ns: int


@dataclass(slots=True)
class Worker:
    """One role: the policy's state, the process where there is one, and what is known of it.

    ``told`` is the trading state that was sent last, ``told_number`` the number of that message and
    ``heard_number`` the newest that the worker has answered: what it does later, it does knowing.
    """

    role: RoleName
    policy: policy.Policy
    state: states.WorkerState = field(default_factory=states.WorkerState)
    child: spawn.Child | None = None
    page: Page | None = None
    death_page: Page | None = None
    report: Report | None = None
    told: TradingState | None = None
    told_number: int = 0
    heard_number: int = 0
    garbage: int = 0
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the fleet needs from its surroundings.

    ``watch(worker, child)`` puts its pidfd and channel into the selector, ``forget`` takes
    descriptors out of it.
    ``first(worker)`` is the rest of the start message. ``heard(role, message)`` gets what a worker
    says about requests and trading. ``buried(role)`` is told when an incarnation is gone.
    """

    watch: Callable[["Worker", spawn.Child], None]
    forget: Callable[..., None]
    first: Callable[[], dict[str, Any]]
    trading: Callable[[], TradingState]
    heard: Callable[[RoleName, dict[str, Any]], None]
    buried: Callable[[RoleName], None]


class Fleet:
    """All workers."""

    def __init__(self, settings: Settings, command: spawn.WorkerCommand, hooks: Hooks) -> None:
        """Nobody runs yet; ``command`` makes the argv of a worker."""
        self._command = command
        self._hooks = hooks
        self._log = log.get(__name__)
        self._stalls: tuple[verdict.Stall, ...] = ()
        self._looked_ns = time.monotonic_ns()
        self.workers: dict[str, Worker] = {}
        self.exit_code: int | None = None
        self.adopt(settings)

    def adopt(self, settings: Settings) -> None:
        """Use these settings for what is decided from now on."""
        self._settings = settings
        for role in START_ORDER:
            numbers = policy.Policy.of(settings.supervisor, trader=role == TRADER)
            worker = self.workers.setdefault(role, Worker(role, numbers))
            worker.policy = numbers

    # What is known

    @property
    def stalls(self) -> int:
        """How often the supervisor itself stood still (the newest 64 are remembered)."""
        return len(self._stalls)

    def settled(self) -> bool:
        """Whether nobody is about to start."""
        return all(worker.state.life in _SETTLED for worker in self.workers.values())

    def gone(self) -> bool:
        """Whether no process is left that can still be ended."""
        lives = [worker.state.life for worker in self.workers.values()]
        return all(life in _NO_PROCESS or life is Life.UNKILLABLE for life in lives)

    def by_pid(self, pid: int) -> Worker | None:
        """The worker whose process that is."""
        return next((w for w in self.workers.values() if w.child and w.child.pid == pid), None)

    def next_due_ns(self, now_ns: int) -> int | None:
        """When the next thing is to be done or the next promise ends; None for never."""
        due = [policy.next_due_ns(worker.state) for worker in self.workers.values()]
        promises = [self._promise_ns(worker) for worker in self.workers.values()]
        # A promise that is over already, and yet nobody was condemned, is prolonged by a stall.
        times = [*due, *(at_ns for at_ns in promises if at_ns > now_ns)]
        return min((at_ns for at_ns in times if at_ns is not None), default=None)

    def _promise_ns(self, worker: Worker) -> int:
        if worker.child is None or worker.state.life not in _YOUNG:
            return 0
        if worker.page is None or not worker.page.phase_deadline_ns:
            return worker.child.spawned_ns + self._start_ns(worker) + 1
        return worker.page.phase_deadline_ns + 1

    # What happens

    def feed(self, worker: Worker, event: states.Event, now_ns: int | None = None) -> None:
        """Let the policy answer an event (of ``now_ns``, else of now), and do what it says."""
        before = worker.state.life
        at_ns = time.monotonic_ns() if now_ns is None else now_ns
        worker.state, actions = policy.step(worker.state, event, at_ns, worker.policy)
        for action in actions:
            self._act(worker, action)
        if before is not worker.state.life:
            self._log.debug("worker_life", of=worker.role, was=before, now=worker.state.life)

    def turn(self) -> None:
        """Judge every page, let time pass, and tell who has not heard how trading stands.

        The time is taken once, before any page is read: if we are stopped after that, pages only
        get newer than the time that they are judged by.
        """
        now_ns = time.monotonic_ns()
        self._notice_stall(now_ns)
        for worker in self.workers.values():
            if worker.child is not None:
                self._judge(worker, worker.child, now_ns)
            self.feed(worker, states.Tick(), now_ns)
            self._tell(worker)

    def _notice_stall(self, now_ns: int) -> None:
        """A gap between two looks at the workers: nobody may be blamed for our own absence."""
        limit_ns = int(self._settings.supervisor.stall_gap * _NS)
        stalls = verdict.notice(self._stalls, self._looked_ns, now_ns, limit_ns)
        self._looked_ns = now_ns
        if stalls is self._stalls:
            return
        self._stalls = stalls
        gap_ns = stalls[-1].gap_ns
        self._log.warning("supervisor_stalled", gap_s=gap_ns / _NS)
        for worker in self.workers.values():
            self.feed(worker, states.Stalled(gap_ns), now_ns)

    def exited(self, worker: Worker, child: spawn.Child) -> None:
        """``child`` is dead: sweep its group while the leader's pid is still its own, then reap.

        Two sources may tell of one death; by the time of the second the worker may have another
        child already.
        """
        if worker.child is not child:
            return
        child.kill_group()
        code = child.reap()
        if code is None:
            return
        self.listen(worker, child)
        worker.page = worker.death_page = child.page.read(time.monotonic_ns()).page
        self._log_last_words(worker, child.page.dump())
        self._hooks.forget(child.pidfd, child.channel)
        child.close()
        worker.child, worker.told = None, None
        jitter = random.random()  # noqa: S311 - spreads restarts, guards nothing
        event = (
            states.Exited(child.pid, code, None, jitter)
            if code >= 0
            else states.Exited(child.pid, None, -code, jitter)
        )
        self.feed(worker, event)
        self._hooks.buried(worker.role)

    def listen(self, worker: Worker, child: spawn.Child) -> None:
        """Take what ``child`` says, a bounded amount at a time."""
        for _ in range(_MESSAGES_PER_TURN):
            if worker.child is not child:
                return
            try:
                message = child.channel.receive()
            except BadMessage as error:
                self._garbage(worker, str(error))
                continue
            except ChannelClosed:
                self._hooks.forget(child.channel)
                return
            if message is None:
                return
            self._hear(worker, message)

    def abandon(self) -> None:
        """We are leaving: nobody may stay behind."""
        for worker in self.workers.values():
            if worker.child is not None:
                worker.child.kill_group()
                worker.child.close()

    # Inside

    def _judge(self, worker: Worker, child: spawn.Child, now_ns: int) -> None:
        reading = child.page.read(now_ns)
        if reading.page is not None and reading.page.incarnation == child.incarnation:
            worker.page = reading.page
        spec = verdict.Spec(
            incarnation=child.incarnation,
            spawned_ns=child.spawned_ns,
            start_ns=self._start_ns(worker),
            mute_after_ns=int(self._settings.supervisor.mute_after * _NS),
        )
        found = verdict.judge(reading, now_ns, spec, self._stalls)
        self.feed(worker, states.Judged(child.pid, found), now_ns)

    def _start_ns(self, worker: Worker) -> int:
        return int(start_budget_s(worker.role, self._settings.supervisor.budgets) * _NS)

    def _tell(self, worker: Worker) -> None:
        if worker.child is None or worker.state.life not in _YOUNG:
            return
        state = self.trading_of(worker)
        number = worker.told_number + 1
        message = {"type": "trading", "number": number, **asdict(state)}
        if state != worker.told and worker.child.channel.send(message):
            worker.told, worker.told_number = state, number

    def heeds(self, worker: Worker, state: TradingState) -> bool:
        """Whether nothing that the worker begins from now on can be against ``state``.

        Either there is no process, or it was born knowing, or it has answered.
        """
        if worker.child is None:
            return True
        return worker.told == state and worker.heard_number == worker.told_number

    def trading_of(self, worker: Worker) -> TradingState:
        """How trading stands for this worker: the owner's word and the worker's own safe mode."""
        held = self._hooks.trading()
        return TradingState(held.paused, worker.state.safe_mode, held.halted)

    def _hear(self, worker: Worker, message: dict[str, Any]) -> None:
        if message["type"] == "report":
            self._note(worker, message.get("report"))
        elif message["type"] == "heard":
            self._heard(worker, message.get("number"))
        elif message["type"] == "failed":
            worker.last_error = str(message.get("error"))[:_MOST_WORDS]
        elif message["type"] != "ready":  # which only wakes us up to read the page
            self._hooks.heard(worker.role, message)

    def _note(self, worker: Worker, content: object) -> None:
        match content:
            case dict() if _is_table(content.get("coins", {})):
                worker.report = Report(content, time.monotonic_ns())
            case _:
                self._garbage(worker, "a report that is no object, or coins that are none")

    def _heard(self, worker: Worker, number: object) -> None:
        match number:
            case int() if worker.heard_number < number <= worker.told_number:
                worker.heard_number = number
            case _:
                self._garbage(worker, "an answer to a trading state that was not sent")

    def _garbage(self, worker: Worker, error: str) -> None:
        worker.garbage += 1
        if worker.garbage == 1:
            self._log.warning("worker_sends_garbage", of=worker.role, error=error)

    def _log_last_words(self, worker: Worker, stack: str) -> None:
        page = worker.death_page
        if page is not None:
            age_s = (time.monotonic_ns() - page.phase_started_ns) / _NS
            fields = {"phase": page.phase, "detail": page.detail, "age_s": round(age_s, 3)}
            self._log.info("worker_last_page", of=worker.role, loops=page.loops, **fields)
        if stack:
            self._log.info("worker_stack", of=worker.role, stack=stack)

    def _act(self, worker: Worker, action: states.Action) -> None:
        match action:
            case states.Spawn():
                self._spawn(worker, action)
            case states.Log(level, event, fields):
                self._say(worker, level, event, dict(fields))
            case states.ExitSupervisor(code):
                self.exit_code = code
            case _:
                self._signal(worker, action)

    def _signal(self, worker: Worker, action: states.Action) -> None:
        child = worker.child
        if child is None:
            return
        match action:
            case states.Drain():
                child.channel.send({"type": "drain"})
            case states.Dump():
                child.signal(signal.SIGUSR1)
            case states.Terminate():
                child.signal(signal.SIGTERM, signal.SIGCONT)
            case states.Kill():
                child.kill_group()

    def _say(self, worker: Worker, level: str, event: str, fields: dict[str, Any]) -> None:
        speak = getattr(self._log, level)  # one of four names, checked by the type of Log.level
        speak(event, of=worker.role, of_incarnation=worker.state.incarnation, **fields)

    def _spawn(self, worker: Worker, wish: states.Spawn) -> None:
        now_ns = time.monotonic_ns()
        first = {
            "type": "start",
            **self._hooks.first(),
            "incarnation": wish.incarnation,
            "trading": asdict(self.trading_of(worker)),
            "last_page": None if worker.death_page is None else asdict(worker.death_page),
            "quarantine": [asdict(entry) for entry in _valid(worker.state.quarantines, now_ns)],
        }
        try:
            child = spawn.spawn(worker.role, wish.incarnation, self._command, first, now_ns)
        except (OSError, BadMessage) as error:
            jitter = random.random()  # noqa: S311 - spreads restarts, guards nothing
            self.feed(worker, states.SpawnFailed(str(error), jitter))
            return
        worker.child, worker.page, worker.report, worker.garbage = child, None, None, 0
        worker.told, worker.told_number, worker.heard_number = self.trading_of(worker), 0, 0
        self._hooks.watch(worker, child)
        self._log.info(
            "worker_spawned", of=worker.role, of_incarnation=wish.incarnation, pid=child.pid
        )
        self.feed(worker, states.Spawned(child.pid, wish.incarnation))


def _is_table(coins: object) -> bool:
    return isinstance(coins, dict) and all(isinstance(row, dict) for row in coins.values())


def _valid(entries: tuple[Quarantine, ...], now_ns: int) -> list[Quarantine]:
    return [entry for entry in entries if now_ns < entry.until_ns]
