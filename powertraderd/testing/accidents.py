"""The real workers, with accidents at chosen calls of their adapters.

``python -m powertraderd.testing.accidents FOLDER ROLE ...``, the rest as for a real worker.

``FOLDER/ROLE`` holds ``ACCIDENT ADAPTER.METHOD [NUMBER]`` and is read at each call of a method in
the table below; without the file everything works. ``once`` in front removes the file first.
NUMBER is the call, counted from the first one that finds the order, at which it happens.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from powertraderd.adapters.paper import PaperBroker
from powertraderd.adapters.sqlite.ledger import SqliteLedger
from powertraderd.errors import AmbiguousOrder, TransientExchangeError
from powertraderd.testing import wall
from powertraderd.testing.misbehave import Plan
from powertraderd.workers import __main__ as worker

Call = Callable[[], Any]

_DRIP_S = 0.05
_WHERE: Mapping[str, tuple[type, Sequence[str]]] = {
    "broker": (PaperBroker, ("quotes", "place", "order", "orders_since", "fills", "balances")),
    "ledger": (SqliteLedger, ("record_intent", "set_order_state", "record_fills")),
}


def _kill_before(_call: Call) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_after(call: Call) -> None:
    call()
    os.kill(os.getpid(), signal.SIGKILL)


def _down(_call: Call) -> None:
    raise TransientExchangeError("503 as ordered")


def _too_many(_call: Call) -> None:
    raise TransientExchangeError("429 as ordered")


def _answer_lost(call: Call) -> None:
    call()
    raise AmbiguousOrder("the connection was reset as ordered")


def _half_open(_call: Call) -> None:
    """A TCP connection on which the other side never says anything again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        client.recv(1)


def _drip(_call: Call) -> None:
    """A byte now and then: no timeout of a single read ever fires."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        other, _ = server.accept()
        threading.Thread(target=_drop, args=(other,), daemon=True).start()
        client.settimeout(20 * _DRIP_S)
        while client.recv(1):
            pass


def _drop(other: socket.socket) -> None:
    while True:
        other.send(b".")
        time.sleep(_DRIP_S)


_ACCIDENTS: Mapping[str, Callable[[Call], None]] = {
    "kill_before": _kill_before,
    "kill_after": _kill_after,
    "down": _down,
    "too_many": _too_many,
    "answer_lost": _answer_lost,
    "half_open": _half_open,
    "drip": _drip,
}


class Accidents:
    """Stands between the worker and its adapters."""

    def __init__(self, plan: Plan) -> None:
        """Follow ``plan``."""
        self._plan = plan
        self._left = 0

    def arrange(self) -> None:
        """Put the table's methods behind the plan."""
        for name, (adapter, methods) in _WHERE.items():
            for method in methods:
                behind = self._behind(f"{name}.{method}", getattr(adapter, method))
                setattr(adapter, method, behind)

    def _behind(self, place: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: object, **kwargs: object) -> object:
            accident = self._due(place)
            if accident is None:
                return method(*args, **kwargs)
            self._plan.note("accident", place=place)
            accident(lambda: method(*args, **kwargs))
            raise AssertionError(f"{place}: the accident let the call go on")

        return called

    def _due(self, place: str) -> Callable[[Call], None] | None:
        words = self._plan.peek()
        if words[1:2] != [place] or words[0] not in _ACCIDENTS:
            return None
        if len(words) > 2:  # noqa: PLR2004 - there is a number
            self._left = self._left or int(words[2])
            self._left -= 1
            if self._left:
                return None
        self._plan.order(_ACCIDENTS)
        return _ACCIDENTS[words[0]]


def main(argv: Sequence[str]) -> int:
    """Take the plan's folder off the front of ``argv`` and be the worker that the rest names."""
    folder, *rest = argv
    wall.follow(Path(folder))
    Accidents(Plan(Path(folder), rest[0])).arrange()
    return worker.main(rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
