"""The live view on a terminal."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from powertraderd.testing.control_server import RecordedDaemon, good

RECORDED = Path(__file__).parent / "recorded"
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
CURSOR_BACK = "\x1b[?25h"


@pytest.fixture(autouse=True)
def recorded(daemon: RecordedDaemon) -> None:
    """Status and decisions."""
    for verb in ("status", "decisions"):
        daemon.replies[verb] = good(json.loads((RECORDED / f"{verb}.json").read_text()))


def test_ctrl_c_leaves_cleanly(
    terminal: Callable[[list[str], str, str], tuple[int, str]],
) -> None:
    """The screen and the cursor come back, and no traceback is seen."""
    code, seen = terminal(["top"], "Ctrl-C leaves", "\x03")
    assert code == 0
    assert ENTER in seen
    assert LEAVE in seen.split(ENTER)[1]
    assert seen.rindex(CURSOR_BACK) > seen.index(ENTER)
    assert "Traceback" not in seen
    assert "trader is parked" in seen


def test_a_second_signal_does_not_leave_the_terminal_behind(
    terminal: Callable[[list[str], str, str], tuple[int, str]],
) -> None:
    """Impatient fingers, and a parent that stops the view as well."""
    code, seen = terminal(["top"], "Ctrl-C leaves", "\x03\x03\x03")
    assert code == 0
    assert LEAVE in seen
