"""The control protocol: one JSON object per message, at most 64 KiB, from a closed table of verbs.

A request is ``{"id": str, "verb": str, "args": {...}}``; an answer is ``{"id", "ok", "code",
"message", "data"}``. Requests become frozen typed values here or a refusal that says what is wrong;
nothing is ever looked up by a name that came over the wire, except in this table.
"""

import difflib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from powertraderd.errors import PowertraderError
from powertraderd.model.money import plain
from powertraderd.supervision.verbs import VERBS, Answerer, Args, Role, Verb

MAX_MESSAGE = 64 * 1024
"""Bytes of one message, either way."""
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class Code(StrEnum):
    """Codes of the protocol itself; others are reason codes of decisions."""

    OK = "ok"
    BAD_MESSAGE = "bad_message"
    TOO_LARGE = "too_large"
    UNKNOWN_VERB = "unknown_verb"
    BAD_ARGUMENTS = "bad_arguments"
    FORBIDDEN = "forbidden"
    BUSY = "busy"
    NOT_READY = "not_ready"
    TIMED_OUT = "timed_out"
    INTERNAL = "internal"


class BadRequest(PowertraderError):
    """The request is not one of the protocol's."""

    def __init__(self, code: Code, message: str, request_id: str = "") -> None:
        """Keep the code, and the request's id where it could be read."""
        super().__init__(message)
        self.code = code
        self.request_id = request_id


