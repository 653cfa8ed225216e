"""A marked point: SIGKILL to ourselves before or after a chosen call of a port."""

import os
import signal
from dataclasses import dataclass
from typing import Any, Literal

When = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Mark:
    """The ``nth`` call of ``port.method`` once an order of ``side`` is about to be intended.

    Without a side every call counts from the start of the process.
    """

    port: str
    method: str
    when: When
    nth: int = 1
    side: str = ""

    def __str__(self) -> str:
        """In words."""
        which = f" no. {self.nth}" if self.nth > 1 else ""
        return f"{self.when} {self.port}.{self.method}{which}"


class Watch:
    """Counts calls, and ends this process at the mark."""

    def __init__(self, mark: Mark | None) -> None:
        """Wait for ``mark``; None never comes."""
        self._mark = mark
        self._armed = mark is not None and not mark.side
        self._left = mark.nth if mark is not None else 0

    def call(self, port: str, method: str, when: When, first: object) -> None:
        """A call begins or ends; ``first`` is its first argument."""
        mark = self._mark
        if mark is None:
            return
        if method == "record_intent" and getattr(first, "side", None) == mark.side:
            self._armed = True
        if not self._armed or (port, method) != (mark.port, mark.method):
            return
        if when == "before":
            self._left -= 1
        if self._left == 0 and when == mark.when:
            os.kill(os.getpid(), signal.SIGKILL)


class Marked:
    """Stands in for a port; every call is told to the watch."""

    def __init__(self, inner: object, port: str, watch: Watch) -> None:
        """Pass everything on to ``inner``."""
        self._inner = inner
        self._port = port
        self._watch = watch

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the inner one has
        """The inner one's attribute, watched where it can be called."""
        attribute = getattr(self._inner, name)
        if not callable(attribute):
            return attribute

        def watched(*args: object, **kwargs: object) -> object:
            first = args[0] if args else None
            self._watch.call(self._port, name, "before", first)
            try:
                return attribute(*args, **kwargs)
            finally:  # an answer that is an error is an answer, too
                self._watch.call(self._port, name, "after", first)

        return watched
