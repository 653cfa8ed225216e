"""SIGKILL of the real trader at every point around an order: nothing twice, nothing lost.

The trader as the product wires it, in a process of its own; its ports are watched for the point.
The next incarnation is asked the same again, as an owner would, under the same request id.
"""

from collections.abc import Callable
from typing import Any

import pytest

from powertraderd.testing.proof.crash import NOT_REACHED, Case, cases
from powertraderd.testing.proof.draws import DRAWS, draw_of

TITLE = "crash points: where the trader was killed around an order"
CASES = list(cases())
MANY = 200
MORE_TRIES = 2


@pytest.mark.timeout(300)
def test_a_death_loses_and_repeats_nothing(
    case: Case,
    crashes: Any,  # noqa: ANN401 - see conftest.py
    record_property: Callable[[str, object], None],
) -> None:
    """After the restart books and exchange agree to the last digit.

    Some points exist only where the fills come in two reads; where they came in one, once more.
    """
    result = crashes.result(case)
    for _ in range(MORE_TRIES):
        if NOT_REACHED not in result.broken:
            break
        result = crashes.again(case)
    figures = (result.deaths, result.orders, result.posts, bool(result.broken))
    record_property("proof", (TITLE, case.point, *figures))
    assert not result.broken
    assert result.posts <= 1


def test_the_points_are_many() -> None:
    """And no combination is there twice."""
    names = [str(case) for case in CASES]
    assert len(set(names)) == len(names) >= MANY
    assert {draw_of(case) for case in CASES} == set(DRAWS)
