"""A real trader process with us in the supervisor's place: commands in, answers out."""

import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from powertraderd.adapters.sqlite.ledger_reader import LedgerReader
from powertraderd.errors import DataUnavailable
from powertraderd.model.order import OrderRecord
from powertraderd.supervision.channel import ChannelClosed, TradingState, pair
from powertraderd.supervision.page import create
from powertraderd.testing.proof.books import CASH
from powertraderd.testing.proof.lane import Child, Lane
from powertraderd.testing.proof.marks import Mark
from powertraderd.workers.wiring import LEDGER_DB

QUIET_WINDOW_S = 2.0
TICK_S = 0.25
PATIENCE_S = 60.0


class Trader:
    """A trader process of the nursery, with us in the supervisor's place."""

    def __init__(
        self,
        lane: Lane,
        folder: Path,
        incarnation: int,
        mark: Mark | None,
        **settings: Mapping[str, object],
    ) -> None:
        """Start it; ``settings`` change sections of what start_settings gives."""
        page_fd = create()
        self._channel, theirs = pair()
        self.heard: list[Mapping[str, Any]] = []
        self._channel.send(_start(start_settings(lane, folder, settings), incarnation))
        request = {"life": "trader", "mark": asdict(mark) if mark else None}
        with (folder / "trader.log").open("ab") as log:
            pid = lane.nursery.bear(request, [page_fd, theirs.fileno(), log.fileno()])
        self.child = Child(pid)
        os.close(page_fd)
        theirs.close()

    def command(self, request_id: str, verb: str, **args: object) -> None:
        """As the supervisor relays it."""
        self._channel.send(
            {
                "type": "command",
                "id": request_id,
                "verb": verb,
                "args": args,
                "uid": 0,
                "expires_ns": time.monotonic_ns() + int(PATIENCE_S * 1e9),
            }
        )

    def hear(self, kind: str, request_id: str = "") -> Mapping[str, Any] | None:
        """The next message of this kind; None when the trader is dead."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            for number, message in enumerate(self.heard):
                if message["type"] == kind and message.get("id", "") in ("", request_id):
                    return self.heard.pop(number)
            if not self._listen() and self.child.ended(0):
                return None
        msg = f"waited {PATIENCE_S:g} s in vain for {kind} {request_id}"
        raise AssertionError(msg)

    def ready(self) -> bool:
        """Wait until it is ready; False when it died before."""
        return self.hear("ready") is not None

    def agrees(self, patience_s: float = PATIENCE_S) -> str:
        """Ask it to compare until books and exchange agree; the last difference otherwise."""
        until = time.monotonic() + patience_s
        for number in range(10_000):
            request_id = f"compare-{number}"
            self.command(request_id, "reconcile")
            answer = self.hear("answer", request_id)
            if answer is None:
                return "the trader died"
            if answer["ok"]:
                return ""
            if time.monotonic() > until:
                break
            time.sleep(TICK_S)
        return str(answer)

    def end(self) -> None:
        """Kill it and hang up."""
        self.child.kill()
        self._channel.close()

    def _listen(self) -> bool:
        try:
            message = self._channel.receive()
        except ChannelClosed:
            return self.child.ended(0.005) and False
        if message is None:
            self.child.ended(0.005)
            return True
        self.heard.append(message)
        return True


def start_settings(
    lane: Lane, folder: Path, changes: Mapping[str, Mapping[str, object]]
) -> dict[str, dict[str, object]]:
    """Live trading of BTC on the lane's exchange."""
    usual: dict[str, dict[str, object]] = {
        "trading": {
            "mode": "live",
            "coins": ["BTC"],
            "tick_seconds": TICK_S,
            "quiet_window_seconds": QUIET_WINDOW_S,
        },
        "exchange": {
            "base_url": lane.venue.base_url,
            "ca_file": str(lane.venue.ca_file),
            "key_file": str(lane.key_file),
            "budget": str(CASH),
            "requests_per_second": 10,
        },
        "candles": {"source": "kucoin", "base_url": lane.venue.kucoin_url},
        "paths": {"state_dir": str(folder), "runtime_dir": str(folder)},
        "logging": {"level": "debug"},
    }
    for name, section in changes.items():
        usual[name] = {**usual.get(name, {}), **section}
    return usual


def _start(settings: Mapping[str, object], incarnation: int) -> dict[str, Any]:
    return {
        "type": "start",
        "settings": settings,
        "clock": {"kind": "real"},
        "incarnation": incarnation,
        "trading": asdict(TradingState()),
        "last_page": None,
        "quarantine": [],
    }


def records(folder: Path) -> tuple[OrderRecord, ...]:
    """The newest orders of the trader's ledger."""
    reader = LedgerReader(folder / LEDGER_DB)
    try:
        return reader.orders(10)
    except DataUnavailable:
        return ()
    finally:
        reader.close()


def until_final(folder: Path) -> None:
    """Wait until the ledger has orders, and all of them are final."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = records(folder)
        if found and all(record.state.final for record in found):
            return
        time.sleep(0.02)
    raise AssertionError("an order did not come to its end")
