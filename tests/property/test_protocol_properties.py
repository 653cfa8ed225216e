"""The control protocol under random input: no traceback, always an answer or a request."""

import contextlib
import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from powertraderd.model.candle import Coin
from powertraderd.supervision.protocol import (
    MAX_MESSAGE,
    Answer,
    BadRequest,
    Request,
    encode_answer,
    encode_request,
    jsonable,
    parse_answer,
    parse_request,
)
from powertraderd.supervision.verbs import VERBS, Because, Buy, Newest, Sell, Train

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["coin", "usd", "qty", "pct", "all", "limit", "worker", "reason", "coins"])
LIKELY = st.sampled_from(["BTC", "1", 5, 0.5, True, None, "trader", ["BTC"], -1, "1e9", ""])
ALMOST = st.fixed_dictionaries(
    {"id": st.just("q-1") | JSON, "verb": st.sampled_from(sorted(VERBS)) | JSON},
    optional={"args": st.dictionaries(KEYS | st.text(), LIKELY | JSON, max_size=4) | JSON},
)
COINS = st.text("ABCXYZ019", min_size=1, max_size=15).map(Coin)
AMOUNTS = st.decimals("0.000000000000000001", "999999999999999999", places=18)
PERCENTS = st.decimals("0.01", "100", places=2)
WORDS = st.text(st.characters(categories=("L", "N", "P")), max_size=200)
REQUESTS = st.one_of(
    st.builds(Request, st.just("q"), st.just("buy"), st.builds(Buy, COINS, AMOUNTS)),
    st.builds(Request, st.just("q"), st.just("sell"), st.builds(Sell, COINS, qty=AMOUNTS)),
    st.builds(Request, st.just("q"), st.just("sell"), st.builds(Sell, COINS, pct=PERCENTS)),
    st.builds(Request, st.just("q"), st.just("halt"), st.builds(Because, WORDS)),
    st.builds(Request, st.just("q"), st.just("orders"), st.builds(Newest, st.integers(1, 500))),
    st.builds(
        Request,
        st.just("q"),
        st.just("train"),
        st.builds(Train, st.lists(COINS, max_size=50).map(tuple)),
    ),
)


def judged(raw: bytes) -> Request | Answer:
    """What the daemon makes of a message; a refusal must be sendable and say something."""
    result = parse_request(raw)
    if isinstance(result, Answer):
        assert not result.ok
        assert result.code
        assert result.message
        assert len(encode_answer(result)) <= MAX_MESSAGE
        assert parse_answer(encode_answer(result)) == result
    return result


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_a_refusal(raw: bytes) -> None:
    """Whatever somebody sends."""
    judged(raw)


@given(JSON)
def test_any_json_is_a_request_or_a_refusal(value: object) -> None:
    """Also with NaN, lone surrogates and numbers of any size."""
    judged(json.dumps(value).encode())


@given(ALMOST)
def test_anything_that_is_almost_a_request_is_a_request_or_a_refusal(value: object) -> None:
    """And what is taken is read back as it was."""
    result = judged(json.dumps(value).encode())
    if isinstance(result, Request):
        assert parse_request(encode_request(result)) == result


@given(ALMOST, st.data())
def test_a_damaged_request_is_a_request_or_a_refusal(value: object, data: st.DataObject) -> None:
    """Cut short, or with one byte changed."""
    raw = bytearray(json.dumps(value).encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    judged(bytes(raw[: data.draw(st.integers(0, len(raw)))]))


@given(REQUESTS)
def test_every_request_survives_the_wire(request: Request) -> None:
    """Amounts to the last digit."""
    assert parse_request(encode_request(request)) == request


@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_an_answer_or_a_bad_one(raw: bytes) -> None:
    """The client, too, believes nobody."""
    with contextlib.suppress(BadRequest):
        assert parse_answer(raw).id is not None


@given(JSON | st.decimals() | st.lists(st.decimals()))
def test_any_data_can_be_answered(value: object) -> None:
    """What is sent is what jsonable says."""
    answer = parse_answer(encode_answer(Answer("a", ok=True, code="ok", data={"value": value})))
    if answer.ok:
        assert answer.data == {"value": jsonable(value)}


@given(st.decimals("0", "1e17", allow_nan=False, places=10))
def test_money_is_never_rounded_on_the_way(amount: Decimal) -> None:
    """A decimal stays the decimal that it is."""
    answer = parse_answer(encode_answer(Answer("a", ok=True, code="ok", data={"value": amount})))
    assert Decimal(answer.data["value"]) == amount
