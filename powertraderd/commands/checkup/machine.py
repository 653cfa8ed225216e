"""The machine: its clock, its memory limit, and what systemd does for the daemon."""

import ctypes
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from powertraderd.commands.checkup.finding import Finding, ok, warn

UNIT = "powertraderd.service"
_TIME_ERROR = 5
_TIMEX_BYTES = 512  # more than struct timex on any Linux
_PATIENCE_S = 10
_CGROUP = Path("/sys/fs/cgroup")


def time_sync() -> Iterator[Finding]:
    """Whether something keeps the clock right: signed requests and candles need it."""
    libc = ctypes.CDLL(None, use_errno=True)
    state = libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if state == _TIME_ERROR:
        what = "the kernel's clock is not synchronised"
        yield warn(
            "time sync", what, "run an NTP client (on a container's host): chrony, timesyncd"
        )
    elif state < 0:
        yield warn("time sync", "the kernel does not say", "see that the host runs an NTP client")
    else:
        yield ok("time sync", "the kernel's clock is synchronised")


def service(properties: Mapping[str, str] | None) -> Iterator[Finding]:
    """The watchdog and the memory limit, from what `systemctl show` says of the unit."""
    if not properties or properties.get("LoadState") != "loaded":
        remedy = "install the unit (ops/ansible), so that systemd restarts a hung daemon"
        yield warn("systemd watchdog", f"there is no {UNIT} here", remedy)
        yield from memory_limit({})
        return
    watchdog = properties.get("WatchdogUSec", "0")
    if watchdog in {"", "0", "infinity"}:
        what = f"{UNIT} has no watchdog"
        yield warn("systemd watchdog", what, "set WatchdogSec=30 in the unit")
    else:
        yield ok("systemd watchdog", f"{UNIT} is watched, {watchdog}")
    yield from memory_limit(properties)


def memory_limit(properties: Mapping[str, str]) -> Iterator[Finding]:
    """Whether a limit is in force.

    A MemoryMax that the host does not delegate does nothing, which shows in MemoryCurrent: it is
    counted only where the limit acts.
    """
    wanted, current = properties.get("MemoryMax", ""), properties.get("MemoryCurrent", "")
    if not wanted or wanted == "infinity":
        yield from _own_group()
    elif not current.isdigit():
        what = f"MemoryMax={wanted} is set but not in force (MemoryCurrent is not counted)"
        remedy = "let the host delegate cgroup v2 to this container, or limit the container itself"
        yield warn("memory limit", what, remedy)
    else:
        mib = int(current) / 2**20
        yield ok("memory limit", f"{mib:.0f} MiB of {int(wanted) / 2**20:.0f} MiB in use")


def _own_group() -> Iterator[Finding]:
    """The group that we are in, where no unit says it."""
    limit = _limit(Path("/proc/self/cgroup"), _CGROUP)
    if limit is None:
        what = "none that can be seen here"
        yield warn("memory limit", what, "set MemoryMax in the unit, or limit the container")
    else:
        yield ok("memory limit", f"{limit / 2**20:.0f} MiB for this group")


def _limit(own: Path, root: Path) -> int | None:
    """memory.max of the unified group in ``own``, bytes; None without one."""
    try:
        lines = own.read_text().splitlines()
        group = next(line[3:] for line in lines if line.startswith("0::"))
        text = (root / group.lstrip("/") / "memory.max").read_text().strip()
    except (OSError, StopIteration):
        return None
    return int(text) if text.isdigit() else None


def unit_properties() -> Mapping[str, str] | None:
    """What systemd says of the unit; None where there is no systemd to ask."""
    if shutil.which("systemctl") is None:
        return None
    names = "LoadState,WatchdogUSec,MemoryMax,MemoryCurrent"
    try:
        done = subprocess.run(  # noqa: S603 - no shell, fixed words
            ["systemctl", "show", UNIT, f"--property={names}"],  # noqa: S607 - the system's own
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {name: value for name, _, value in pairs}
