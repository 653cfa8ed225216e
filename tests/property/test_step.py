"""The ten properties of the policy, over any sequence of events.

A small world answers the actions as the operating system would: a spawn makes a process or fails, a
KILL ends it, and in between anything may happen in any order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from powertraderd.settings import SupervisorSettings
from powertraderd.supervision.limits import NS, Policy
from powertraderd.supervision.policy import step
from powertraderd.supervision.states import (
    Action,
    Event,
    Exited,
    Judged,
    Kill,
    KillAsked,
    Life,
    Log,
    RestartAsked,
    Spawn,
    Spawned,
    SpawnFailed,
    Stalled,
    StartAsked,
    StopAsked,
    Terminate,
    Tick,
    Unpark,
    WorkerState,
)
from powertraderd.supervision.verdict import Alive, CycleOverrun, Hung, Mute, Starting

POLICY = Policy.of(SupervisorSettings(), trader=True)
FOREIGN = 999_999

jitters = st.floats(0, 1)
verdicts = st.one_of(
    st.builds(Alive, st.integers(0, 9)),
    st.just(Starting()),
    st.builds(Hung, st.just("call"), st.integers(1, 9), st.sampled_from(["", "a", "b"])),
    st.builds(CycleOverrun, st.just("call"), st.integers(1, 9), st.just("")),
    st.builds(Mute, st.just("page unreadable")),
)
commands = st.one_of(
    st.just(StartAsked()),
    st.builds(StopAsked, st.booleans()),
    st.just(RestartAsked()),
    st.just(KillAsked()),
    st.just(Unpark()),
)
exits = st.builds(
    lambda code, signal, jitter: Exited(0, None if signal else code, signal or None, jitter),
    st.sampled_from([0, 1, 70, 75, 77, 78, 255]),
    st.sampled_from([0, 0, 9, 15]),
    jitters,
)
happenings = st.one_of(
    commands, st.builds(Judged, st.just(0), verdicts), exits, st.just(Tick()), st.just(Tick())
)
pauses = st.one_of(st.integers(0, 3 * NS), st.integers(0, 700 * NS))
stories = st.lists(st.tuples(pauses, happenings, st.booleans(), jitters), max_size=60)
# Restarts come thick and fast when there is nothing but deaths and time.
doom = st.lists(
    st.tuples(st.integers(0, 70 * NS), st.one_of(exits, st.just(Tick())), st.booleans(), jitters),
    max_size=120,
)


@dataclass
class World:
    """Feeds events, answers spawns, and keeps what it saw."""

    policy: Policy = POLICY
    now_ns: int = 0
    state: WorkerState = field(default_factory=WorkerState)
    alive: set[int] = field(default_factory=set)
    pid: int = 100
    spawned_at: list[int] = field(default_factory=list)
    acts: list[tuple[int, Action]] = field(default_factory=list)

    def feed(self, event: Event, *, spawn_works: bool = True, jitter: float = 0.0) -> None:
        """Let ``event`` happen now, to the worker's own process unless it names another."""
        if isinstance(event, Judged | Exited) and not event.pid:
            event = replace(event, pid=self.state.pid or FOREIGN)
        if isinstance(event, Exited):
            self.alive.discard(event.pid)
        self.state, actions = step(self.state, event, self.now_ns, self.policy)
        self.acts += [(self.now_ns, a) for a in actions if not isinstance(a, Log)]
        for action in actions:
            if isinstance(action, Spawn):
                self.spawn(action, works=spawn_works, jitter=jitter)

    def spawn(self, action: Spawn, *, works: bool, jitter: float) -> None:
        """Be the operating system."""
        self.spawned_at.append(self.now_ns)
        assert not self.alive, "two incarnations"
        if not works:
            self.feed(SpawnFailed("EAGAIN", jitter))
            return
        self.pid += 1
        self.alive.add(self.pid)
        self.feed(Spawned(self.pid, action.incarnation))

    def play(self, story: Sequence[tuple[int, Event, bool, float]]) -> None:
        """Tell the whole story."""
        for pause_ns, event, spawn_works, jitter in story:
            self.now_ns += pause_ns
            self.feed(event, spawn_works=spawn_works, jitter=jitter)


@given(stories)
def test_there_are_never_two_live_incarnations(
    story: Sequence[tuple[int, Event, bool, float]],
) -> None:
    """A spawn comes only after the process before it was reaped."""
    world = World()
    world.play(story)  # the world asserts it at each spawn
    assert len(world.alive) <= 1
    assert world.state.pid in (world.alive or {0})


@given(stories, happenings)
def test_nothing_is_spawned_while_stopped_stopping_parked_or_unkillable(
    story: Sequence[tuple[int, Event, bool, float]], event: Event
) -> None:
    """Only commands lead out of rest, and only the reaping of the old process out of the others."""
    world = World()
    world.play(story)
    life, pid = world.state.life, world.state.pid
    if isinstance(event, Judged | Exited):
        event = replace(event, pid=pid or FOREIGN)
    _, actions = step(world.state, event, world.now_ns, POLICY)
    if not any(isinstance(action, Spawn) for action in actions):
        return
    allowed = {
        Life.STOPPED: (StartAsked, RestartAsked),
        Life.BACKOFF: (Tick, StartAsked, RestartAsked),
        Life.PARKED: (Unpark,),
        Life.STOPPING: (Exited,),
        Life.STARTING: (),
        Life.RUNNING: (),
        Life.UNKILLABLE: (),
    }
    assert isinstance(event, allowed[life])


