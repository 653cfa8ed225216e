"""S20 on a small scale: every quick kind of fault once on the real daemon, then the truth.

The seed fixes which faults come and in which order; what they meet depends on the machine.

``make soak-live MINUTES=60`` is the long form.
"""

from pathlib import Path

import pytest

from powertraderd.testing.live_soak import live_soak

SEED = 20


@pytest.mark.timeout(400)
def test_s20_random_faults_leave_books_and_exchange_equal(tmp_path: Path) -> None:
    """No invariant of the oracle is broken, and nobody grows; enough happened to mean something."""
    outcome = live_soak(tmp_path, SEED)
    assert outcome.broken == []
    assert outcome.course.kinds.total() == 16
    assert outcome.faults_fired >= 16
    assert outcome.orders >= 8
    assert outcome.sent > outcome.orders, "some orders must have been lost on their way"
