"""The admin API: plain HTTP, for the test only (FAKE_EXCHANGE.md, 11)."""

from collections.abc import Callable, Mapping
from typing import Any

from powertraderd.testing.fakex.changes import CHANGES
from powertraderd.testing.fakex.exchange import Exchange
from powertraderd.testing.fakex.faults import Faults
from powertraderd.testing.fakex.invariants import examine
from powertraderd.testing.fakex.journal import Journal
from powertraderd.testing.fakex.listener import Listener
from powertraderd.testing.fakex.message import Answer, Request, error
from powertraderd.testing.fakex.truth import ledger_json, truth_json


class Admin:
    """Answers admin requests; ``clear`` empties what a reset must empty elsewhere."""

    def __init__(
        self,
        exchange: Exchange,
        faults: Faults,
        journal: Journal,
        listeners: Mapping[str, Listener],
        clear: Callable[[], None],
    ) -> None:
        """Rule over these."""
        self._exchange = exchange
        self._faults = faults
        self._journal = journal
        self._listeners = listeners
        self._clear = clear

    def perform(self, request: Request) -> Answer:
        """Any request to the admin listener."""
        try:
            if request.method == "GET":
                return self._read(request)
            return Answer(self._change(request.path.removeprefix("/"), request.json()))
        except (KeyError, ValueError, TypeError) as problem:
            return error(400, "INVALID", f"{type(problem).__name__}: {problem}")

    def _read(self, request: Request) -> Answer:
        journal = self._journal
        with self._exchange.lock:
            match request.path:
                case "/orders":
                    return Answer(truth_json(self._exchange))
                case "/ledger":
                    return Answer(ledger_json(self._exchange))
                case "/journal":
                    since = request.value("since", "0")
                    return Answer(journal.since(int(since)))
                case "/stats":
                    return Answer(self._stats())
                case "/invariants":
                    return Answer(examine(self._exchange, journal.since(0), journal.tokens))
        return error(404, "NOT_FOUND", f"no such path: {request.path}")

    def _stats(self) -> dict[str, Any]:
        return {
            "requests": len(self._journal.entries),
            "orders": len(self._exchange.orders),
            "faults": self._faults.facts(),
            "now": self._exchange.now().isoformat(),
        }

    def _change(self, what: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        match what:
            case "reset":
                return self._reset(body.get("seed"))
            case "faults":
                return self._faults.change(body, self._exchange.clock.monotonic())
            case "listener":
                return self._listen(body["name"], body["state"])
        if what not in CHANGES:
            msg = f"there is no {what!r} to change; there are {', '.join(CHANGES)}"
            raise ValueError(msg)
        return self._apply(what, body)

    def _apply(self, what: str, body: Any) -> Any:  # noqa: ANN401 - JSON
        with self._exchange.lock:
            result = self._exchange.apply(what, body)
            kept = {"clock": self._exchange.clock.state(), "script": result}.get(what, body)
            self._exchange.remember(what, kept)
        return result

    def _reset(self, seed: int | None) -> dict[str, Any]:
        with self._exchange.lock:
            if seed is not None:
                self._exchange.seed = seed
            self._exchange.reset()
            self._faults.change({"clear": True}, self._exchange.clock.monotonic())
            self._faults.reseed(self._exchange.seed)
            self._journal.clear()
            self._clear()
        return {}

    def _listen(self, name: str, state: str) -> dict[str, Any]:
        listener = self._listeners[name]
        actions = {
            "open": listener.reopen,
            "refuse": listener.refuse,
            "backlog_full": listener.fill_backlog,
        }
        actions[state]()
        return {"state": state}
