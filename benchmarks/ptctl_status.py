"""How long a person waits for `ptctl status`: from starting the program until it has ended.

A real daemon trades five coins of the made-up market meanwhile. A bare interpreter that does
nothing is measured beside it: nothing written in Python can be faster.

    python benchmarks/ptctl_status.py
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from resting_daemon import resting_daemon

TIMES = 30
AIM_MS = 150.0
PTCTL = str(Path(sys.executable).with_name("ptctl"))


def milliseconds(command: Sequence[str]) -> list[float]:
    """Wall times of running ``command`` TIMES times, ascending; raises where it fails."""
    times = []
    for _ in range(TIMES + 1):
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append((time.perf_counter() - begun) * 1e3)
    return sorted(times[1:])  # the first one filled the caches


def main() -> int:
    """Print medians and the slowest, with ratios."""
    bare = milliseconds([sys.executable, "-I", "-c", "pass"])
    floor_ms = statistics.median(bare)
    print(f"{'wall milliseconds':<24}{'median':>8}{'fastest':>9}{'slowest':>9}{'ratio':>8}")
    print(f"{'bare interpreter':<24}{floor_ms:>8.0f}{bare[0]:>9.0f}{bare[-1]:>9.0f}{1:>7.1f}x")
    with resting_daemon() as daemon:
        socket = str(daemon.socket)
        for words in (["status"], ["status", "--json"], ["positions"]):
            taken = milliseconds([PTCTL, *words, "--socket", socket])
            middle = statistics.median(taken)
            print(
                f"{'ptctl ' + ' '.join(words):<24}{middle:>8.0f}{taken[0]:>9.0f}"
                f"{taken[-1]:>9.0f}{middle / floor_ms:>7.1f}x"
            )
    print(f"aim for ptctl status: below {AIM_MS:g} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
