"""Pauses and windows, as tables."""

import pytest

from powertraderd.supervision.backoff import Backoff, Window


@pytest.mark.parametrize(
    ("attempt", "jitter", "delay_ns"),
    [
        (0, 0.0, 10),
        (0, 1.0, 10),
        (1, 0.0, 10),
        (1, 0.5, 15),
        (1, 1.0, 20),
        (3, 1.0, 80),
        (4, 1.0, 100),
        (10_000_000, 1.0, 100),
    ],
)
def test_the_pause_doubles_up_to_the_cap_with_full_jitter_above_the_base(
    attempt: int, jitter: float, delay_ns: int
) -> None:
    """The least jitter still waits for the base: never a tight loop."""
    assert Backoff(base_ns=10, cap_ns=100).delay_ns(attempt, jitter) == delay_ns


def test_a_cap_below_the_base_means_the_base() -> None:
    """Settings in the wrong order never shorten the first pause."""
    assert Backoff(base_ns=10, cap_ns=1).delay_ns(5, 1.0) == 10


@pytest.mark.parametrize(
    ("deaths", "now_ns", "tripped"),
    [
        ((), 50, False),
        ((1, 2), 50, False),
        ((1, 2, 3), 50, True),
        ((1, 2, 3), 101, False),
        ((2, 3, 4), 101, True),
    ],
)
def test_a_window_trips_at_its_limit_and_forgets_what_is_as_old_as_itself(
    deaths: tuple[int, ...], now_ns: int, *, tripped: bool
) -> None:
    """Three deaths within a hundred nanoseconds."""
    assert Window(limit=3, length_ns=100).tripped(deaths, now_ns) is tripped
