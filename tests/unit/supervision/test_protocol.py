"""The control protocol: strict in what it takes, exact in what it says."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from powertraderd.model.candle import Coin
from powertraderd.supervision.protocol import (
    MAX_MESSAGE,
    Answer,
    BadRequest,
    Request,
    args_json,
    encode_answer,
    encode_request,
    jsonable,
    parse_answer,
    parse_args,
    parse_request,
)
from powertraderd.supervision.verbs import (
    VERBS,
    Answerer,
    Args,
    Buy,
    Newest,
    Nothing,
    OfWorker,
    Role,
    Sell,
    Train,
)

BTC = Coin("BTC")


def message(verb: str, args: object = None, **more: object) -> bytes:
    """A request as it goes over the wire."""
    return json.dumps({"id": "q-1", "verb": verb, "args": args or {}, **more}).encode()


def refused(raw: bytes) -> Answer:
    """The refusal of a message that is none."""
    answer = parse_request(raw)
    assert isinstance(answer, Answer)
    assert not answer.ok
    return answer


@pytest.mark.parametrize(
    ("raw", "args"),
    [
        (message("status"), Nothing()),
        (b'{"id":"q-1","verb":"status"}', Nothing()),
        (message("restart", {"worker": "trader"}), OfWorker("trader")),
        (message("buy", {"coin": "BTC", "usd": "25.50"}), Buy(BTC, Decimal("25.50"))),
        (b'{"id":"q-1","verb":"buy","args":{"coin":"BTC","usd":0.1}}', Buy(BTC, Decimal("0.1"))),
        (message("sell", {"coin": "BTC", "all": True}), Sell(BTC, all=True)),
        (message("sell", {"coin": "BTC", "pct": 50, "qty": None}), Sell(BTC, pct=Decimal(50))),
        (message("train", {"coins": ["BTC", "ETH"]}), Train((BTC, Coin("ETH")))),
        (message("trades"), Newest(limit=20)),
    ],
)
def test_a_good_request_becomes_a_frozen_value(raw: bytes, args: object) -> None:
    """Amounts are exact decimals, never floats; null is the same as not given."""
    request = parse_request(raw)
    assert isinstance(request, Request)
    assert request.args == args
    with pytest.raises((AttributeError, TypeError)):
        request.verb = "halt"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        (b"", "bad_message", "not valid JSON"),
        (b"{", "bad_message", "not valid JSON"),
        (b"\xff\xfe", "bad_message", "not valid JSON"),
        (b"[1]", "bad_message", "one JSON object"),
        (b"null", "bad_message", "one JSON object"),
        (b"[" * 60_000, "bad_message", "nested too deeply"),
        (b'{"a":' * 10_000, "bad_message", "nested too deeply"),
        (b'{"id":NaN}', "bad_message", "NaN is not a number"),
        (b'{"id":-Infinity}', "bad_message", "-Infinity is not a number"),
        (b'{"id":' + b"9" * 5000 + b"}", "bad_message", "not valid JSON"),
        (b'{"id":1e99999999999999999999}', "bad_message", "beyond all bounds"),
        (b'{"id":"a","id":"b"}', "bad_message", "a key stands twice"),
        (b"x" * (MAX_MESSAGE + 1), "too_large", f"{MAX_MESSAGE + 1} bytes"),
        (b'{"verb":"status"}', "bad_message", "id must be text"),
        (message("status", id=7), "bad_message", "id must be text"),
        (message("status", id=""), "bad_message", "id must be text"),
        (message("status", id="x" * 65), "bad_message", "id must be text"),
        (message("status", id="a\n"), "bad_message", "id must be text"),
        (message("status", id="é"), "bad_message", "id must be text"),
        (message("status", verbs=1), "bad_message", "unknown key 'verbs'; did you mean verb?"),
        (b'{"id":"a"}', "unknown_verb", "verb must be text"),
        (message("stats"), "unknown_verb", "did you mean status?"),
        (message("__class__"), "unknown_verb", "unknown verb; known: account"),
        (b'{"id":"a","verb":"status","args":[]}', "bad_arguments", "args must be a JSON object"),
        (message("status", {"x": 1}), "bad_arguments", "unknown key 'x'; known: "),
        (message("pause", {"reasn": ""}), "bad_arguments", "did you mean reason?"),
        (message("pause", {"reason": "a\nb"}), "bad_arguments", "reason must be one line"),
        (message("pause", {"reason": "x" * 201}), "bad_arguments", "reason must be one line"),
        (message("pause", {"reason": "\ud800"}), "bad_arguments", "reason must be one line"),
        (message("restart"), "bad_arguments", "restart: needs worker"),
        (message("restart", {"worker": "../x"}), "bad_arguments", "must be a worker's name"),
        (message("buy", {"coin": "BTC"}), "bad_arguments", "buy: needs usd"),
        (message("buy"), "bad_arguments", "buy: needs coin and usd"),
        (message("buy", {"coin": "btc", "usd": 1}), "bad_arguments", "ticker in capitals"),
        (message("buy", {"coin": "BTC\n", "usd": 1}), "bad_arguments", "ticker in capitals"),
        (message("buy", {"coin": "BTC", "usd": True}), "bad_arguments", "a number above 0"),
        (message("buy", {"coin": "BTC", "usd": 0}), "bad_arguments", "a number above 0"),
        (message("buy", {"coin": "BTC", "usd": "-1"}), "bad_arguments", "a number above 0"),
        (message("buy", {"coin": "BTC", "usd": "1e5"}), "bad_arguments", "a number above 0"),
        (message("buy", {"coin": "BTC", "usd": " 1"}), "bad_arguments", "a number above 0"),
        (message("buy", {"coin": "BTC", "usd": "NaN"}), "bad_arguments", "a number above 0"),
        (message("buy", {"coin": "BTC", "usd": "9" * 19}), "bad_arguments", "18 digits"),
        (message("buy", {"coin": "BTC", "usd": [1]}), "bad_arguments", "a number above 0"),
        (
            b'{"id":"q-1","verb":"buy","args":{"coin":"BTC","usd":1e999999}}',
            "bad_arguments",
            "a number above 0",
        ),
        (message("sell", {"coin": "BTC"}), "bad_arguments", "exactly one of qty, pct and all"),
        (message("sell", {"coin": "BTC", "all": False}), "bad_arguments", "exactly one of"),
        (message("sell", {"coin": "BTC", "all": 1}), "bad_arguments", "must be true or false"),
        (message("sell", {"coin": "BTC", "all": True, "pct": 1}), "bad_arguments", "exactly one"),
        (message("sell", {"coin": "BTC", "pct": 101}), "bad_arguments", "at most 100"),
        (message("trades", {"limit": 501}), "bad_arguments", "from 1 to 500"),
        (message("trades", {"limit": 0}), "bad_arguments", "from 1 to 500"),
        (message("trades", {"limit": True}), "bad_arguments", "from 1 to 500"),
        (message("trades", {"limit": 1.5}), "bad_arguments", "from 1 to 500"),
        (message("train", {"coins": "BTC"}), "bad_arguments", "must be a list of coins"),
        (message("train", {"coins": [1]}), "bad_arguments", "ticker in capitals"),
    ],
)
def test_a_bad_request_is_refused_in_words(raw: bytes, code: str, words: str) -> None:
    """The code for programs, the place and the remedy for people."""
    answer = refused(raw)
    assert answer.code == code
    assert words in answer.message
    assert answer.message.isprintable()


def test_a_refusal_carries_the_id_where_it_could_be_read() -> None:
    """So that the asker knows which of its questions it was."""
    assert refused(message("stats")).id == "q-1"
    assert refused(b"{").id == ""


def test_every_verb_says_who_may_ask_and_who_answers() -> None:
    """Whatever only looks is for everyone; whatever trades or ends a process is not."""
    by_role = {role: {name for name, verb in VERBS.items() if verb.role is role} for role in Role}
    assert by_role[Role.READ] == {
        "status", "account", "account_history", "candles", "decisions", "imported_trades", "levels",
        "orders",
        "positions", "risk", "settings", "signals", "trades", "training",
    }  # fmt: skip
    assert by_role[Role.TRADE] == {
        "notify_test", "pause", "reduce", "resume", "halt", "buy", "sell", "reconcile", "train",
        "train_stop",
    }  # fmt: skip
    assert by_role[Role.ADMIN] == {"start", "stop", "restart", "unpark", "reload"}
    request = parse_request(message("buy", {"coin": "BTC", "usd": 1}))
    assert isinstance(request, Request)
    assert (request.role, request.answerer) == (Role.TRADE, Answerer.TRADER)


@pytest.mark.parametrize(
    ("value", "plainest"),
    [
        (Decimal("1E+2"), "100"),
        (Decimal("0.10"), "0.1"),
        (Decimal("NaN"), None),
        (float("nan"), None),
        (float("inf"), None),
        (1.5, 1.5),
        (datetime(2024, 3, 1, tzinfo=UTC), "2024-03-01T00:00:00+00:00"),
        (Path("/run"), "/run"),
        (Answerer.TRADER, "trader"),
        ((1, {2: None}), [1, {"2": None}]),
        (True, True),
    ],
)
def test_values_become_plain_json(value: object, plainest: Any) -> None:  # noqa: ANN401
    """Money stays exact as text; not-a-number is unknown."""
    assert jsonable(value) == plainest
    answer = parse_answer(encode_answer(Answer("a", ok=True, code="ok", data={"value": value})))
    assert answer.data == {"value": plainest}


def test_an_answer_that_does_not_fit_becomes_a_refusal_that_says_so() -> None:
    """With the remedy; the connection is not left without an answer."""
    raw = encode_answer(Answer("a", ok=True, code="ok", data={"rows": ["x" * 1000] * 66}))
    answer = parse_answer(raw)
    assert (answer.id, answer.ok, answer.code) == ("a", False, "too_large")
    assert "ask for fewer rows" in answer.message


def test_an_answer_that_just_fits_goes_through() -> None:
    """To the byte."""
    empty = len(encode_answer(Answer("a", ok=True, code="ok", data={"x": ""})))
    words = "x" * (MAX_MESSAGE - empty)
    assert parse_answer(encode_answer(Answer("a", ok=True, code="ok", data={"x": words}))).ok
    longer = Answer("a", ok=True, code="ok", data={"x": words + "x"})
    assert not parse_answer(encode_answer(longer)).ok


def test_a_request_that_does_not_fit_is_not_sent() -> None:
    """Ten thousand coins, say."""
    with pytest.raises(BadRequest, match="at most 65536"):
        encode_request(Request("a", "train", Train((BTC,) * 20_000)))


def test_arguments_are_read_back_as_they_were() -> None:
    """For the worker that a request is relayed to."""
    values: dict[str, Args] = {
        "sell": Sell(BTC, qty=Decimal("0.10")),
        "train": Train(),
        "trades": Newest(limit=3),
    }
    for verb, args in values.items():
        assert parse_args(verb, args_json(args)) == args
