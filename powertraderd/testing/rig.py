"""A real supervisor process with scaled budgets, its control socket, and its log."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from powertraderd.supervision.client import Client, DaemonUnreachable
from powertraderd.supervision.protocol import Answer
from powertraderd.supervision.spawn import python_command

T = TypeVar("T")
ROLES = ("exporter", "trainer", "thinker", "trader")
PATIENCE_S = 120.0

# A tenth of the real times, and no budget so small that a busy machine breaks it by itself.
SCALED = {
    "ladder_term": 0.2,
    "ladder_kill": 0.5,
    "ladder_unkillable": 3.0,
    "stop_grace_trader": 2.0,
    "stop_grace": 1.0,
    "mute_after": 0.2,
    "backoff_base": 0.1,
    "backoff_cap": 0.4,
    "stable_after": 1.0,
}
BUDGETS = {
    "boot": 60,
    "reconcile": 20,
    "load_memory": 20,
    "cycle": 10,
    "training_total": 10,
    "idle_slack": 3,
}
MARKET: Mapping[str, Mapping[str, object]] = {
    "trading": {"coins": ["BTC"], "tick_seconds": 0.05, "quiet_window_seconds": 1},
    "clock": {"kind": "accelerated", "start": "2024-01-01T00:00:00Z", "speed": 60},
    "candles": {"history_start": "2023-12-18T00:00:00Z"},
    "paper": {"latency_ms": 6000},
}
"""For real workers: a made-up market in which a minute is an hour; fills show after 0.1 s."""


def until(condition: Callable[[], T | None], what: str, patience_s: float = PATIENCE_S) -> T:
    """The first true value of ``condition``, asked every few milliseconds."""
    deadline = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            msg = f"waited {patience_s:g} s in vain for {what}"
            raise AssertionError(msg)
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether ``pid`` exists and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


class Daemon:
    """A supervisor under test."""

    def __init__(self, folder: Path, *real: str) -> None:
        """Lay out a folder; nothing runs yet. The ``real`` roles work, the others only act."""
        self.real = real
        self.folder = folder
        self.plan = folder / "plan"
        self.plan.mkdir()
        self.state_dir = folder / "state"
        self.runtime_dir = folder / "run"
        self.log_file = folder / "daemon.log"
        self.config = folder / "settings.toml"
        self.client = Client(self.runtime_dir / "control.sock")
        self.process: subprocess.Popen[bytes] | None = None
        self._since: dict[Path, int] = {}
        self.configure()

    # Before and after its life

    def configure(
        self,
        *,
        budgets: Mapping[str, float] | None = None,
        sections: Mapping[str, Mapping[str, object]] | None = None,
        **supervisor: float,
    ) -> None:
        """Write the settings: the scaled ones, changed by the arguments."""
        given = sections or {}
        tables: dict[str, Mapping[str, object]] = {
            "paths": {"state_dir": str(self.state_dir), "runtime_dir": str(self.runtime_dir)},
            "exporter": {"listen": "127.0.0.1:0"},
            "logging": {"level": "debug"},
            "control": {"ack_seconds": 10 if self.real else 1},
            **(MARKET if self.real else {}),
            **given,
            "supervisor": {**SCALED, **given.get("supervisor", {}), **supervisor},
            "supervisor.budgets": {**BUDGETS, **(budgets or {})},
        }
        lines: list[str] = []
        for name, table in tables.items():
            # JSON's text, numbers, truth values and lists are TOML's as well.
            lines += [f"[{name}]", *(f"{key} = {json.dumps(each)}" for key, each in table.items())]
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def start(
        self,
        *,
        ready: bool = True,
        output: int | None = None,
        environment: Mapping[str, str] | None = None,
        before: Callable[[], object] | None = None,
    ) -> "Daemon":
        """Run it; ``ready`` waits until all workers run, ``output`` takes the place of the log.

        ``before`` is called in the new process, before it becomes the supervisor.
        """
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, "-W", "error", "-P", "-m", *self._module()],
                stdin=subprocess.DEVNULL,
                stdout=log if output is None else output,
                stderr=log if output is None else output,
                env={**os.environ, **(environment or {})},
                preexec_fn=before,  # noqa: PLW1509 - there are no other threads
            )
        if ready:
            until(self.all_running, "all workers to run")
        return self

    def _module(self) -> list[str]:
        return ["powertraderd.testing.daemon", str(self.config), str(self.plan), *self.real]

    @property
    def pid(self) -> int:
        """The supervisor's."""
        return self._started().pid

    def wait(self, patience_s: float = PATIENCE_S) -> int:
        """The supervisor's exit code, once it has left."""
        return self._started().wait(patience_s)

    def stop(self) -> int:
        """Ask it to leave as a service manager does."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def signal(self, number: int) -> None:
        """Signal the supervisor."""
        self._started().send_signal(number)

    def _started(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise AssertionError("the daemon was not started")
        return self.process

    def clean_up(self) -> None:
        """Leave no process behind, whatever the test did."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()

    # What it says

    def ask(self, verb: str, timeout_s: float = 5.0, **args: object) -> Answer:
        """One control request."""
        return self.client.request(verb, args, timeout_s)

    def buy(self, request_id: str, usd: str = "100") -> Answer:
        """Buy bitcoin by hand, under a request id of one's own."""
        return self.client.request("buy", {"coin": "BTC", "usd": usd}, 20.0, request_id)

    def ptctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What the owner would type, in a process of its own."""
        command = python_command("powertraderd.ptctl", *words, "--socket", str(self.client.path))
        return subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603

    def metrics(self) -> dict[str, float]:
        """One scrape of the real exporter: figures by name and labels."""
        address = self.logs("metrics_served")[-1]["address"]
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as page:
            lines = page.read().decode().splitlines()
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(figure) for name, _, figure in pairs}

    def wall(self, offset_s: float) -> None:
        """Set the wall clock of all processes off by so much; the machine's own stays alone."""
        draft = self.plan / "wall.new"
        draft.write_text(str(offset_s), encoding="ascii")
        draft.replace(self.plan / "wall")

    def bought(self) -> bool:
        """Whether a purchase by hand, a new one each time, went through."""
        return self.client.request("buy", {"coin": "BTC", "usd": "10"}, 20.0).ok

    def status(self) -> Mapping[str, Any]:
        """The data of ``status``, empty while nobody answers."""
        try:
            answer = self.ask("status")
        except DaemonUnreachable:
            return {}
        return answer.data if answer.ok else {}

    def worker(self, role: str) -> Mapping[str, Any]:
        """One worker's part of the status."""
        found: Mapping[str, Any] = self.status().get("workers", {}).get(role, {})
        return found

    def all_running(self) -> bool:
        """Whether every worker runs."""
        workers = self.status().get("workers", {})
        return len(workers) == len(ROLES) and all(
            each["state"] == "RUNNING" for each in workers.values()
        )

    def logs(self, event: str | None = None, of: str | None = None) -> list[dict[str, Any]]:
        """Log lines, oldest first: all, or those of one event, or those about one worker."""
        lines = []
        for line in self.text().splitlines():
            if not line.startswith("{"):
                continue
            try:
                entry = json.loads(line)
            except ValueError:  # being written
                continue
            if event in (None, entry["event"]) and of in (None, entry.get("of")):
                lines.append(entry)
        return lines

    def text(self) -> str:
        """Everything on standard output and error, stack dumps too."""
        return self._news(self.log_file)

    def forget(self) -> None:
        """Let logs and diaries begin here."""
        for path in (self.log_file, *self.plan.glob("*.log")):
            self._since[path] = path.stat().st_size

    def _news(self, path: Path) -> str:
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return ""
        return raw[self._since.get(path, 0) :].decode(errors="replace")

    def logged(self, event: str, of: str | None = None, times: int = 1) -> dict[str, Any]:
        """Wait for the ``times``-th line of this kind and return it."""
        return (
            until(
                lambda: (self.logs(event, of) + [None] * times)[times - 1],
                f"log line {event} of {of} number {times}",
            )
            or {}
        )

    # What its workers do

    def order(self, role: str, order: str) -> None:
        """Tell a worker how to misbehave from now on; nothing means: behave."""
        path = self.plan / role
        if not order:
            path.unlink(missing_ok=True)
            return
        draft = path.with_suffix(".new")
        draft.write_text(order, encoding="utf-8")
        draft.replace(path)

    def diary(self, role: str, what: str | None = None) -> list[dict[str, Any]]:
        """What the worker noted."""
        text = self._news(self.plan / f"{role}.log")
        entries = [json.loads(line) for line in text.splitlines() if line.endswith("}")]
        return [entry for entry in entries if what in (None, entry["what"])]

    def replaced(self, role: str, pid: int) -> Mapping[str, Any]:
        """Wait until another incarnation than ``pid`` runs."""

        def other() -> Mapping[str, Any] | None:
            found = self.worker(role)
            return found if found.get("state") == "RUNNING" and found["pid"] != pid else None

        return until(other, f"{role} to run again")

    def in_state(self, role: str, state: str) -> Mapping[str, Any]:
        """Wait until the worker is in ``state``."""

        def there() -> Mapping[str, Any] | None:
            found = self.worker(role)
            return found if found.get("state") == state.upper() else None

        return until(there, f"{role} to be {state}")

    def in_phase(self, role: str, phase: str) -> None:
        """Wait until the worker is in ``phase``."""
        until(lambda: self.worker(role).get("phase") == phase, f"{role} to be in {phase}")

    def worker_pids(self) -> dict[str, int]:
        """Pids of all workers that have one."""
        workers = self.status()["workers"]
        return {role: each["pid"] for role, each in workers.items() if each["pid"]}

    def descriptors(self) -> int:
        """How many file descriptors the supervisor holds."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))
