"""A real worker process, with the test in the supervisor's place."""

import signal
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from powertraderd.supervision.page import Page
from powertraderd.supervision.quarantine import Quarantine
from powertraderd.supervision.spawn import Child
from powertraderd.testing.stage import Stage, hear, page_of, told

FAR_NS = 10**18


def _command(verb: str, request_id: str = "r1", expires_ns: int = FAR_NS) -> dict[str, Any]:
    args = {"buy": {"coin": "BTC", "usd": "10"}, "sell": {"coin": "BTC", "all": True}}
    return {
        "type": "command",
        "id": request_id,
        "verb": verb,
        "args": args.get(verb, {}),
        "expires_ns": expires_ns,
        "uid": 5,
    }


def _answer(child: Child) -> dict[str, Any]:
    return hear(child.channel, lambda message: message["type"] == "answer")


def test_a_worker_gets_what_the_start_message_says(stage: Stage) -> None:
    """Settings, market clock, trading state, the last page and the quarantine of its role."""
    last = Page(2, phase="coinbase.get_order", detail="order 17")
    child = stage.perform(
        "",
        clock={
            "kind": "accelerated",
            "start": "2024-01-01T00:00:00+00:00",
            "speed": 3600.0,
            "origin_ns": time.monotonic_ns(),
        },
        last_page=asdict(last),
        quarantine=[asdict(Quarantine("coinbase.get_order", "order 17", FAR_NS, 1))],
    )
    report = told(child, "start")
    assert report["role"] == ["BTC", "ETH"]
    assert report["trading"] == [True, False]
    assert (report["last_phase"], report["quarantined"]) == ("coinbase.get_order", ["order 17"])
    elapsed = datetime.fromisoformat(report["market"]) - datetime(2024, 1, 1, tzinfo=UTC)
    assert timedelta(0) < elapsed < timedelta(days=2)


