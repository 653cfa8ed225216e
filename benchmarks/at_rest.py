"""What the daemon costs when nothing happens: CPU share and memory of the whole process tree.

Five coins in paper mode, in real time, with default settings, after training. Memory is PSS
(shared pages are counted once, in shares), CPU is user and system time of all processes.

    python benchmarks/at_rest.py [SECONDS]
"""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from resting_daemon import resting_daemon

USUAL_SECONDS = 120.0
SETTLE_S = 10.0
AIM_PERCENT, AIM_MB = 1.0, 250.0
_TICKS = os.sysconf("SC_CLK_TCK")
_UTIME, _STIME = 11, 12


def cpu_s(pid: int) -> float:
    """User and system time of all threads so far; the scheduler's own nanoseconds."""
    return (
        sum(
            int((task / "schedstat").read_text(encoding="ascii").split()[0])
            for task in Path(f"/proc/{pid}/task").iterdir()
        )
        / 1e9
    )


def pss_mb(pid: int) -> float:
    """Its share of the memory that it uses, megabytes."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    msg = f"/proc/{pid}/smaps_rollup has no Pss"
    raise RuntimeError(msg)


def main(seconds: float) -> int:
    """Print a line for each process and the totals."""
    with resting_daemon() as daemon:
        time.sleep(SETTLE_S)
        tree = daemon.tree()
        before = {name: cpu_s(pid) for name, pid in tree.items()}
        begun = time.monotonic()
        print(f"watching {len(tree)} processes for {seconds:g} s ...", file=sys.stderr)
        time.sleep(seconds)
        watched_s = time.monotonic() - begun
        percent = {
            name: 100 * (cpu_s(pid) - before[name]) / watched_s for name, pid in tree.items()
        }
        memory = {name: pss_mb(pid) for name, pid in tree.items()}
    print(f"{'process':<12}{'% of one core':>15}{'PSS MB':>9}")
    for name in tree:
        print(f"{name:<12}{percent[name]:>15.2f}{memory[name]:>9.1f}")
    print(f"{'all':<12}{sum(percent.values()):>15.2f}{sum(memory.values()):>9.1f}")
    print(f"aims: below {AIM_PERCENT:g} % of one core and {AIM_MB:g} MB in all")
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else USUAL_SECONDS))