@dataclass(frozen=True, slots=True)
class Request:
    """A well-formed request; ``verb`` is a key of VERBS and ``args`` are of its type."""

    id: str
    verb: str
    args: Args

    @property
    def role(self) -> Role:
        """What the peer must be allowed to do."""
        return VERBS[self.verb].role

    @property
    def answerer(self) -> Answerer:
        """Who answers."""
        return VERBS[self.verb].answerer


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; ``code`` is "ok", one of Code, or a reason code. ``data`` is plain JSON."""

    id: str
    ok: bool
    code: str
    message: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def refusal(request_id: str, code: str, message: str) -> Answer:
    """An answer that says no and why."""
    return Answer(request_id, ok=False, code=code, message=message)


def parse_request(message: bytes) -> Request | Answer:
    """One message as a request, or the refusal to send back. Never raises."""
    try:
        table = _object(message)
        request_id = _request_id(table)
    except BadRequest as bad:
        return refusal(bad.request_id, bad.code, str(bad))
    try:
        _refuse_strangers("the request", table, ("id", "verb", "args"), Code.BAD_MESSAGE)
        verb = _verb(table.get("verb"))
        return Request(request_id, verb.name, parse_args(verb.name, table.get("args", {})))
    except BadRequest as bad:
        return refusal(request_id, bad.code, str(bad))


def parse_args(verb: str, args: object) -> Args:
    """Arguments of ``verb`` as a frozen value; raises BadRequest that names what is wrong."""
    shape = _verb(verb).args
    if not isinstance(args, dict):
        raise BadRequest(Code.BAD_ARGUMENTS, f"{verb}: args must be a JSON object")
    known = {each.name: each.metadata["read"] for each in fields(shape)}
    _refuse_strangers(verb, args, known, Code.BAD_ARGUMENTS)
    values = {}
    for name, value in args.items():
        if value is None:
            continue
        try:
            values[name] = known[name](value)
        except ValueError as problem:
            raise BadRequest(Code.BAD_ARGUMENTS, f"{verb}: {name} {problem}") from None
    try:
        return shape(**values)
    except TypeError:
        missing = [name for name in known if name not in values]
        raise BadRequest(Code.BAD_ARGUMENTS, f"{verb}: needs {' and '.join(missing)}") from None
    except ValueError as problem:
        raise BadRequest(Code.BAD_ARGUMENTS, f"{verb}: {problem}") from None


def args_json(args: Args) -> dict[str, Any]:
    """The arguments as plain JSON values; ``parse_args`` reads them back to an equal value."""
    given = ((each.name, getattr(args, each.name)) for each in fields(args))
    return {name: jsonable(value) for name, value in given if value is not None}


def encode_request(request: Request) -> bytes:
    """One message; raises BadRequest when it is too large."""
    table = {"id": request.id, "verb": request.verb, "args": args_json(request.args)}
    message = _encode(table)
    if len(message) > MAX_MESSAGE:
        raise BadRequest(Code.TOO_LARGE, _too_large(len(message)), request.id)
    return message


def encode_answer(answer: Answer) -> bytes:
    """One message, always: an answer that does not fit becomes a refusal that says so."""
    table = {
        "id": answer.id,
        "ok": answer.ok,
        "code": answer.code,
        "message": answer.message,
        "data": jsonable(answer.data),
    }
    message = _encode(table)
    if len(message) <= MAX_MESSAGE:
        return message
    text = f"the answer has {len(message)} bytes, at most {MAX_MESSAGE} fit; ask for fewer rows"
    return encode_answer(refusal(answer.id, Code.TOO_LARGE, text))


def parse_answer(message: bytes) -> Answer:
    """One message as an answer; raises BadRequest when it is none."""
    table = _object(message, number=float)
    match table:
        case {"id": str(answer_id), "ok": bool(ok), "code": str(code), "message": str(text)}:
            data = table.get("data") or {}
            if isinstance(data, dict):
                return Answer(answer_id, ok, code, text, data)
    raise BadRequest(Code.BAD_MESSAGE, "an answer needs id, ok, code and message")


def jsonable(value: object) -> Any:  # noqa: ANN401 - JSON has any shape
    """``value`` as plain JSON: decimals and times as text, not-a-number as null."""
    match value:
        case None | bool() | int():
            plainest: Any = value
        case float():
            plainest = value if math.isfinite(value) else None
        case Decimal():
            plainest = plain(value) if value.is_finite() else None
        case datetime():
            plainest = value.isoformat()
        case Mapping():
            plainest = {str(key): jsonable(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            plainest = [jsonable(item) for item in value]
        case _:
            plainest = str(value)
    return plainest


def _encode(table: Mapping[str, Any]) -> bytes:
    return json.dumps(table, separators=(",", ":"), allow_nan=False).encode()


def _too_large(size: int) -> str:
    return f"the message has {size} bytes, at most {MAX_MESSAGE} are taken"


def _object(message: bytes, number: Callable[[str], object] = Decimal) -> dict[str, Any]:
    if len(message) > MAX_MESSAGE:
        raise BadRequest(Code.TOO_LARGE, _too_large(len(message)))
    try:
        value = json.loads(
            message.decode(),
            parse_float=number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_without_duplicates,
        )
    except (ValueError, ArithmeticError, RecursionError) as problem:
        known = isinstance(problem, ValueError)
        text = str(problem) if known else "nested too deeply, or a number beyond all bounds"
        raise BadRequest(Code.BAD_MESSAGE, f"not valid JSON: {text}") from None
    if not isinstance(value, dict):
        raise BadRequest(Code.BAD_MESSAGE, "the message must be one JSON object")
    return value


def _refuse_constant(name: str) -> None:
    msg = f"{name} is not a number"
    raise ValueError(msg)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return table


def _request_id(table: Mapping[str, Any]) -> str:
    value = table.get("id")
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    text = "id must be text of 1 to 64 characters out of A-Z a-z 0-9 . _ : -"
    raise BadRequest(Code.BAD_MESSAGE, text)


def _verb(name: object) -> Verb:
    if not isinstance(name, str):
        raise BadRequest(Code.UNKNOWN_VERB, "verb must be text, for example status")
    verb = VERBS.get(name)
    if verb is None:
        raise BadRequest(Code.UNKNOWN_VERB, f"unknown verb{_nearest(name, VERBS)}")
    return verb


def _refuse_strangers(place: str, table: Iterable[str], known: Iterable[str], code: Code) -> None:
    names = tuple(known)
    for name in table:
        if name not in names:
            raise BadRequest(code, f"{place}: unknown key {name[:40]!a}{_nearest(name, names)}")


def _nearest(name: str, known: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(name[:40], tuple(known), n=1, cutoff=0.5)
    return f"; did you mean {nearest[0]}?" if nearest else f"; known: {', '.join(sorted(known))}"
