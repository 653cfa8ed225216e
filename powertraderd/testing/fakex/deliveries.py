"""Ways in which an answer does not arrive as it should: byte-level faults."""

import gzip
import time
from collections.abc import Callable
from dataclasses import replace

from powertraderd.testing.fakex.faults import Rule
from powertraderd.testing.fakex.message import Answer, text_answer
from powertraderd.testing.fakex.stream import Gone, PlainStream

Delivery = Callable[[PlainStream, Answer, Rule], None]

_LOOK_S = 0.01
_BOMB_MIB = 64


def hang(stream: PlainStream, rule: Rule) -> None:
    """Stay silent until the client leaves or the rule is released; then disconnect."""
    while not rule.released.wait(_LOOK_S):
        if stream.gone():
            stream.closed_by = stream.closed_by or "client"
            break
    raise Gone


def _drip(stream: PlainStream, data: bytes, rule: Rule, *, endless: bytes = b"") -> None:
    """Byte after byte, then ``endless`` for ever; ends like a hang."""
    pause_s = rule.number("pause_s", 0.2)
    while data:
        stream.send(data[:1])
        data = data[1:] or endless
        if rule.released.wait(pause_s):
            raise Gone
    hang(stream, rule)


def _close(_stream: PlainStream, _answer: Answer, _rule: Rule) -> None:
    raise Gone


def _rst(stream: PlainStream, _answer: Answer, _rule: Rule) -> None:
    stream.reset()
    raise Gone


def _hang_before_headers(stream: PlainStream, _answer: Answer, rule: Rule) -> None:
    hang(stream, rule)


def _header_drip(stream: PlainStream, _answer: Answer, rule: Rule) -> None:
    stream.send(b"HTTP/1.1 200 OK\r\n")
    _drip(stream, b"x", rule, endless=b"x")


def _continue_flood(stream: PlainStream, _answer: Answer, rule: Rule) -> None:
    while not rule.released.wait(rule.number("pause_s", 0.01)):
        stream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    raise Gone


def _body_drip(stream: PlainStream, answer: Answer, rule: Rule) -> None:
    body = answer.body()
    stream.send(answer.head({"content-length": str(len(body) + 1_000_000)}))
    _drip(stream, body, rule, endless=b" ")


def _chunked(answer: Answer) -> bytes:
    return answer.head({"transfer-encoding": "chunked"})


def _chunk_drip(stream: PlainStream, answer: Answer, rule: Rule) -> None:
    stream.send(_chunked(answer))
    pause_s = rule.number("pause_s", 0.2)
    while not rule.released.wait(pause_s):
        stream.send(b"1\r\n \r\n")
    raise Gone


def _chunk_stall(stream: PlainStream, answer: Answer, rule: Rule) -> None:
    stream.send(_chunked(answer) + b"400\r\n" + answer.body()[:20])
    hang(stream, rule)


def _record_drip(stream: PlainStream, answer: Answer, rule: Rule) -> None:
    pause_s = rule.number("pause_s", 0.2)
    for byte in stream.sealed(answer.encoded()):
        stream.send_raw(bytes([byte]))
        if rule.released.wait(pause_s):
            raise Gone
    hang(stream, rule)


def _infinite_body(stream: PlainStream, answer: Answer, rule: Rule) -> None:
    stream.send(_chunked(answer))
    size = int(rule.number("rate", 65536) * 0.05)
    chunk = f"{size:x}\r\n".encode() + b" " * size + b"\r\n"
    while not rule.released.wait(0.05):
        stream.send(chunk)
    raise Gone


def _redirect(stream: PlainStream, _answer: Answer, rule: Rule) -> None:
    time.sleep(rule.number("delay_s", 0))
    location = str(rule.params.get("location", "/api/v3/brokerage/orders"))
    status = int(rule.number("code", 302))
    stream.send(Answer(status=status, raw=b"", headers={"location": location}).encoded())


