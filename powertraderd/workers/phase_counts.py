"""How often each phase came to its end, how it ended, and how long it took in all.

Outside calls are phases too, so this is also the record of the exchange's errors and latency.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from powertraderd.errors import (
    AmbiguousOrder,
    CredentialsRejected,
    InvalidAnswer,
    RateLimited,
    TransientExchangeError,
)

OK = "ok"
_OUTCOMES: tuple[tuple[type[BaseException], str], ...] = (
    (RateLimited, "rate_limited"),
    (InvalidAnswer, "invalid"),
    (TransientExchangeError, "failed"),
    (AmbiguousOrder, "ambiguous"),
    (CredentialsRejected, "credentials"),
)
_NS = 1_000_000_000


def outcome_of(error: BaseException) -> str:
    """The word for how a phase ended that ``error`` left; the narrower class comes first."""
    return next((word for kind, word in _OUTCOMES if isinstance(error, kind)), "error")


class PhaseCounts:
    """Of one incarnation."""

    def __init__(self) -> None:
        """No phase has ended yet."""
        self._outcomes: dict[str, Counter[str]] = {}
        self._spent_ns: Counter[str] = Counter()

    def ended(self, phase: str, outcome: str, spent_ns: int) -> None:
        """``phase`` was left after ``spent_ns``, machine time."""
        self._outcomes.setdefault(phase, Counter())[outcome] += 1
        self._spent_ns[phase] += spent_ns

    def rows(self) -> Mapping[str, Mapping[str, Any]]:
        """By phase: how many of each outcome that occurred, and ``seconds`` in all."""
        return {
            phase: {**outcomes, "seconds": round(self._spent_ns[phase] / _NS, 3)}
            for phase, outcomes in self._outcomes.items()
        }
