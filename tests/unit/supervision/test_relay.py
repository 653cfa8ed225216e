"""Requests on their way to a worker, with time as an argument."""

from typing import Any

import pytest

from powertraderd.supervision.protocol import Answer, Request, parse_request, refusal
from powertraderd.supervision.relay import Relay, Replays

SECOND = 1_000_000_000
NOW = 100 * SECOND


class Bench:
    """A relay with five seconds to acknowledge and forty-five to answer, and what it sent."""

    def __init__(self) -> None:
        """The worker takes everything until told otherwise."""
        self.replays = Replays()
        self.relay = Relay(
            self.replays, lambda worker: f"in coinbase.list_orders for 14 s ({worker})"
        )
        self.sent: list[dict[str, Any]] = []
        self.takes = True

    def send(self, message: dict[str, Any]) -> bool:
        """What a channel does."""
        self.sent.append(message)
        return self.takes

    def ask(
        self, request: Request, *, client: int = 1, uid: int = 0, at: int = NOW
    ) -> Answer | None:
        """Hand it to the relay."""
        return self.relay.ask(request, uid=uid, client=client, send=self.send, now_ns=at)


@pytest.fixture
def bench() -> Bench:
    """A fresh one."""
    return Bench()


def _request(request_id: str = "r1", usd: int = 10) -> Request:
    text = f'{{"id":"{request_id}","verb":"buy","args":{{"coin":"BTC","usd":{usd}}}}}'
    request = parse_request(text.encode())
    assert isinstance(request, Request)
    return request


DONE = Answer("r1", ok=True, code="ok", message="filled")


def test_a_command_carries_who_asked_and_when_it_expires(bench: Bench) -> None:
    """The worker can refuse what nobody waits for any more."""
    assert bench.ask(_request(), uid=7) is None
    assert bench.sent == [
        {
            "type": "command",
            "id": "r1",
            "verb": "buy",
            "args": {"coin": "BTC", "usd": "10"},
            "expires_ns": NOW + 5 * SECOND,
            "uid": 7,
        }
    ]


def test_the_answer_reaches_everybody_who_waits_for_it(bench: Bench) -> None:
    """The same request from a second connection is not sent again."""
    bench.ask(_request(), client=1)
    assert bench.ask(_request(), client=2) is None
    assert len(bench.sent) == 1
    assert bench.relay.answered("trader", DONE) == [(1, DONE), (2, DONE)]
    assert bench.relay.answered("trader", DONE) == [], "a second answer reaches nobody"
    assert bench.replays.find(0, _request()) == DONE


def test_no_acknowledgement_in_time_is_an_answer_too(bench: Bench) -> None:
    """It says what the worker is doing instead."""
    bench.ask(_request())
    assert bench.relay.next_due_ns() == NOW + 5 * SECOND + SECOND // 4
    assert bench.relay.overdue(NOW + 5 * SECOND) == []
    [(client, answer)] = bench.relay.overdue(NOW + 6 * SECOND)
    assert (client, answer.code) == (1, "timed_out")
    assert "trader has not acknowledged: in coinbase.list_orders for 14 s" in answer.message
    assert bench.relay.overdue(NOW + 7 * SECOND) == [], "told once"


def test_what_was_not_acknowledged_may_be_asked_again_and_is_sent_again(bench: Bench) -> None:
    """The worker throws the expired one away."""
    bench.ask(_request())
    bench.relay.overdue(NOW + 6 * SECOND)
    assert bench.ask(_request(), client=2, at=NOW + 8 * SECOND) is None
    assert [message["expires_ns"] for message in bench.sent] == [
        NOW + 5 * SECOND,
        NOW + 13 * SECOND,
    ]
    assert bench.relay.answered("trader", DONE) == [(2, DONE)]


def test_an_acknowledged_request_that_takes_long_is_explained_and_its_answer_kept(
    bench: Bench,
) -> None:
    """Asking again with the same id tells the outcome, and does not do it twice."""
    bench.ask(_request())
    bench.relay.acknowledged("trader", "r1")
    assert bench.relay.next_due_ns() == NOW + 45 * SECOND
    [(_, answer)] = bench.relay.overdue(NOW + 46 * SECOND)
    assert answer.code == "timed_out"
    assert "--request-id r1" in answer.message
    assert bench.ask(_request(), client=2, at=NOW + 50 * SECOND) is None
    assert len(bench.sent) == 1
    assert bench.relay.answered("trader", DONE) == [(2, DONE)]


