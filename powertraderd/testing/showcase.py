"""What you see when: prints the section of docs/supervision.md of that name, from real runs.

``python -m powertraderd.testing.showcase > section.md``; takes about a minute.
"""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powertraderd.testing.rig import Daemon, until
from powertraderd.testing.service_manager import ServiceManager

_DULL = frozenset({"event", "worker", "incarnation", "level", "ts", "of_incarnation", "pid"})
_UNTOLD = frozenset({"worker_life", "worker_spawned", "worker_ready"})
_SLOW = {"backoff_base": 3.0, "backoff_cap": 4.0}
_WIDE = {"budgets": {"cycle": 1.5}}
_LONGEST_STACK = 90


@dataclass(frozen=True, slots=True)
class Case:
    """A death: what it is called, who dies, how, and where the worker ends up."""

    title: str
    role: str
    order: str
    state: str = "BACKOFF"


CASES = (
    Case("A call that never returns", "trader", "once block coinbase.get_order order-9"),
    Case("A loop that never lets go", "trainer", "once spin learn"),
    Case("A cycle that never ends", "thinker", "once endless"),
    Case("A page that cannot be believed", "trainer", "once garbage"),
    Case("An error that nobody has foreseen", "thinker", "once crash"),
    Case("A crash inside a library", "thinker", "once segfault"),
    Case("Killed from outside, or for memory", "trader", "SIGKILL"),
    Case("An exchange that is down at the start", "trader", "fail_in_boot"),
    Case("Settings that cannot be used", "trader", "exit 78", "PARKED"),
    Case("A key that the exchange refuses", "trader", "exit 77", "PARKED"),
    Case("Too many deaths", "thinker", "crash", "PARKED"),
    Case("Too many deaths of the trader", "trader", "crash", "PARKED"),
)


def show(case: Case, folder: Path) -> Iterator[str]:
    """Make it happen in a daemon of its own and say what was seen, as Markdown."""
    daemon = Daemon(folder, "exporter")
    pauses = {} if case.order == "crash" else _SLOW
    daemon.configure(**_WIDE, **pauses)  # type: ignore[arg-type]  # budgets are no float
    with ServiceManager(folder) as manager:
        try:
            if case.order in {"fail_in_boot", "exit 78", "exit 77", "crash"}:
                daemon.order(case.role, case.order)
            daemon.start(ready=case.order != "crash" and not _early(case), **_from(manager))
            _make(daemon, case)
            daemon.in_state(case.role, case.state)
            status = f"{case.role} {case.state}"
            until(lambda: manager.hears(f"STATUS={status}"), f"the status {status}")
            yield from _page(daemon, manager, case)
        finally:
            daemon.clean_up()


def _early(case: Case) -> bool:
    return case.order in {"fail_in_boot", "exit 78", "exit 77"}


def _from(manager: ServiceManager) -> dict[str, Any]:
    return {"environment": manager.environment}


def _make(daemon: Daemon, case: Case) -> None:
    if case.order == "SIGKILL":
        os.kill(daemon.worker(case.role)["pid"], signal.SIGKILL)
    elif not _early(case) and case.order != "crash":
        daemon.order(case.role, case.order)
    daemon.logged("worker_parked" if case.state == "PARKED" else "worker_died", case.role)


def _page(daemon: Daemon, manager: ServiceManager, case: Case) -> Iterator[str]:
    yield f"### {case.title}\n"
    yield f"`{case.order.removeprefix('once ')}` in the {case.role}.\n"
    yield "```"
    yield from _newest(_log_lines(daemon, case.role))
    yield "```"
    metrics = daemon.metrics()
    yield "* metric: " + ", ".join(f"`{each}`" for each in _figures(metrics, case.role))
    said = [m for m in manager.heard if m.startswith("STATUS=") or "\nSTATUS=" in m]
    yield f"* `systemctl status`: `{said[-1].rpartition('STATUS=')[2].strip()}`"
    yield "* `ptctl status`:\n\n```"
    yield from _table(daemon.ptctl("status").stdout, case.role)
    yield "```\n"


def _log_lines(daemon: Daemon, role: str) -> Iterator[str]:
    for line in daemon.logs():
        ours = line["worker"] == "supervisor" and line.get("of") == role
        if (ours and line["event"] not in _UNTOLD) or (
            line["worker"] == role and line["level"] in {"warning", "error", "critical"}
        ):
            yield _brief(line)


def _newest(lines: Iterator[str]) -> Iterator[str]:
    """The last ten; a crash loop repeats itself."""
    kept = list(lines)
    yield from (["..."] if len(kept) > 10 else [])  # noqa: PLR2004 - fits on a screen
    yield from kept[-10:]


def _brief(line: dict[str, Any]) -> str:
    words = {name: value for name, value in line.items() if name not in _DULL}
    for name in ("stack", "exception"):
        if name in words:
            words[name] = _shortened(str(words[name]), name)
    fields = " ".join(f"{name}={json.dumps(value)}" for name, value in words.items())
    return f"{line['level']:<8} {line['event']} {fields}"


def _shortened(text: str, name: str) -> str:
    """The innermost line of a stack, the last of a traceback."""
    lines = [each.strip() for each in text.splitlines() if each.strip()]
    if name == "exception":
        return f"... {lines[-1]}"
    inner = next((each for each in lines if each.startswith("File")), lines[0])
    return f"... {Path(inner).name[-_LONGEST_STACK:]} ..."


def _figures(metrics: dict[str, float], role: str) -> Iterator[str]:
    for name, figure in metrics.items():
        if f'worker="{role}"' not in name or not figure:
            continue
        if name.startswith(("powertraderd_worker_state", "powertraderd_worker_restarts_total")):
            yield f"{name} {figure:g}"


def _table(shown: str, role: str) -> Iterator[str]:
    for line in shown.splitlines():
        if line.startswith(("!", "trading", "WORKER", f"{role} ")):
            yield line.rstrip()


def main(write: Callable[[str], object] = sys.stdout.write) -> None:
    """All cases, one after the other."""
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            for line in show(case, Path(folder)):
                write(line + "\n")


if __name__ == "__main__":
    main()
