"""The life of a worker, step by step, in seconds."""

import pytest

from powertraderd.settings import SupervisorSettings
from powertraderd.supervision.limits import NS, Policy
from powertraderd.supervision.policy import next_due_ns, step
from powertraderd.supervision.quarantine import Quarantine
from powertraderd.supervision.states import (
    Action,
    Drain,
    Dump,
    Event,
    Exited,
    ExitSupervisor,
    Judged,
    Kill,
    KillAsked,
    Life,
    Log,
    Reason,
    RestartAsked,
    Rung,
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

SETTINGS = SupervisorSettings()
TRADER = Policy.of(SETTINGS, trader=True)
OTHER = Policy.of(SETTINGS, trader=False)
HUNG = Hung("coinbase.get_order", 2 * NS, "order 1")
HUNG_ON_NOTHING = Hung("ledger.commit", 2 * NS, "")


class Worker:
    """A worker driven by hand; ``acts`` are the actions of the last event, logs left out."""

    def __init__(self, policy: Policy = OTHER) -> None:
        """Begin stopped at second 0."""
        self.policy = policy
        self.state = WorkerState()
        self.acts: tuple[Action, ...] = ()
        self.logs: dict[str, Log] = {}

    def at(self, second: float, *events: Event) -> "Worker":
        """Let ``events`` happen at ``second``."""
        self.acts, self.logs = (), {}
        for event in events:
            self.state, actions = step(self.state, event, int(second * NS), self.policy)
            self.acts += tuple(action for action in actions if not isinstance(action, Log))
            self.logs |= {action.event: action for action in actions if isinstance(action, Log)}
        return self

    def where(self) -> Life:
        """The state's life, read anew."""
        return self.state.life

    def counted(self) -> tuple[int, ...]:
        """The deaths on record, read anew."""
        return self.state.deaths

    def born(self, second: float, pid: int = 50) -> "Worker":
        """Spawn answered."""
        return self.at(second, Spawned(pid, self.state.incarnation))

    def running(self, second: float = 0, pid: int = 50) -> "Worker":
        """Started, born and found alive at ``second``."""
        self.at(second, StartAsked()).born(second, pid)
        return self.at(second, Judged(pid, Alive(0)))

    def dies(self, second: float, code: int | None = 1, signal: int | None = None) -> "Worker":
        """The process is reaped, with no jitter."""
        return self.at(second, Exited(self.state.pid, code, signal, 0.0))

    def crash_loop(self, times: int, second: float = 0) -> float:
        """Let it die right after each of ``times`` starts; the time after the last death."""
        for _ in range(times):
            if self.state.life is Life.BACKOFF:
                second = self.state.retry_ns / NS
                self.at(second, Tick())
            self.born(second).dies(second)
        return second


def test_a_start_spawns_waits_for_ready_and_then_runs() -> None:
    """STOPPED, STARTING, RUNNING."""
    life = Worker().at(0, StartAsked())
    assert (life.state.life, life.acts) == (Life.STARTING, (Spawn(1, safe_mode=False),))
    life.born(0).at(1, Judged(50, Starting()))
    assert (life.state.life, life.state.pid) == (Life.STARTING, 50)
    life.at(2, Judged(50, Alive(0)))
    assert life.where() is Life.RUNNING
    assert dict(life.logs["worker_ready"].fields) == {"after_s": 2.0, "safe_mode": False}


@pytest.mark.parametrize(
    ("verdict", "cause", "logged"),
    [
        (HUNG, Reason.HUNG, "worker_hung"),
        (CycleOverrun("idle", 5, ""), Reason.OVERRUN, "worker_overrun"),
        (Mute("page unreadable"), Reason.MUTE, "worker_mute"),
        (Hung("", 5, ""), Reason.HUNG, "worker_hung"),
    ],
)
def test_a_broken_promise_is_followed_by_dump_term_kill_and_giving_up(
    verdict: Hung | CycleOverrun | Mute, cause: Reason, logged: str
) -> None:
    """At 0, +1, +3 and +5 s from the verdict; the supervisor leaves 30 s later."""
    life = Worker().running().at(100, Judged(50, verdict))
    assert (life.state.life, life.state.cause) == (Life.STOPPING, cause)
    assert life.acts == (Dump(50),)
    assert logged in life.logs
    assert life.at(100.9, Tick()).acts == ()
    assert life.at(101, Tick()).acts == (Terminate(50),)
    assert life.at(102.9, Judged(50, verdict), Judged(50, Alive(1)), Tick()).acts == ()
    assert life.at(103, Tick()).acts == (Kill(50),)
    assert life.at(105, Tick()).state.life is Life.UNKILLABLE
    assert "worker_unkillable" in life.logs
    assert life.at(134.9, Tick()).acts == ()
    assert life.at(135, Tick()).acts == (ExitSupervisor(70),)
    assert life.at(900, Tick()).acts == ()


def test_a_late_tick_takes_every_rung_that_is_due_in_order() -> None:
    """A busy supervisor does not skip TERM."""
    life = Worker().running().at(100, Judged(50, HUNG)).at(104, Tick())
    assert life.acts == (Terminate(50), Kill(50))


def test_an_unkillable_worker_gets_no_replacement_until_it_is_reaped() -> None:
    """And when it is, life goes on by the ordinary rules."""
    life = Worker().running().at(0, Judged(50, HUNG_ON_NOTHING)).at(5, Tick())
    asked = (StartAsked(), RestartAsked(), Unpark(), Spawned(51, 1), SpawnFailed("", 0.0), Tick())
    assert life.at(6, *asked, Judged(50, Alive(1))).acts == ()
    assert life.where() is Life.UNKILLABLE
    assert life.dies(7, None, 9).state.life is Life.BACKOFF
    assert next_due_ns(life.state) == 8 * NS


def test_an_unkillable_worker_that_is_not_wanted_any_more_ends_stopped() -> None:
    """The stop is remembered."""
    life = Worker().running().at(0, Judged(50, HUNG)).at(5, Tick()).at(6, StopAsked(quick=True))
    assert (life.state.life, life.acts) == (Life.UNKILLABLE, ())
    assert life.dies(7, None, 9).state.life is Life.STOPPED


@pytest.mark.parametrize(("policy", "grace"), [(OTHER, 10), (TRADER, 25)])
def test_a_stop_drains_then_terminates_and_kills_only_at_the_grace(
    policy: Policy, grace: int
) -> None:
    """The trader gets longer, for it may have an exchange call to finish."""
    life = Worker(policy).running().at(0, StopAsked())
    assert (life.state.life, life.acts) == (Life.STOPPING, (Drain(50),))
    assert life.at(1, Tick()).acts == (Terminate(50),)
    assert life.at(grace - 0.1, Tick()).acts == ()
    assert life.at(grace, Tick()).acts == (Kill(50),)
    assert life.at(grace + 2, Tick()).state.life is Life.UNKILLABLE


def test_a_quick_stop_terminates_at_once_and_kills_soon() -> None:
    """No draining worth waiting for: TERM now, KILL two seconds later."""
    life = Worker(TRADER).running().at(0, StopAsked(quick=True))
    assert life.acts == (Drain(50), Terminate(50))
    assert life.at(2, Tick()).acts == (Kill(50),)


def test_a_kill_that_is_asked_for_is_at_once_and_a_successor_follows_unpunished() -> None:
    """Whatever it was doing: one command, one death, no count."""
    life = Worker(TRADER).running().at(5, KillAsked())
    assert (life.where(), life.acts) == (Life.STOPPING, (Drain(50), Kill(50)))
    assert life.state.ladder == ((7 * NS, Rung.GIVE_UP),)
    life.dies(5.1, code=None, signal=9)
    assert (life.where(), life.acts) == (Life.STARTING, (Spawn(2, safe_mode=False),))
    assert life.counted() == ()


def test_a_kill_that_is_asked_for_hurries_who_is_leaving_or_hangs() -> None:
    """And takes nobody back who was to stay away."""
    stopping = Worker().running().at(1, StopAsked()).at(2, KillAsked())
    assert stopping.acts == (Kill(50),)
    assert stopping.dies(2.1, code=None, signal=9).where() is Life.STOPPED
    hung = Worker().running().at(1, Judged(50, HUNG)).at(1.1, KillAsked())
    assert hung.acts == (Kill(50),)
    hung.dies(1.2, code=None, signal=9)
    assert hung.state.last_death
    assert hung.state.last_death.reason is Reason.HUNG


@pytest.mark.parametrize("life", [Life.STOPPED, Life.BACKOFF, Life.PARKED, Life.UNKILLABLE])
def test_a_kill_asked_for_where_there_is_nothing_to_kill_changes_nothing(life: Life) -> None:
    """No process, or one that cannot be killed."""
    worker = Worker()
    worker.state = WorkerState(life=life)
    assert worker.at(1, KillAsked()).acts == ()
    assert worker.where() is life


def test_a_second_stop_that_is_quick_shortens_the_first() -> None:
    """As a second SIGTERM to the supervisor does; TERM is not sent twice."""
    life = Worker(TRADER).running().at(0, StopAsked()).at(1, Tick()).at(5, StopAsked(quick=True))
    assert life.acts == ()
    assert life.at(7, Tick()).acts == (Kill(50),)


def test_a_quick_stop_never_puts_off_a_kill_that_is_coming() -> None:
    """Whoever hung is dead in three seconds, whatever else is asked."""
    life = Worker().running().at(0, Judged(50, HUNG)).at(2.5, StopAsked(quick=True))
    assert life.acts == (Terminate(50),)
    assert life.at(3, Tick()).acts == (Kill(50),)
    assert life.dies(3, None, 9).state.life is Life.STOPPED


def test_a_worker_that_hangs_while_it_drains_is_killed_as_after_a_hang() -> None:
    """Its deadline holds to the end; but the death stays a commanded one."""
    life = Worker(TRADER).running().at(0, RestartAsked()).at(5, Tick(), Judged(50, HUNG))
    assert life.acts == (Terminate(50), Dump(50))
    assert life.at(8, Tick()).acts == (Kill(50),)
    assert life.dies(8, None, 9).acts == (Spawn(2, safe_mode=False),)
    assert life.counted() == ()


@pytest.mark.parametrize("life", [Life.STOPPED, Life.BACKOFF, Life.PARKED])
def test_a_stop_without_a_process_is_done_at_once(life: Life) -> None:
    """There is nobody to ask."""
    state, actions = step(WorkerState(life=life, wanted=True), StopAsked(), 5, OTHER)
    assert (state.life, state.wanted, actions) == (Life.STOPPED, False, ())


def test_a_worker_asked_to_leave_before_it_was_born_leaves_after_birth() -> None:
    """The spawn is on its way and cannot be called back."""
    life = Worker().at(0, StartAsked(), StopAsked(quick=True))
    assert (life.state.life, life.state.pid) == (Life.STOPPING, 0)
    life.born(0)
    assert (life.state.life, life.acts) == (Life.STOPPING, (Drain(50),))
    assert life.dies(1, 0).state.life is Life.STOPPED


def test_a_failed_birth_of_an_unwanted_worker_ends_stopped() -> None:
    """No pause for a start that nobody wants any more."""
    life = Worker().at(0, StartAsked(), StopAsked(), SpawnFailed("EAGAIN", 0.5))
    assert life.where() is Life.STOPPED


def test_a_failed_birth_pauses_with_growing_delay_and_is_not_counted() -> None:
    """A machine short of processes is no fault of the worker's."""
    life = Worker().at(0, StartAsked())
    for attempt, pause in enumerate((1, 2, 4, 8, 16, 32, 60, 60), start=1):
        life.at(0, SpawnFailed("EAGAIN", 1.0))
        assert dict(life.logs["worker_backoff"].fields) == {"delay_s": pause, "attempt": attempt}
        life.at(pause, Tick())
        assert life.acts == (Spawn(attempt + 1, safe_mode=False),)
    assert life.counted() == ()
    assert life.state.restarts == ((Reason.SPAWN_FAILED, 8),)


def test_a_restart_begins_a_fresh_incarnation_and_spends_no_budget() -> None:
    """Commanded deaths never count."""
    life = Worker().running()
    for pid in range(60, 90):
        life.at(1, RestartAsked()).dies(2, 0)
        assert life.acts == (Spawn(life.state.incarnation, safe_mode=False),)
        life.born(2, pid).at(2, Judged(pid, Alive(0)))
    assert (life.state.life, life.state.deaths, life.state.attempt) == (Life.RUNNING, (), 0)


@pytest.mark.parametrize("life", [Life.STOPPED, Life.BACKOFF])
@pytest.mark.parametrize("event", [StartAsked(), RestartAsked()])
def test_whoever_has_no_process_is_started_at_once_when_asked(life: Life, event: Event) -> None:
    """A person does not wait for the pause."""
    state, actions = step(WorkerState(life=life, incarnation=4), event, 5, OTHER)
    assert (state.life, actions) == (Life.STARTING, (Spawn(5, safe_mode=False),))


def test_the_last_command_wins_while_a_worker_is_leaving() -> None:
    """Stop, then start: it comes back. Start, then stop: it does not."""
    life = Worker().running().at(0, StopAsked(), RestartAsked()).dies(1, 0)
    assert life.where() is Life.STARTING
    life = Worker().running().at(0, RestartAsked(), StopAsked()).dies(1, 0)
    assert life.where() is Life.STOPPED


@pytest.mark.parametrize(
    ("code", "signal", "reason"),
    [
        (0, None, Reason.CLEAN),
        (1, None, Reason.CRASHED),
        (70, None, Reason.CRASHED),
        (None, 9, Reason.SIGNALLED),
    ],
)
def test_an_unexplained_death_is_counted_and_followed_by_a_pause(
    code: int | None, signal: int | None, reason: Reason
) -> None:
    """Also a clean exit: nobody had asked for it."""
    life = Worker().running().dies(5, code, signal)
    assert (life.state.life, life.state.deaths) == (Life.BACKOFF, (5 * NS,))
    assert life.state.last_death is not None
    assert life.state.last_death.reason is reason
    assert life.at(5.9, Tick()).acts == ()
    assert life.at(6, Tick()).acts == (Spawn(2, safe_mode=False),)


def test_a_temporary_failure_pauses_but_never_parks() -> None:
    """An outage of the exchange at start-up must park nobody."""
    life = Worker().at(0, StartAsked())
    second = 0.0
    for _ in range(40):
        life.born(second).at(second, Exited(50, 75, None, 1.0))
        second = life.state.retry_ns / NS
        life.at(second, Tick())
    assert (life.state.life, life.state.deaths) == (Life.STARTING, ())
    assert second > 30 * 60


@pytest.mark.parametrize(("code", "word"), [(78, "config"), (77, "credentials")])
def test_bad_settings_and_bad_keys_park_at_once(code: int, word: str) -> None:
    """A restart would not mend them."""
    life = Worker().running().dies(1, code)
    assert (life.state.life, life.acts) == (Life.PARKED, ())
    assert life.state.parked_because == f"exit code {code} ({word})"
    assert life.logs["worker_parked"].level == "critical"


def test_a_parked_worker_starts_by_unpark_only() -> None:
    """Start and restart are refused with the reason."""
    life = Worker().running().dies(1, 78)
    for event in (StartAsked(), RestartAsked()):
        assert life.at(2, event).acts == ()
        assert dict(life.logs["worker_start_refused"].fields) == {"why": "exit code 78 (config)"}
    assert life.at(9_000, Tick()).acts == ()
    life.at(9_001, Unpark())
    assert (life.state.life, life.acts) == (Life.STARTING, (Spawn(2, safe_mode=False),))
    assert life.state.parked_because == ""


def test_five_deaths_in_ten_minutes_park() -> None:
    """Never a sixth start."""
    life = Worker().at(0, StartAsked())
    life.crash_loop(4)
    assert life.where() is Life.BACKOFF
    life.crash_loop(1)
    assert life.where() is Life.PARKED
    assert life.state.incarnation == 5


def test_twenty_deaths_in_a_day_park() -> None:
    """A death every twenty minutes is not stable either."""
    life = Worker().running()
    for number in range(1, 20):
        life.dies(number * 1200)
        life.at(number * 1200 + 60, Tick()).born(number * 1200 + 60)
    assert life.where() is Life.STARTING
    life.dies(20 * 1200)
    assert life.where() is Life.PARKED
    assert life.state.incarnation == 20


def test_deaths_older_than_a_day_are_forgotten() -> None:
    """The memory is bounded."""
    life = Worker().running().dies(0).at(60, Tick()).born(60).dies(86_400)
    assert life.counted() == (86_400 * NS,)


def test_the_trader_gets_one_start_in_safe_mode_and_is_then_parked() -> None:
    """Five deaths, one safe start, parked: six starts in all."""
    life = Worker(TRADER).at(0, StartAsked())
    second = life.crash_loop(5)
    assert (life.state.life, life.state.safe_mode) == (Life.BACKOFF, True)
    assert "worker_safe_mode" in life.logs
    life.at(second + 60, Tick())
    assert life.acts == (Spawn(6, safe_mode=True),)
    life.born(second + 60).dies(second + 61)
    assert life.where() is Life.PARKED
    life.at(second + 62, Unpark())
    assert (life.state.safe_mode, life.state.deaths) == (False, ())


def test_safe_mode_outlives_a_restart_and_ends_by_unpark() -> None:
    """Nobody leaves safe mode by dying."""
    life = Worker(TRADER).at(0, StartAsked())
    second = life.crash_loop(5) + 60
    life.at(second, Tick()).born(second).at(second, Judged(50, Alive(0)), RestartAsked())
    assert life.dies(second, 0).acts == (Spawn(7, safe_mode=True),)
    life.born(second).at(second, Judged(50, Alive(0)), Unpark())
    assert (life.state.life, life.acts) == (Life.STOPPING, (Drain(50),))
    assert life.dies(second, 0).acts == (Spawn(8, safe_mode=False),)


def test_unpark_of_a_worker_in_good_standing_only_forgets() -> None:
    """No restart for nothing."""
    life = Worker().running().dies(1).at(2, Tick()).born(2).at(3, Unpark())
    assert (life.acts, life.state.deaths, life.state.attempt) == ((), (), 0)


@pytest.mark.parametrize(
    ("found", "second", "attempt"),
    [(Alive(0), 999, 1), (Alive(1), 600, 1), (Alive(1), 601, 0)],
)
def test_the_pause_shrinks_again_only_after_ten_minutes_and_a_completed_cycle(
    found: Alive, second: float, attempt: int
) -> None:
    """Being up is not the same as working."""
    life = Worker().running().dies(0).at(1, Tick()).born(1).at(1, Judged(50, Alive(0)))
    life.at(second, Judged(50, found))
    assert life.state.attempt == attempt


def test_a_draining_worker_does_not_become_stable() -> None:
    """Ten minutes count while RUNNING."""
    state = WorkerState(life=Life.STOPPING, pid=50, attempt=3, cause=Reason.ASKED)
    state, _ = step(state, Judged(50, Alive(9)), 10**15, OTHER)
    assert state.attempt == 3


def test_a_hang_on_one_order_is_excused_once_and_the_call_quarantined() -> None:
    """One bad order cannot trip the breaker; ignoring the quarantine can."""
    life = Worker(TRADER).running().at(10, Judged(50, HUNG)).dies(13, None, 9)
    assert life.counted() == ()
    assert life.state.quarantines == (
        Quarantine("coinbase.get_order", "order 1", 13 * NS + 60 * NS, 1),
    )
    life.at(14, Tick()).born(14).at(20, Judged(50, HUNG)).dies(23, None, 9)
    assert life.counted() == (23 * NS,)
    assert life.state.quarantines[0].strikes == 2
    life.at(25, Tick()).born(25).at(500, Judged(50, HUNG)).dies(503, None, 9)
    assert life.counted() == (23 * NS,)


def test_a_hang_on_nothing_in_particular_is_counted() -> None:
    """There is no call to keep away from."""
    life = Worker().running().at(10, Judged(50, HUNG_ON_NOTHING)).dies(13, None, 9)
    assert (life.state.deaths, life.state.quarantines) == ((13 * NS,), ())


def test_our_own_stall_puts_off_every_rung() -> None:
    """The worker could not be heard while we stood still."""
    life = Worker().running().at(10, Judged(50, HUNG)).at(15, Stalled(5 * NS))
    assert life.state.ladder == (
        (16 * NS, Rung.TERMINATE),
        (18 * NS, Rung.KILL),
        (20 * NS, Rung.GIVE_UP),
    )
    assert next_due_ns(life.state) == 16 * NS


@pytest.mark.parametrize(
    "event",
    [
        Judged(51, HUNG),
        Exited(51, 3, None, 0.0),
        Spawned(51, 9),
        SpawnFailed("late", 0.0),
        StartAsked(),
        Tick(),
    ],
)
def test_what_concerns_another_process_changes_nothing(event: Event) -> None:
    """A foreign child's exit code must not halt the supervisor."""
    life = Worker().running()
    before = life.state
    assert life.at(5, event).acts == ()
    assert life.state == before


def test_an_exit_without_a_process_changes_nothing() -> None:
    """Pid 0 is nobody."""
    state = WorkerState()
    assert step(state, Exited(0, 1, None, 0.0), 5, OTHER) == (state, ())


def test_a_spawn_is_answered_only_by_its_own_incarnation() -> None:
    """A mix-up would leave a process that nobody reaps."""
    life = Worker().at(0, StartAsked(), Spawned(50, 2))
    assert life.state.pid == 0


def test_nothing_is_due_for_a_worker_at_rest() -> None:
    """The loop may sleep its full second."""
    assert next_due_ns(WorkerState()) is None


def test_a_ladder_out_of_order_in_the_settings_is_put_in_order() -> None:
    """KILL is never before TERM, giving up never before KILL."""
    settings = SETTINGS.model_copy(
        update={"ladder_term": 9.0, "ladder_kill": 3.0, "ladder_unkillable": 5.0, "stop_grace": 1.0}
    )
    odd = Policy.of(settings, trader=False)
    assert (odd.term_ns, odd.kill_ns, odd.give_up_ns, odd.stop_grace_ns) == (
        9 * NS,
        9 * NS,
        9 * NS,
        9 * NS,
    )
