"""What went wrong on the wire, in the words of powertraderd.errors.

The messages are short and hold no body, no header and no key: they go into logs.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import requests

from powertraderd.errors import InvalidAnswer, RateLimited, TransientExchangeError

TOO_MANY, SERVER_ERROR, CLIENT_ERROR = 429, 500, 400
_LONGEST_PAUSE_S = 300.0
_SHOWN = 160


class NoAnswer(TransientExchangeError):
    """The venue did not answer, or not to the end."""


def no_answer(what: str, error: requests.RequestException) -> NoAnswer:
    """No answer, half an answer, or one that was not to be read."""
    words = re.sub(r"0x[0-9a-f]+", "...", str(error))[:_SHOWN]
    return NoAnswer(f"{what}: {type(error).__name__}: {words}")


def refused_status(what: str, response: requests.Response) -> TransientExchangeError | None:
    """Why a status says that there is no answer; None where the body is one."""
    status = response.status_code
    if status == TOO_MANY:
        pause_s = asked_pause_s(response.headers)
        return RateLimited(f"{what}: too many requests (429)", retry_after_s=pause_s)
    if status >= CLIENT_ERROR:
        kind = "server error" if status >= SERVER_ERROR else "refused"
        return TransientExchangeError(f"{what}: {kind} ({status})")
    if status != requests.codes.ok:
        return InvalidAnswer(f"{what}: answered with status {status}")
    return None


def asked_pause_s(headers: Mapping[str, str]) -> float | None:
    """The pause that the headers ask for; None where they name none that can be meant."""
    for name, unit_s in (
        ("Retry-After", 1.0),
        ("x-ratelimit-reset", 1.0),
        ("gw-ratelimit-reset", 0.001),
    ):
        text = headers.get(name, "")
        if text.isascii() and text.isdecimal():
            seconds = int(text[:12]) * unit_s
            if seconds <= _LONGEST_PAUSE_S:
                return seconds
    return None


def json_of(what: str, response: requests.Response) -> Any:  # noqa: ANN401 - it is validated next
    """The body as JSON, without NaN and infinities. Raises InvalidAnswer."""
    try:
        return json.loads(response.content, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        msg = f"{what}: the answer is no JSON ({type(error).__name__})"
        raise InvalidAnswer(msg) from None


def _no_number(text: str) -> None:
    msg = f"{text} is no number"
    raise ValueError(msg)
