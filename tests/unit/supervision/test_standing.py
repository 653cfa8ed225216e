"""What trading may do, for people, with every reason."""

import pytest

from powertraderd.model.decision import Standing
from powertraderd.supervision.standing import Cause, causes, standing
from powertraderd.supervision.state_file import DurableState

BRAKE = {"code": "clock_skew", "why": "9 s off"}
REPORT = {"differences": ["BTC: 1 missing"], "safeguards": {"brakes": [BRAKE]}}


def test_nothing_held_back_is_active() -> None:
    """Without a report too: a trader that is not there holds nothing back."""
    for report in ({}, {"differences": [], "safeguards": {"brakes": []}}):
        found = causes(DurableState(), safe_mode=False, report=report)
        assert (found, standing(found)) == ((), Standing.ACTIVE)


def test_every_reason_is_named_the_owner_s_first() -> None:
    """All of them mean exits only."""
    held = DurableState(paused=True, reason="tax day")
    found = causes(held, safe_mode=True, report=REPORT)
    assert [cause.code for cause in found] == ["paused", "safe_mode", "differences", "clock_skew"]
    assert found[0] == Cause("paused", "tax day")
    assert found[2:] == (Cause("differences", "BTC: 1 missing"), Cause("clock_skew", "9 s off"))
    assert standing(found) is Standing.REDUCING


def test_a_halt_is_the_gravest() -> None:
    """Whatever else is the matter; a halt without words says so."""
    found = causes(DurableState(paused=True, halted=True), safe_mode=True, report=REPORT)
    assert found[0] == Cause("halted", "no reason given")
    assert standing(found) is Standing.HALTED


@pytest.mark.parametrize("report", [{"safeguards": 3}, {"safeguards": {"brakes": ["x"]}}])
def test_a_report_of_another_shape_adds_nothing(report: dict[str, object]) -> None:
    """It comes from another process, perhaps of another version."""
    assert causes(DurableState(), safe_mode=False, report=report) == ()
