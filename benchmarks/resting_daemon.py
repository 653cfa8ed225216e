"""A real daemon in steady paper mode for the benchmarks: five coins, real time, nothing scaled."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from powertraderd.supervision.client import Client, DaemonUnreachable
from powertraderd.supervision.spawn import python_command

PATIENCE_S = 300.0
STOP_S = 60.0
COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE")

# Everything that is not named has the value that a user gets by default.
SETTINGS = f"""\
[trading]
coins = [{", ".join(f'"{coin}"' for coin in COINS)}]

[paths]
state_dir = "state"
runtime_dir = "run"

[exporter]
listen = "127.0.0.1:0"

[logging]
file = "powertraderd.log"
"""


@dataclass(frozen=True, slots=True)
class RestingDaemon:
    """Its supervisor's pid and its control socket."""

    pid: int
    socket: Path

    def tree(self) -> dict[str, int]:
        """Pids of the supervisor and of all that descend from it, by role or by pid."""
        workers = Client(self.socket).request("status").data["workers"]
        roles = {each["pid"]: name for name, each in workers.items()}
        found, waiting = {"supervisor": self.pid}, children(self.pid)
        while waiting:
            pid = waiting.pop()
            found[roles.get(pid, str(pid))] = pid
            waiting += children(pid)
        return found


def children(pid: int) -> list[int]:
    """Pids of the children of ``pid``."""
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text(encoding="ascii").split()
    ]


@contextmanager
def resting_daemon() -> Iterator[RestingDaemon]:
    """A daemon whose coins are all trained and have a signal; stopped at the end.

    Raises RuntimeError where it ends by itself or does not come so far.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # no daemon is left behind
    with tempfile.TemporaryDirectory(prefix="powertraderd-benchmark-") as name:
        folder = Path(name)
        config = folder / "settings.toml"
        config.write_text(SETTINGS, encoding="utf-8")
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith("POWERTRADERD_")
        }
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(
                python_command("powertraderd", "run", "--config", str(config)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
            )
        try:
            daemon = RestingDaemon(process.pid, folder / "run" / "control.sock")
            print("starting a daemon, training five coins ...", file=sys.stderr)
            _wait_until_trading(daemon, process, folder / "output")
            yield daemon
        finally:
            process.terminate()
            process.wait(STOP_S)


def _wait_until_trading(
    daemon: RestingDaemon, process: "subprocess.Popen[bytes]", output: Path
) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            status = Client(daemon.socket).request("status").data
        except DaemonUnreachable:
            status = {}
        coins = [status.get("coins", {}).get(coin, {}) for coin in COINS]
        if all(coin.get("signal") and coin.get("decision") for coin in coins):
            return
        time.sleep(0.2)
    last = output.read_text(errors="replace").splitlines()[-5:]
    msg = "the daemon did not come to trade:\n" + "\n".join(last)
    raise RuntimeError(msg)
