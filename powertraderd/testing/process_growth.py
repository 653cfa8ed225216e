"""Memory and descriptors of processes over their lives, from /proc.

Memory is PSS: what processes share counts once, divided among them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

WARM_LOOKS = 5
"""So many looks a process has before its figures are held against it."""
MOST_GROWTH_MIB = 24.0
MOST_FDS = 8
LIMIT_MIB = 250.0
"""All processes of the daemon together (ARCHITECTURE.md)."""


@dataclass(slots=True)
class Life:
    """One process: figures when it was warm, and the newest ones."""

    role: str
    looks: int = 0
    pss_mib: tuple[float, float] = (0.0, 0.0)
    fds: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class Growth:
    """Of all processes that were looked at."""

    lives: dict[int, Life] = field(default_factory=dict)
    most_mib: float = 0.0

    def look(self, pids: Mapping[str, int]) -> None:
        """Take the figures; a process that died meanwhile has none."""
        total = 0.0
        for role, pid in pids.items():
            try:
                pss_mib = _pss_mib(pid)
                fds = len(list(Path(f"/proc/{pid}/fd").iterdir()))
            except (FileNotFoundError, ProcessLookupError):
                continue
            total += pss_mib
            life = self.lives.setdefault(pid, Life(role))
            life.looks += 1
            warm = life.looks <= WARM_LOOKS
            life.pss_mib = (pss_mib if warm else life.pss_mib[0], pss_mib)
            life.fds = (fds if warm else life.fds[0], fds)
        self.most_mib = max(self.most_mib, total)

    def broken(self) -> list[str]:
        """Processes that grew, in words."""
        found = []
        for pid, life in self.lives.items():
            grown, more = life.pss_mib[1] - life.pss_mib[0], life.fds[1] - life.fds[0]
            if grown > MOST_GROWTH_MIB or more > MOST_FDS:
                found.append(
                    f"{life.role} {pid} grew by {grown:.1f} MiB and {more} descriptors "
                    f"within {life.looks} looks"
                )
        if self.most_mib > LIMIT_MIB:
            found.append(f"all processes together took {self.most_mib:.0f} MiB")
        return found

    def rows(self) -> list[tuple[str, str]]:
        """The largest of each."""
        lives = self.lives.values()
        mib = max((life.pss_mib[1] - life.pss_mib[0] for life in lives), default=0.0)
        fds = max((life.fds[1] - life.fds[0] for life in lives), default=0)
        longest = max((life.looks for life in lives), default=0)
        return [
            ("most memory of all processes", f"{self.most_mib:.0f} MiB"),
            ("most growth of a process in its life", f"{mib:.1f} MiB, {fds} fds"),
            ("faults that one process lived through", str(longest)),
        ]


def _pss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)  # a zombie has none
