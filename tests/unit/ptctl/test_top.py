"""The live view on a terminal."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from powertraderd.ptctl.keys import HELP, Pane, View, foot, pressed
from powertraderd.ptctl.logs import tail
from powertraderd.ptctl.table import Paper
from powertraderd.testing.control_server import RecordedDaemon, good
from powertraderd.testing.rig import until

RECORDED = Path(__file__).parent / "recorded"
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
ON = Paper(80, colour=False)
CURSOR_BACK = "\x1b[?25h"


@pytest.fixture(autouse=True)
def recorded(daemon: RecordedDaemon) -> None:
    """Status, decisions, positions and orders."""
    for verb in ("status", "decisions", "positions", "orders"):
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


def test_p_pauses_when_y_confirms(
    daemon: RecordedDaemon, terminal: Callable[[list[str], str, str], tuple[int, str]]
) -> None:
    """The daemon hears who asked, and its answer is on the screen."""
    daemon.replies["pause"] = good(message="trading is reduced")
    status = json.loads((RECORDED / "status.json").read_text())
    status["trading"]["state"] = "ACTIVE"
    daemon.replies["status"] = good(status)
    code, seen = terminal(["top", "--interval", "60"], "q or Ctrl-C leaves", "pyq")
    assert code == 0
    assert [request["args"] for request in daemon.asked("pause")] == [{"reason": "ptctl top"}]
    assert "pause trading? y: yes" in seen
    assert "pause: trading is reduced" in seen


def test_any_other_key_than_y_is_no(
    daemon: RecordedDaemon, terminal: Callable[[list[str], str, str], tuple[int, str]]
) -> None:
    """Not even q leaves while there is a question."""
    code, seen = terminal(["top", "--interval", "60"], "q or Ctrl-C leaves", "pqq")
    assert code == 0
    assert not daemon.asked("pause") + daemon.asked("resume")
    assert "not done" in seen


def test_the_keys_show_details_log_and_help(
    terminal: Callable[[list[str], str, str], tuple[int, str]],
) -> None:
    """Each key changes the lower part; the same key leads back."""
    code, seen = terminal(["top", "--interval", "60"], "q or Ctrl-C leaves", "d?lq")
    assert code == 0
    assert "AVERAGE" in seen
    assert all(words in seen for _, words in HELP)
    assert pressed(View(Pane.LOG), "l", active=True) == (View(), "")


def test_p_means_resume_where_trading_is_not_active() -> None:
    """One key, and the question says which of the two."""
    asking, verb = pressed(View(), "p", active=False)
    assert (asking.asks, verb) == ("resume", "")
    assert foot(asking).startswith("resume trading?")
    assert pressed(asking, "y", active=False) == (View(), "resume")


def test_the_log_tail_is_the_newest_lines_of_the_file(tmp_path: Path) -> None:
    """Also of a file longer than a screen."""
    file = tmp_path / "powertraderd.log"
    line = '{{"ts": "2024-03-01T12:00:00+00:00", "level": "info", "event": "learned_{}"}}\n'
    file.write_text("".join(line.format(number) for number in range(5000)))
    shown = tail({"supervisor": {"log_file": str(file)}}, 3, ON)
    assert [row.split()[-1] for row in shown] == ["learned_4997", "learned_4998", "learned_4999"]


def test_the_log_tail_is_what_the_daemon_prints_into_a_file(tmp_path: Path) -> None:
    """`powertraderd run > FILE` without [logging] file; anything that is no file is not read."""
    file = tmp_path / "output"
    with file.open("w") as output:
        daemon = subprocess.Popen(
            ["sh", "-c", "echo first; echo second; exec sleep 60"], stdout=output
        )
    try:
        until(lambda: "second" in file.read_text(), "its lines")
        assert tail({"supervisor": {"log_file": None, "pid": daemon.pid}}, 1, ON) == ["second"]
    finally:
        daemon.kill()
        daemon.wait()


@pytest.mark.parametrize(
    ("journalctl", "said"),
    [
        ("echo from the journal", "from the journal"),
        ("exit 0", "a daemon that was started by hand writes to its terminal; set [logging] file"),
        ("", "there is no journalctl here; set [logging] file"),
    ],
)
def test_the_log_tail_without_a_file_is_journalds_or_says_what_to_do(
    journalctl: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty pane would look like a quiet daemon."""
    if journalctl:
        program = tmp_path / "journalctl"
        program.write_text(f"#!/bin/sh\n{journalctl}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    lines = tail({"supervisor": {"log_file": None, "pid": None}}, 3, ON)
    assert said in " ".join(lines)
    assert max(map(len, lines)) <= ON.width


def test_a_log_file_that_is_gone_says_so(tmp_path: Path) -> None:
    """With the remedy."""
    lines = tail({"supervisor": {"log_file": str(tmp_path / "gone")}}, 3, ON)
    assert "cannot be read (No such file or directory); set [logging] file" in " ".join(lines)
