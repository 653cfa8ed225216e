"""Log lines for people."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import Result

from powertraderd.ptctl.logs import pretty, read_file
from powertraderd.ptctl.table import Paper
from powertraderd.testing.control_server import RecordedDaemon, good

TRADER = {
    "ts": "2024-03-01T12:00:05Z", "level": "info", "event": "decision", "worker": "trader",
    "incarnation": 1, "coin": "BTC", "numbers": {"ask": "1"},
}  # fmt: skip
THINKER = {**TRADER, "worker": "thinker", "event": "signal", "level": "warning"}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log file with two lines of each of two workers, and one that is no JSON."""
    path = tmp_path / "powertraderd.log"
    lines = [json.dumps(each) for each in (TRADER, THINKER, TRADER, THINKER)]
    path.write_text("\n".join([*lines, "Traceback: not JSON"]) + "\n")
    return path


@pytest.fixture
def named(daemon: RecordedDaemon, log: Path) -> None:
    """A daemon that names the file in its status."""
    daemon.replies["status"] = good({"supervisor": {"log_file": str(log)}})


@pytest.mark.usefixtures("named")
def test_the_file_is_the_one_that_the_daemon_names(ptctl: Callable[..., Result]) -> None:
    """Time, level, worker, event, then the rest; what is no JSON comes as it is."""
    result = ptctl("logs")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == (
        "2024-03-01 12:00:05 info    trader     decision coin=BTC ask=1"
    )
    assert result.stdout.splitlines()[-1] == "Traceback: not JSON"


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["--worker", "trader"], 2),
        (["--grep", "signal"], 2),
        (["--grep", "decis.on", "--worker", "thinker"], 0),
        (["-n", "1"], 1),
        (["-n", "1", "--worker", "trader"], 1),
        (["-n", "0"], 0),
    ],
)
def test_lines_can_be_chosen(words: list[str], lines: int, ptctl: Callable[..., Result]) -> None:
    """By worker, by pattern, by number; the number counts what was chosen."""
    assert len(ptctl("logs", *words).stdout.splitlines()) == lines


@pytest.mark.usefixtures("named")
def test_json_lines_come_as_they_were_written(ptctl: Callable[..., Result]) -> None:
    """For jq."""
    shown = ptctl("logs", "--json", "--worker", "thinker").stdout.splitlines()
    assert [json.loads(line) for line in shown] == [THINKER, THINKER]


def test_a_file_can_be_named_while_the_daemon_is_down(
    log: Path, ptctl: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is when one wants to read it most."""
    monkeypatch.setenv("POWERTRADERD_SOCKET", "/nonexistent/control.sock")
    assert len(ptctl("logs", "--file", str(log)).stdout.splitlines()) == 5


@pytest.mark.usefixtures("daemon")
def test_a_file_that_cannot_be_read_says_so(ptctl: Callable[..., Result], tmp_path: Path) -> None:
    """With the remedy."""
    result = ptctl("logs", "--file", str(tmp_path / "nothing.log"))
    assert result.exit_code == 1
    assert "name another file with --file" in result.stderr


def test_without_a_file_the_journal_is_read(
    daemon: RecordedDaemon,
    ptctl: Callable[..., Result],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    log: Path,
) -> None:
    """By journalctl, as the unit wrote it."""
    daemon.replies["status"] = good({"supervisor": {"log_file": None}})
    journalctl = tmp_path / "journalctl"
    journalctl.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/words\nexec cat {log}\n')
    journalctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert len(ptctl("logs", "-n", "7", "--worker", "trader").stdout.splitlines()) == 2
    assert (tmp_path / "words").read_text() == "--unit powertraderd --output cat --lines 7\n"


def test_a_journal_without_the_daemons_lines_says_where_they_are(
    daemon: RecordedDaemon,
    ptctl: Callable[..., Result],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Silence would look like a quiet daemon; -n 0 asks for silence."""
    daemon.replies["status"] = good({"supervisor": {"log_file": None}})
    journalctl = tmp_path / "journalctl"
    journalctl.write_text("#!/bin/sh\nexit 0\n")
    journalctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    result = ptctl("logs")
    assert result.exit_code == 1
    assert "[logging] file" in result.stderr
    assert ptctl("logs", "-n", "0").exit_code == 0


@pytest.mark.parametrize("journal", [True, False])
def test_without_a_daemon_and_its_lines_both_are_said(
    ptctl: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, journal: bool
) -> None:
    """The journal is looked at first: a daemon that died has its last words there."""
    if journal:
        journalctl = tmp_path / "journalctl"
        journalctl.write_text("#!/bin/sh\nexit 0\n")
        journalctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("POWERTRADERD_SOCKET", str(tmp_path / "nobody.sock"))
    result = ptctl("events")
    assert result.exit_code == 1
    assert "No daemon at" in result.stderr
    assert "--file" in result.stderr


def test_without_any_log_it_says_what_to_do(
    daemon: RecordedDaemon, ptctl: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file, no journald."""
    daemon.replies["status"] = good({"supervisor": {"log_file": None}})
    monkeypatch.setenv("PATH", "/nonexistent")
    result = ptctl("logs")
    assert result.exit_code == 1
    assert "--file" in result.stderr


@pytest.fixture
def followed(log: Path) -> tuple[Path, Iterator[str]]:
    """The file, and what `logs -f -n 0` reads from it."""
    lines = read_file(log, 1, lambda _line: True, follow=True)
    assert next(lines) == "Traceback: not JSON"
    return log, lines


def append(path: Path, words: str) -> None:
    """Write to the end."""
    with path.open("a") as file:
        file.write(words)


def test_following_shows_new_lines_when_they_are_whole(
    followed: tuple[Path, Iterator[str]],
) -> None:
    """Half a line waits for its end."""
    path, lines = followed
    append(path, "first\nsec")
    assert next(lines) == "first"
    append(path, "ond\n")
    assert next(lines) == "second"


def test_following_survives_logrotate_without_a_lost_line(
    followed: tuple[Path, Iterator[str]],
) -> None:
    """The file is renamed and a new one is made."""
    path, lines = followed
    append(path, "last of the old\n")
    path.rename(path.with_suffix(".1"))
    append(path, "first of the new\n")
    assert next(lines) == "last of the old"
    assert next(lines) == "first of the new"


@pytest.mark.usefixtures("named")
def test_ctrl_c_ends_following_quietly(
    terminal: Callable[[list[str], str, str], tuple[int, str]],
) -> None:
    """No traceback, exit code 0."""
    code, seen = terminal(["logs", "-f"], "Traceback: not JSON", "\x03")
    assert code == 0
    assert seen.count("Traceback") == 1


def test_a_pipe_that_closes_ends_it_quietly(log: Path) -> None:
    """As in `ptctl logs | head -1`."""
    log.write_text((json.dumps(TRADER) + "\n") * 5000)
    command = f"{sys.executable} -m powertraderd.ptctl logs -n 5000 --file {log} | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_a_traceback_is_shown_under_its_line() -> None:
    """As it was printed."""
    entry = {"event": "worker_failed", "level": "error", "exception": "Traceback\n  boom"}
    shown = pretty(json.dumps(entry), Paper(80, colour=False))
    assert shown.splitlines() == [f"{'-'} error   {'-':<10} worker_failed", "Traceback", "  boom"]
    assert "\x1b[31m" in pretty(json.dumps(entry), Paper(80, colour=True))


def test_a_line_that_is_no_event_is_shown_as_it_is() -> None:
    """JSON or not."""
    for line in ("plain", "[1, 2]", '{"no": "event"}'):
        assert pretty(line, Paper(80, colour=False)) == line
