"""Phases counted by how they ended."""

import pytest

from powertraderd.errors import (
    AmbiguousOrder,
    InvalidAnswer,
    InvariantBroken,
    RateLimited,
    TransientExchangeError,
)
from powertraderd.workers.phase_counts import OK, PhaseCounts, outcome_of


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (RateLimited(), "rate_limited"),
        (InvalidAnswer(), "invalid"),
        (TransientExchangeError(), "failed"),
        (AmbiguousOrder(), "ambiguous"),
        (InvariantBroken(), "error"),
        (KeyboardInterrupt(), "error"),
    ],
)
def test_an_error_is_counted_as_its_narrowest_class(error: BaseException, word: str) -> None:
    """A rate limit is a failure too, and more telling."""
    assert outcome_of(error) == word


def test_only_what_occurred_is_in_the_rows_and_time_adds_up() -> None:
    """The rows go into a message of bounded size."""
    counts = PhaseCounts()
    counts.ended("broker.place", OK, 250_000_000)
    counts.ended("broker.place", "ambiguous", 1_250_000_000)
    assert counts.rows() == {"broker.place": {OK: 1, "ambiguous": 1, "seconds": 1.5}}
