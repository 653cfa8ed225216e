"""One line of the doctor."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How it stands."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it stands, and what to do about it.

    ``passing``: it may mend itself, so a daemon need not wait for it. ``topic`` is what the line
    is about, one word or two.
    """

    topic: str
    verdict: Verdict
    what: str
    remedy: str = ""
    passing: bool = False

    @property
    def forbids_live(self) -> bool:
        """Whether real money must not be traded with this."""
        return self.verdict is Verdict.FAIL and not self.passing


def ok(topic: str, what: str) -> Finding:
    """All is well."""
    return Finding(topic, Verdict.OK, what)


def warn(topic: str, what: str, remedy: str) -> Finding:
    """It works, and should be better."""
    return Finding(topic, Verdict.WARN, what, remedy)


def fail(topic: str, what: str, remedy: str, *, passing: bool = False) -> Finding:
    """It does not work."""
    return Finding(topic, Verdict.FAIL, what, remedy, passing)
