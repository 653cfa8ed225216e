"""What a soak does to a running daemon: each fault is injected once and then left to heal."""

import os
import random
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress

from powertraderd.supervision.client import DaemonUnreachable
from powertraderd.testing.rig import ROLES, Daemon, alive, until
from powertraderd.workers.wiring import LEDGER_DB

TRADER = "trader"
_CRASH_CALLS = (
    *("ledger.record_intent", "ledger.set_order_state 1", "ledger.set_order_state 2"),
    *("ledger.record_fills", "broker.place", "broker.order", "broker.fills", "broker.quotes"),
)
_TAKEN_UP_S = 15.0
_PAUSE_REASON = "soak"


class Injector:
    """Carries faults out; ``orphan_s`` is the longest that a worker outlived its supervisor."""

    def __init__(self, daemon: Daemon, dice: random.Random) -> None:
        """Work on ``daemon`` with the luck of ``dice``."""
        self.daemon = daemon
        self.dice = dice
        self.orphan_s = 0.0
        self.requests = 0
        self.kinds: Mapping[str, tuple[int, Callable[[], None]]] = {
            "SIGKILL of a worker": (3, lambda: self._signal(signal.SIGKILL)),
            "SIGSTOP of a worker": (2, lambda: self._signal(signal.SIGSTOP)),
            "SIGTERM of a worker": (1, lambda: self._signal(signal.SIGTERM)),
            "SIGKILL of all workers": (1, self._kill_all_workers),
            "SIGKILL of the supervisor": (2, self._kill_supervisor),
            "SIGSTOP of the supervisor": (1, self._stall_supervisor),
            "orderly stop and start": (1, self._stop_and_start),
            "SIGKILL at a call": (8, self._crash_at_a_call),
            "exchange down": (2, lambda: self._outage("down")),
            "exchange says 429": (1, lambda: self._outage("too_many")),
            "answer to an order lost": (3, lambda: self._accident("answer_lost broker.place")),
            "half-open connection": (2, lambda: self._accident("half_open broker.order")),
            "a byte now and then": (1, lambda: self._accident("drip broker.fills")),
            "ledger locked": (1, self._lock_ledger),
            "bad control messages": (1, self._babble),
            "burst of reloads": (1, self._reloads),
            "commanded restart": (1, self._restart),
            "paused, killed, started": (1, self._pause_and_kill),
        }

    def chance(self) -> str:
        """A kind of fault."""
        weights = [weight for weight, _ in self.kinds.values()]
        [kind] = self.dice.choices(list(self.kinds), weights)
        return kind

    def inject(self, kind: str) -> None:
        """Let it happen."""
        self.kinds[kind][1]()

    def trade(self) -> None:
        """Buy or sell a little by hand; the answer may be anything, the ledger tells later."""
        self.requests += 1
        request_id = f"soak-{self.requests}"
        if self.dice.random() < 0.5:  # noqa: PLR2004 - heads or tails
            verb, args = "buy", {"coin": "BTC", "usd": "20"}
        else:
            verb, args = "sell", {"coin": "BTC", "pct": "40"}
        for _ in range(2):  # the second time must not be a second deed
            with suppress(DaemonUnreachable):
                self.daemon.client.request(verb, args, 3.0, request_id)

    # Signals

    def _signal(self, number: int) -> None:
        pid = self.daemon.worker(self.dice.choice(ROLES)).get("pid")
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _kill_all_workers(self) -> None:
        for pid in self.daemon.worker_pids().values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _kill_supervisor(self) -> None:
        pids = self.daemon.worker_pids().values()
        self.daemon.signal(signal.SIGKILL)
        self.daemon.wait()
        died = time.monotonic()
        until(lambda: not any(alive(pid) for pid in pids), "the orphans to be gone")
        self.orphan_s = max(self.orphan_s, time.monotonic() - died)
        self.daemon.start(ready=False)

    def _stall_supervisor(self) -> None:
        self.daemon.signal(signal.SIGSTOP)
        time.sleep(3)
        self.daemon.signal(signal.SIGCONT)

    def _stop_and_start(self) -> None:
        self.daemon.stop()
        self.daemon.start(ready=False)

    # The exchange and the stores

    def _crash_at_a_call(self) -> None:
        when = self.dice.choice(("kill_before", "kill_after"))
        self._accident(f"{when} {self.dice.choice(_CRASH_CALLS)}")

    def _accident(self, accident: str) -> None:
        """Order it, give it an occasion, and take the order back when there was none."""
        self.daemon.order(TRADER, f"once {accident}")
        until_s = time.monotonic() + _TAKEN_UP_S
        while (self.daemon.plan / TRADER).exists() and time.monotonic() < until_s:
            self.trade()
            time.sleep(0.1)
        self.daemon.order(TRADER, "")

    def _outage(self, accident: str) -> None:
        self.daemon.order(TRADER, f"{accident} broker.quotes")
        time.sleep(self.dice.uniform(1, 4))
        self.trade()
        self.daemon.order(TRADER, "")

    def _lock_ledger(self) -> None:
        path = self.daemon.state_dir / LEDGER_DB
        with closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as thief:
            thief.execute("BEGIN IMMEDIATE")
            time.sleep(self.dice.uniform(0.5, 6))

    # The owner

    def _babble(self) -> None:
        for size in (1, 300, 60_000):
            with (
                suppress(OSError),
                socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection,
            ):
                connection.settimeout(2)
                connection.connect(str(self.daemon.client.path))
                connection.send(self.dice.randbytes(size))
                connection.recv(70_000)

    def _reloads(self) -> None:
        for _ in range(50):
            self.daemon.signal(signal.SIGHUP)

    def _restart(self) -> None:
        with suppress(DaemonUnreachable):
            self.daemon.ask("restart", worker=self.dice.choice(ROLES))

    def _pause_and_kill(self) -> None:
        """Promise h: nobody has resumed, so it must still be paused."""
        if not self.daemon.ask("pause", reason=_PAUSE_REASON).ok:
            raise AssertionError("the pause was refused")
        self._kill_supervisor()
        trading = until(lambda: self.daemon.status().get("trading"), "the daemon to answer")
        if (trading["paused"], trading["reason"]) != (True, _PAUSE_REASON):
            msg = f"promise h is broken: {trading}"
            raise AssertionError(msg)
        if not self.daemon.ask("resume").ok:
            raise AssertionError("resuming was refused")
