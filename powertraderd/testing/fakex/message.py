"""HTTP requests and answers as values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """Without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> str:
        """As it came."""
        return urlsplit(self.target).query

    def values(self, name: str) -> list[str]:
        """All values of a repeatable parameter."""
        pairs = parse_qsl(self.query, keep_blank_values=True)
        return [value for key, value in pairs if key == name]

    def value(self, name: str, default: str = "") -> str:
        """The last value of a parameter."""
        return (self.values(name) or [default])[-1]

    def number(self, name: str, default: int, highest: int) -> int:
        """A whole number between 1 and ``highest``."""
        text = self.value(name)
        return min(max(int(text), 1), highest) if text.isdigit() else default

    def json(self) -> dict[str, Any]:
        """The body as an object; raises ValueError."""
        document = json.loads(self.body or b"{}")
        if not isinstance(document, dict):
            raise ValueError("the body is not a JSON object")  # noqa: TRY004 - a client's mistake
        return document


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back. ``document`` is sent as compact JSON unless ``raw`` is given."""

    document: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    content_type: str = JSON
    commit: str | None = None

    def body(self) -> bytes:
        """The bytes of the body."""
        if self.raw is not None:
            return self.raw
        return json.dumps(self.document, separators=(",", ":")).encode()

    def head(self, extra: Mapping[str, str]) -> bytes:
        """Status line and headers with the blank line after them; ``extra`` counts first."""
        lines = [f"HTTP/1.1 {self.status} {reason(self.status)}"]
        headers = {"content-type": self.content_type, **self.headers, **extra}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def encoded(self) -> bytes:
        """The whole answer with its length."""
        body = self.body()
        return self.head({"content-length": str(len(body))}) + body

    def with_headers(self, headers: Mapping[str, str]) -> "Answer":
        """The same answer with more headers."""
        return replace(self, headers={**headers, **self.headers})


def reason(status: int) -> str:
    """The words after the number."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def error(status: int, code: str, details: str, envelope: str = "plain") -> Answer:
    """An error as the exchange words it."""
    if envelope == "grpc":
        return Answer({"error": code, "code": 7, "message": details, "details": []}, status)
    return Answer({"error": code, "error_details": details, "message": details}, status)


def text_answer(status: int, words: str, content_type: str = "text/plain") -> Answer:
    """An answer that is no JSON."""
    return Answer(status=status, raw=words.encode(), content_type=content_type)
