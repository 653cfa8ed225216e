"""How far the training of a memory, and of a coin, has come."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any


class TrainingState(StrEnum):
    """READY to predict; RUNNING; REQUIRED: nothing learned, or too long ago; REFUSED: not ours."""

    READY = "READY"
    RUNNING = "RUNNING"
    REQUIRED = "REQUIRED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Training:
    """One memory; ``progress`` goes from 0 to 1, ``threshold`` is the learner's own T."""

    state: TrainingState
    trained_at: datetime | None = None
    candles: int = 0
    entries: int = 0
    threshold: float = 0.0
    progress: float = 0.0

    def running(self, progress: float) -> "Training":
        """The same while it learns."""
        return replace(self, state=TrainingState.RUNNING, progress=progress)

    def row(self) -> dict[str, Any]:
        """Plain JSON values; short, because all memories share one message."""
        return {
            "state": self.state.value,
            "trained_at": None if self.trained_at is None else _minute(self.trained_at),
            "candles": self.candles,
            "entries": self.entries,
            "threshold": round(self.threshold, 4),
            "progress": round(self.progress, 3),
        }


def _minute(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def coin_row(trainings: Sequence[Training], stale_before: datetime) -> dict[str, Any]:
    """All memories of one coin together: it is as trained as its least trained one."""
    times = [each.trained_at for each in trainings]
    oldest = min((time for time in times if time is not None), default=None)
    complete = None not in times
    states = {each.state for each in trainings}
    if TrainingState.RUNNING in states:
        state = TrainingState.RUNNING
    elif TrainingState.REFUSED in states:
        state = TrainingState.REFUSED
    elif not complete or oldest is None or oldest < stale_before:
        state = TrainingState.REQUIRED
    else:
        state = TrainingState.READY
    return {
        "state": state.value,
        "trained_at": oldest.isoformat() if complete and oldest is not None else None,
        "progress": round(sum(each.progress for each in trainings) / len(trainings), 3),
    }
