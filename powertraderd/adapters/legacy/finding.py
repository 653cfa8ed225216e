"""What became of each thing in the desktop bot's folder."""

from dataclasses import dataclass
from enum import StrEnum

from powertraderd.errors import StoreDamaged


class Outcome(StrEnum):
    """What became of it, in words for the report."""

    TAKEN = "taken"
    CONVERTED = "converted"
    KNOWN = "already here"
    WAITING = "waits for you"
    NOT_NEEDED = "not needed"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; ``file`` is relative to the folder, ``line`` counts from 1."""

    outcome: Outcome
    file: str
    what: str
    line: int | None = None

    @property
    def place(self) -> str:
        """The file, and the line where there is one."""
        return self.file if self.line is None else f"{self.file} line {self.line}"


class LegacyDamaged(StoreDamaged):
    """A file of the desktop bot is damaged; nothing of it was taken."""

    def __init__(self, file: str, what: str, line: int | None = None) -> None:
        """Keep where and what, for the report."""
        self.finding = Finding(Outcome.DAMAGED, file, what, line)
        super().__init__(f"{self.finding.place}: {what}")