def _truncate(stream: PlainStream, answer: Answer, rule: Rule) -> None:
    body = answer.body()
    kept = int(rule.number("n", len(body) // 2))
    stream.send(answer.head({"content-length": str(len(body))}) + body[:kept])
    raise Gone


def _truncate_chunked(stream: PlainStream, answer: Answer, _rule: Rule) -> None:
    body = answer.body()
    half = body[: len(body) // 2]
    stream.send(_chunked(answer) + f"{len(half):x}\r\n".encode() + half + b"\r\n")
    raise Gone


def _truncate_no_length(stream: PlainStream, answer: Answer, rule: Rule) -> None:
    body = answer.body()
    kept = int(rule.number("n", len(body) // 2))
    stream.send(answer.head({"connection": "close"}) + body[:kept])
    raise Gone


def _malformed_json(stream: PlainStream, answer: Answer, _rule: Rule) -> None:
    body = answer.body()
    stream.send(replace(answer, raw=body[:-1] + b",,]").encoded())


def _html_200(stream: PlainStream, _answer: Answer, _rule: Rule) -> None:
    stream.send(text_answer(200, "<html><body>Maintenance</body></html>", "text/html").encoded())


def _fixed(body: bytes) -> Delivery:
    def deliver(stream: PlainStream, _answer: Answer, _rule: Rule) -> None:
        stream.send(Answer(raw=body).encoded())

    return deliver


def _status(stream: PlainStream, _answer: Answer, rule: Rule) -> None:
    code = int(rule.number("code", 503))
    words = str(rule.params.get("body", ""))
    default = f"<html><body>{code}</body></html>" if code in {502, 504} else "{}"
    kind = "text/html" if code in {502, 504} else "application/json"
    answer = text_answer(code, words or default, kind)
    stream.send(answer.with_headers(rule.params.get("headers", {})).encoded())


def _refuse(stream: PlainStream, _answer: Answer, rule: Rule) -> None:
    """HTTP 200 and success false with ``code``, whatever is true."""
    code = str(rule.params["code"])
    response = {
        "error": code,
        "message": "refused by a rule",
        "error_details": "",
        "preview_failure_reason": "UNKNOWN_PREVIEW_FAILURE_REASON",
        "new_order_failure_reason": code,
    }
    document = {"success": False, "order_id": "", "error_response": response}
    stream.send(Answer(document).encoded())


def _gzip_bomb(stream: PlainStream, _answer: Answer, rule: Rule) -> None:
    size = int(rule.number("mib", _BOMB_MIB)) << 20
    body = gzip.compress(b" " * size, 9)
    stream.send(Answer(raw=body, headers={"content-encoding": "gzip"}).encoded())


def _big_body(stream: PlainStream, answer: Answer, rule: Rule) -> None:
    """The right answer with a lot of white space after it."""
    padding = b" " * (int(rule.number("mib", 10)) << 20)
    stream.send(replace(answer, raw=answer.body() + padding).encoded())


def _close_after(stream: PlainStream, answer: Answer, _rule: Rule) -> None:
    stream.send(answer.encoded())
    raise Gone


def _plainly(stream: PlainStream, answer: Answer, _rule: Rule) -> None:
    stream.send(answer.encoded())


DELIVERIES: dict[str, Delivery] = {
    "latency": _plainly,
    "late_commit": _close,
    "double_commit": _plainly,
    "missing_order": _plainly,
    "partial_fill": _plainly,
    "hang_before_headers": _hang_before_headers,
    "header_drip": _header_drip,
    "continue_flood": _continue_flood,
    "body_drip": _body_drip,
    "chunk_drip": _chunk_drip,
    "chunk_stall": _chunk_stall,
    "record_drip": _record_drip,
    "infinite_body": _infinite_body,
    "redirect": _redirect,
    "close": _close,
    "rst": _rst,
    "truncate": _truncate,
    "truncate_chunked": _truncate_chunked,
    "truncate_no_length": _truncate_no_length,
    "malformed_json": _malformed_json,
    "html_200": _html_200,
    "empty_200": _fixed(b""),
    "json_list": _fixed(b"[]"),
    "json_null": _fixed(b"null"),
    "status": _status,
    "refuse": _refuse,
    "gzip_bomb": _gzip_bomb,
    "big_body": _big_body,
    "stale_keepalive": _close_after,
}
"""Faults of delivery by name; each is given the answer that would have been right."""