@given(stories, stories)
def test_after_a_hang_a_kill_comes_in_bounded_time_whatever_happens_next(
    before: Sequence[tuple[int, Event, bool, float]],
    after: Sequence[tuple[int, Event, bool, float]],
) -> None:
    """No command and no later sign of life calls it off; only death does."""
    world = World()
    world.play(before)
    pid = world.state.pid
    if not pid or world.state.life is Life.UNKILLABLE:
        return
    killed_before = any(act == Kill(pid) for _, act in world.acts)
    world.feed(Judged(pid, Hung("call", 1, "")))
    deadline_ns = world.now_ns + POLICY.kill_ns
    for pause_ns, event, _, _ in after:
        if isinstance(event, Exited) or world.now_ns + pause_ns > deadline_ns:
            break
        world.now_ns += pause_ns
        world.feed(event)
    world.now_ns = deadline_ns
    world.feed(Tick())
    assert killed_before or any(act == Kill(pid) for _, act in world.acts)


@given(st.integers(0, 10**6), jitters)
def test_every_pause_lies_between_base_and_cap(attempt: int, jitter: float) -> None:
    """Whatever the jitter, however often it died."""
    waiting = WorkerState(life=Life.STARTING, wanted=True, attempt=attempt)
    state, _ = step(waiting, SpawnFailed("EAGAIN", jitter), 5, POLICY)
    assert POLICY.backoff.base_ns <= state.retry_ns - 5 <= POLICY.backoff.cap_ns


@settings(max_examples=200)
@given(doom)
def test_spawns_in_any_ten_minutes_are_bounded(
    story: Sequence[tuple[int, Event, bool, float]],
) -> None:
    """Counted deaths by the breaker and one safe start; uncounted ones by the pauses."""
    counted: list[tuple[int, Event, bool, float]] = [
        (t, replace(e, code=1), True, j) if isinstance(e, Exited) else (t, e, True, j)
        for t, e, _, j in story
    ]
    world = World()
    world.feed(StartAsked())
    world.play(counted)
    for start_ns in world.spawned_at:
        window = [at for at in world.spawned_at if 0 <= at - start_ns < POLICY.fast.length_ns]
        assert len(window) <= POLICY.fast.limit + 1
    anything = World()
    anything.feed(StartAsked())
    anything.play(story)
    gaps = zip(anything.spawned_at, anything.spawned_at[1:], strict=False)
    assert all(later - earlier >= POLICY.backoff.base_ns for earlier, later in gaps)


@given(st.lists(st.tuples(pauses, exits), max_size=40))
def test_commanded_restarts_spend_no_budget(story: list[tuple[int, Exited]]) -> None:
    """However often and however badly it leaves when it was asked to."""
    world = World()
    world.feed(StartAsked())
    for pause_ns, exited in story:
        world.now_ns += pause_ns
        world.feed(RestartAsked())
        world.feed(exited)
    assert world.state.life is Life.STARTING
    assert (world.state.deaths, world.state.attempt) == ((), 0)


@given(stories)
def test_a_quick_stop_reaches_stopped_from_every_state(
    story: Sequence[tuple[int, Event, bool, float]],
) -> None:
    """In the time of the ladder, when KILL kills."""
    world = World()
    world.play(story)
    asked_ns = world.now_ns
    unkillable = world.state.life is Life.UNKILLABLE
    world.feed(StopAsked(quick=True))
    world.now_ns = asked_ns + POLICY.kill_ns
    world.feed(Tick())
    if world.state.pid:
        assert unkillable or any(act == Kill(world.state.pid) for _, act in world.acts)
        world.feed(Exited(world.state.pid, None, 9, 0.0))
    assert world.state.life is Life.STOPPED
    assert not world.alive


@given(stories, st.integers(1, 10**18))
def test_shifting_all_times_changes_nothing(
    story: Sequence[tuple[int, Event, bool, float]], shift_ns: int
) -> None:
    """Machine time has no zero that means anything."""
    world, shifted = World(), World(now_ns=shift_ns)
    world.play(story)
    shifted.play(story)
    assert [(at + shift_ns, act) for at, act in world.acts] == shifted.acts
    assert world.state.life is shifted.state.life


@given(st.integers(0, 3 * NS), st.integers(1, 100 * NS), st.booleans())
def test_a_gap_of_the_supervisor_delays_each_kill_by_at_least_the_gap(
    into_ns: int,
    gap_ns: int,
    hang: bool,  # noqa: FBT001 - drawn
) -> None:
    """A stop of ours is no lateness of the worker's."""

    def signals(gap_ns: int) -> list[int]:
        world = World()
        world.feed(StartAsked())
        pid = world.state.pid
        world.feed(Judged(pid, Hung("call", 1, "")) if hang else StopAsked())
        world.now_ns = into_ns
        world.feed(Tick())
        early = len(world.acts)
        world.now_ns += gap_ns
        world.feed(Stalled(gap_ns))
        while world.state.ladder and world.state.life is Life.STOPPING:
            world.now_ns = max(world.now_ns, world.state.ladder[0][0])
            world.feed(Tick())
        return [at for at, act in world.acts[early:] if isinstance(act, Kill | Terminate)]

    punctual, stalled = signals(0), signals(gap_ns)
    assert len(punctual) == len(stalled)
    assert all(b - a >= gap_ns for a, b in zip(punctual, stalled, strict=True))


@given(stories, st.integers(1, 50), exits, verdicts)
def test_foreign_pids_change_nothing(
    story: Sequence[tuple[int, Event, bool, float]],
    stranger: int,
    exited: Exited,
    verdict: Alive | Starting | Hung | CycleOverrun | Mute,
) -> None:
    """Children that we do not know, and verdicts that come too late."""
    world = World()
    world.play(story)
    for event in (replace(exited, pid=stranger), Judged(stranger, verdict)):
        assert step(world.state, event, world.now_ns, POLICY) == (world.state, ())
