"""A wall clock that can be set, for the processes under test only.

Setting CLOCK_REALTIME would set it for the whole machine, and a time namespace does not cover it.
So the one place where the daemon reads the wall clock as market time, RealClock.now, is replaced.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from powertraderd.clock import RealClock


def follow(plan: Path) -> None:
    """Let RealClock be off by the seconds in ``plan/wall``; without the file it is right."""
    file = plan / "wall"

    def now(_clock: RealClock) -> datetime:
        offset_s = float(file.read_text(encoding="ascii")) if file.exists() else 0.0
        return datetime.now(UTC) + timedelta(seconds=offset_s)

    RealClock.now = now  # type: ignore[assignment,method-assign]