def test_a_death_answers_by_whether_the_worker_had_begun(bench: Bench) -> None:
    """Not begun: nothing was done. Begun: the successor knows."""
    bench.ask(_request("r1"), client=1)
    bench.ask(_request("r2"), client=2)
    bench.relay.acknowledged("trader", "r2")
    answers = dict(bench.relay.buried("trader"))
    assert (answers[1].code, answers[2].code) == ("not_ready", "timed_out")
    assert "Nothing was done" in answers[1].message
    assert "--request-id r2" in answers[2].message
    assert bench.relay.buried("trader") == []


def test_a_worker_that_does_not_take_requests_is_not_ready(bench: Bench) -> None:
    """Its channel is full, or closed."""
    bench.takes = False
    answer = bench.ask(_request())
    assert answer is not None
    assert answer.code == "not_ready"
    assert bench.relay.next_due_ns() is None


def test_one_id_stands_for_one_request_of_one_user(bench: Bench) -> None:
    """Another amount or another user under the same id is refused, before and after the answer."""
    bench.ask(_request(), uid=0)
    for other, uid in ((_request(usd=11), 0), (_request(), 1)):
        answer = bench.ask(other, uid=uid)
        assert answer is not None
        assert answer.code == "bad_arguments"
    bench.relay.answered("trader", DONE)
    found = bench.replays.find(0, _request(usd=11))
    assert found is not None
    assert found.code == "bad_arguments"
    assert bench.replays.find(1, _request()) is None, "another user's answers are not shown"


def test_what_was_not_done_is_not_remembered_as_done(bench: Bench) -> None:
    """A later attempt with the same id must be allowed to do it."""
    for code in ("timed_out", "busy", "not_ready", "internal"):
        bench.replays.keep(0, _request(), refusal("r1", code, ""))
        assert bench.replays.find(0, _request()) is None


@pytest.mark.parametrize("code", ["order_unsettled", "exchange_unavailable"])
def test_what_the_trader_has_not_settled_yet_may_be_asked_again(bench: Bench, code: str) -> None:
    """Its answer says so; repeating it for ever would hide the outcome."""
    bench.ask(_request())
    bench.relay.answered("trader", refusal("r1", code, "ask again"))
    assert bench.replays.find(0, _request()) is None
    assert bench.ask(_request()) is None
    assert len(bench.sent) == 2


def test_questions_are_not_remembered(bench: Bench) -> None:
    """Only deeds are."""
    question = parse_request(b'{"id":"q","verb":"status","args":{}}')
    assert isinstance(question, Request)
    bench.replays.keep(0, question, DONE)
    assert bench.replays.find(0, question) is None


def test_memory_is_bounded(bench: Bench) -> None:
    """The newest 256 answers are kept, sixteen requests may wait."""
    for number in range(300):
        bench.replays.keep(0, _request(f"n{number}"), DONE)
    assert bench.replays.find(0, _request("n43")) is None
    assert bench.replays.find(0, _request("n44")) == DONE
    answers = [bench.ask(_request(f"w{number}"), client=number) for number in range(17)]
    assert [answer.code for answer in answers if answer] == ["busy"]


def test_a_client_that_hung_up_is_not_answered_but_its_deed_is_remembered(bench: Bench) -> None:
    """The terminal was closed; the order was not."""
    bench.ask(_request())
    bench.relay.hung_up(1)
    assert bench.relay.next_due_ns() is None
    assert bench.relay.answered("trader", DONE) == []
    assert bench.replays.find(0, _request()) == DONE


def test_what_nobody_answers_is_forgotten(bench: Bench) -> None:
    """An expired request that nobody asks for again does not stay."""
    bench.ask(_request())
    bench.relay.overdue(NOW + 6 * SECOND)
    bench.relay.overdue(NOW + 46 * SECOND)
    assert bench.relay.answered("trader", DONE) == []
    assert bench.replays.find(0, _request()) is None


def test_an_acknowledgement_of_something_unknown_changes_nothing(bench: Bench) -> None:
    """A worker may be late, or wrong."""
    bench.relay.acknowledged("trader", "nobody")
    assert bench.relay.overdue(NOW) == []


def test_a_look_is_told_from_a_deed_while_it_is_under_way(bench: Bench) -> None:
    """A live view looks twice a second, which is no news for the log."""
    look = parse_request(b'{"id":"look","verb":"decisions","args":{}}')
    assert isinstance(look, Request)
    bench.ask(look)
    bench.ask(_request("deed"))
    assert bench.relay.only_looks("exporter", "look")
    assert not bench.relay.only_looks("trader", "deed")
    assert not bench.relay.only_looks("exporter", "unknown")