def test_a_worker_is_born_with_five_descriptors_and_no_foreign_variable(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F19: 0, 1, 2, page and channel were inherited; the rest it opened itself."""
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    report = told(stage.perform(""), "start")
    names = set(report["environment"])
    assert not names & {"NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY", "AWS_SECRET_ACCESS_KEY"}
    assert "OMP_NUM_THREADS" in names
    trader = told(stage.perform("", role="trader"), "start")
    assert "CREDENTIALS_DIRECTORY" in trader["environment"], "only the trader holds the key"


def test_ready_is_on_the_page_and_wakes_the_supervisor(stage: Stage) -> None:
    """The page is what counts; the message is the bell."""
    child = stage.perform("")
    hear(child.channel, lambda message: message["type"] == "ready")
    page = page_of(child, "idle")
    assert (page.ready, page.loops, page.incarnation) == (True, 1, 3)
    assert page.phase_deadline_ns - page.phase_started_ns == 62_000_000_000, "a minute and slack"


def test_drain_ends_a_pause_at_once_and_leaves_cleanly(stage: Stage) -> None:
    """Finish the cycle, close, exit 0."""
    child = stage.perform("")
    page_of(child, "idle")
    child.channel.send({"type": "drain"})
    told(child, "close")
    assert child.process.wait(10) == 0


def test_sigterm_means_drain(stage: Stage) -> None:
    """Also in the middle of a long pause."""
    child = stage.perform("")
    page_of(child, "idle")
    child.signal(signal.SIGTERM)
    told(child, "close")
    assert child.process.wait(10) == 0


def test_a_role_that_polls_learns_that_it_should_end_its_cycle(stage: Stage) -> None:
    """A cycle of half an hour can end between two coins."""
    child = stage.perform("polls")
    told(child, "cycle")
    child.channel.send({"type": "drain"})
    told(child, "close")
    assert child.process.wait(10) == 0


@pytest.mark.parametrize("behaviour", ["", "polls"])
def test_a_command_is_acknowledged_done_and_answered(stage: Stage, behaviour: str) -> None:
    """In a pause as well as between two coins of a cycle."""
    child = stage.perform(behaviour)
    told(child, "cycle")
    child.channel.send(_command("buy"))
    hear(child.channel, lambda message: message == {"type": "ack", "id": "r1"})
    answer = _answer(child)
    assert (answer["id"], answer["ok"], answer["code"]) == ("r1", True, "ok")
    assert "usd=Decimal('10')" in answer["data"]["args"]


def test_two_commands_are_done_one_after_the_other(stage: Stage) -> None:
    """Even though doing one polls for messages."""
    child = stage.perform("polls")
    told(child, "cycle")
    child.channel.send(_command("buy", "first"))
    child.channel.send(_command("buy", "second"))
    seen = [
        hear(child.channel, lambda message: message["type"] in {"ack", "answer"}) for _ in range(4)
    ]
    assert [(message["type"], message["id"]) for message in seen] == [
        ("ack", "first"),
        ("answer", "first"),
        ("ack", "second"),
        ("answer", "second"),
    ]


def test_an_expired_command_is_neither_acknowledged_nor_done(stage: Stage) -> None:
    """The client was told by then that nobody took it up."""
    child = stage.perform("")
    page_of(child, "idle")
    child.channel.send(_command("buy", "late", expires_ns=1))
    child.channel.send(_command("buy", "in-time"))
    acked = hear(child.channel, lambda message: message["type"] == "ack")
    assert acked["id"] == "in-time"


def test_an_outage_during_a_command_is_an_answer(stage: Stage) -> None:
    """And the worker goes on."""
    child = stage.perform("")
    child.channel.send(_command("reconcile"))
    answer = _answer(child)
    assert (answer["ok"], answer["code"]) == (False, "exchange_unavailable")
    child.channel.send(_command("buy", "next"))
    assert _answer(child)["ok"]


def test_a_command_that_breaks_the_role_is_answered_before_the_worker_starts_afresh(
    stage: Stage,
) -> None:
    """Nobody waits in vain, and a state that nobody understands is not traded on."""
    child = stage.perform("")
    child.channel.send(_command("sell"))
    answer = _answer(child)
    assert answer["code"] == "internal"
    assert "not like that" in answer["message"]
    assert child.process.wait(10) == 70


def test_an_outage_in_a_cycle_is_progress(stage: Stage) -> None:
    """The cycle counts as completed, and is tried again a little later."""
    child = stage.perform("outage")
    for number in (1, 2, 3):
        assert told(child, "cycle")["number"] == number
    assert page_of(child, "idle").loops == 3


@pytest.mark.parametrize(
    ("behaviour", "code"), [("rejected", 77), ("bug", 70), ("broken_books", 70)]
)
def test_exit_codes_say_what_is_to_be_done(stage: Stage, behaviour: str, code: int) -> None:
    """77 parks, 70 is restarted."""
    assert stage.perform(behaviour).process.wait(20) == code


def test_broken_books_ask_for_a_halt_before_the_worker_leaves(stage: Stage) -> None:
    """Only the owner can put that right."""
    child = stage.perform("broken_books")
    halt = hear(child.channel, lambda message: message["type"] == "halt")
    assert halt["reason"] == "the books are off by 1"


def test_a_change_of_the_trading_state_reaches_role_and_page(stage: Stage) -> None:
    """Safe mode is seen from outside too."""
    child = stage.perform("")
    page_of(child, "idle")
    state = {"paused": False, "safe_mode": True, "halted": False}
    child.channel.send({"type": "trading", "number": 7, **state})
    report = told(child, "trading")
    assert (report["paused"], report["safe_mode"]) == (False, True)
    assert page_of(child, "idle").safe_mode


def test_a_worker_says_that_it_heard_once_the_new_state_is_in_force(stage: Stage) -> None:
    """After the role was told, not before: who is answered may rely on it."""
    child = stage.perform("")
    page_of(child, "idle")
    state = {"paused": True, "safe_mode": False, "halted": True}
    child.channel.send({"type": "trading", "number": 7, **state})
    told(child, "trading")
    assert hear(child.channel, lambda message: message["type"] == "heard")["number"] == 7


def test_an_unknown_message_is_left_alone(stage: Stage) -> None:
    """A newer supervisor may say more."""
    child = stage.perform("")
    child.channel.send({"type": "weather"})
    child.channel.send(_command("buy"))
    assert _answer(child)["ok"]


def test_a_worker_whose_supervisor_hangs_up_leaves(stage: Stage) -> None:
    """The second of four layers against orphans; a stuck worker is left to the others."""
    child = stage.perform("")
    page_of(child, "idle")
    child.channel.close()
    assert child.process.wait(10) == 70


def test_without_a_start_message_nothing_starts(stage: Stage) -> None:
    """A worker cannot guess its settings."""
    assert stage.perform("", type="trading").process.wait(20) == 70


def test_a_second_trader_is_refused_by_the_lock(stage: Stage) -> None:
    """Promise a: whatever is started twice."""
    first = stage.perform("", role="trader")
    told(first, "start")
    assert stage.perform("", role="trader").process.wait(20) == 75
    first.kill_group()
    first.process.wait()
    told(stage.perform("", role="trader"), "start")


def test_zero_pauses_are_no_pauses(stage: Stage) -> None:
    """A role may go on at once, and still hears that it should leave."""
    child = stage.perform("eager")
    while told(child, "cycle")["number"] < 5:
        pass
    child.channel.send({"type": "drain"})
    told(child, "close")
