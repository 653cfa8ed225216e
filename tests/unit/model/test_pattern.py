"""Patterns and their distance, as MODEL.md says."""

import pytest

from powertraderd.model.pattern import matches, move_pct


def test_a_move_is_measured_against_the_price_before() -> None:
    """From 200 to 150 is minus a quarter, back is plus a third."""
    assert move_pct(200.0, 150.0) == -25.0
    assert move_pct(150.0, 200.0) == pytest.approx(100 / 3)


@pytest.mark.parametrize(
    ("one", "other", "distance"), [(1.0, 3.0, 100.0), (-1.0, -3.0, 100.0), (2.0, 2.5, 200 / 9)]
)
def test_patterns_match_up_to_their_distance_of_the_mean(
    one: float, other: float, distance: float
) -> None:
    """The threshold itself still matches; both ways round."""
    for pair in ((one, other), (other, one)):
        assert matches(*pair, distance)
        assert not matches(*pair, distance * 0.999)


@pytest.mark.parametrize(("one", "other"), [(1.0, -1.0), (0.0, 1e-9), (-1e-9, 0.0)])
def test_patterns_of_different_sign_never_match(one: float, other: float) -> None:
    """A rise is not like a fall, and a standstill is like neither."""
    assert not matches(one, other, 100.0)


def test_two_standstills_match_at_any_threshold() -> None:
    """Their distance is 0."""
    assert matches(0.0, 0.0, 0.0)
