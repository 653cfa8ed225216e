"""A daemon that answers over a real control socket with what a test tells it to."""

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from powertraderd.ptctl.app import app
from powertraderd.testing.control_server import RecordedDaemon


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordedDaemon]:
    """A daemon on the socket that POWERTRADERD_SOCKET names."""
    path = tmp_path / "control.sock"
    monkeypatch.setenv("POWERTRADERD_SOCKET", str(path))
    recorded = RecordedDaemon(path)
    yield recorded
    recorded.close()


@pytest.fixture
def ptctl(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs ptctl in this process, without a terminal, on 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, words)

    return run


@pytest.fixture
def terminal() -> Callable[[list[str], str, str], tuple[int, str]]:
    """Runs ptctl on a terminal of its own: (words, wait for, then type) -> exit code, screen."""

    def run(words: list[str], wait_for: str, typed: str) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-m", "powertraderd.ptctl", *words],
            preexec_fn=lambda: _on_a_terminal(theirs),  # noqa: PLW1509 - nothing else in the child
        ) as process:
            os.close(theirs)
            seen = _until_the_end(ours, wait_for, typed)
            os.close(ours)  # whoever is still there is hung up on, and the test fails soon
        return process.returncode, seen

    return run


def _on_a_terminal(theirs: int) -> None:
    """As a shell starts it: whoever runs the tests in the background ignores Ctrl-C, we do not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.login_tty(theirs)


def _until_the_end(terminal: int, wait_for: str, typed: str) -> str:
    seen = b""
    while select.select([terminal], [], [], 30)[0]:
        try:
            seen += os.read(terminal, 65_536)
        except OSError:
            break  # the other side is closed
        if typed and wait_for.encode() in seen:
            os.write(terminal, typed.encode())
            typed = ""
    return seen.decode()
