"""One call of ptctl: ask the daemon, say it in JSON or in words, leave with the right code."""

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, NoReturn

from powertraderd.supervision.client import (
    DEFAULT_TIMEOUT_S,
    Client,
    DaemonUnreachable,
    find_socket,
)
from powertraderd.supervision.protocol import Answer, Code, refusal

UNREACHABLE = "unreachable"
_ROWS_AT_ONCE = 60
"""Of decisions with all their figures; more could be too long for one answer."""


class Leave(IntEnum):
    """Exit codes of ptctl."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_READY = 4
    TIMED_OUT = 5


_BY_CODE = {
    Code.BAD_ARGUMENTS: Leave.USAGE,
    Code.NOT_READY: Leave.NOT_READY,
    Code.TIMED_OUT: Leave.TIMED_OUT,
    UNREACHABLE: Leave.UNREACHABLE,
}


def leave_code(answer: Answer) -> Leave:
    """What ptctl exits with after this answer."""
    return Leave.DONE if answer.ok else _BY_CODE.get(answer.code, Leave.REFUSED)


@dataclass(frozen=True, slots=True)
class Session:
    """Where the daemon is and how its answers are shown."""

    socket: Path | None = None
    as_json: bool = False

    def client(self) -> Client:
        """The daemon's client."""
        return Client(find_socket(self.socket))

    def ask(
        self,
        verb: str,
        args: Mapping[str, Any] | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        request_id: str | None = None,
    ) -> Answer:
        """The daemon's answer, whatever it is; leaves with code 3 when there is no daemon."""
        try:
            return self.client().request(verb, args, timeout_s, request_id)
        except DaemonUnreachable as unreachable:
            self.leave(refusal("", UNREACHABLE, str(unreachable)))

    def data(self, verb: str, args: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The data of a good answer; a refusal is said and ends the program."""
        answer = self.ask(verb, args)
        if not answer.ok:
            self.leave(answer)
        return answer.data

    def rows(self, verb: str, limit: int, coin: str | None) -> list[Mapping[str, Any]]:
        """The newest ``limit`` rows of ``verb``, in as many answers as they need.

        A row that came while we asked moves the others on: what is told twice is kept once.
        """
        found: list[Mapping[str, Any]] = []
        for skip in range(0, limit, _ROWS_AT_ONCE):
            wanted = min(_ROWS_AT_ONCE, limit - skip)
            told = self.data(verb, {"limit": wanted, "coin": coin, "skip": skip}).get(verb) or []
            found += [row for row in told if row not in found[-_ROWS_AT_ONCE:]]
            if len(told) < wanted:
                break
        return found

    def show(self, data: Mapping[str, Any], lines: Iterable[str]) -> None:
        """The data as JSON, or the lines for people."""
        if self.as_json:
            print_json(data)
        else:
            print_lines(lines)

    def leave(self, answer: Answer, words: str = "") -> NoReturn:
        """Say the answer (``words``, or its own message) and exit with its code."""
        if self.as_json:
            print_json(asdict(answer))
        elif answer.ok:
            print_lines([words or answer.message or "done"])
        else:
            complain(_reason(answer))
        raise SystemExit(leave_code(answer))


def _reason(answer: Answer) -> str:
    message = answer.message or "no reason was given; look at `ptctl logs`"
    if answer.code == UNREACHABLE:
        return message
    return f"refused ({answer.code}): {message}"


def print_json(data: object) -> None:
    """One JSON document on standard output."""
    print_lines([json.dumps(data, indent=2)])


def print_lines(lines: Iterable[str]) -> None:
    """Lines on standard output."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def complain(words: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"ptctl: {words}\n")
    sys.stderr.flush()
