"""Where a passphrase may come from."""

import os
import pty
import sys
from pathlib import Path

import pytest

from powertraderd.adapters.credentials import passphrase
from powertraderd.errors import ConfigError


def from_pipe(data: bytes) -> str:
    """What is read from a descriptor that holds ``data``."""
    reading, writing = os.pipe()
    try:
        os.write(writing, data)
        os.close(writing)
        return passphrase.from_descriptor(reading)
    finally:
        os.close(reading)


def test_a_descriptor_gives_its_first_and_last_blank_too() -> None:
    """Only the line end is not meant."""
    assert from_pipe(b" two words \n") == " two words "
    assert from_pipe("schl\u00fcssel".encode()) == "schl\u00fcssel"


@pytest.mark.parametrize("data", [b"", b"\n", b"\xff"])
def test_an_empty_or_broken_descriptor_is_refused(data: bytes) -> None:
    """Nothing is never a passphrase."""
    with pytest.raises(ConfigError, match="--passphrase-fd"):
        from_pipe(data)


def test_a_closed_descriptor_is_refused() -> None:
    """With its number."""
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    with pytest.raises(ConfigError, match=f"--passphrase-fd {reading}"):
        passphrase.from_descriptor(reading)


def test_a_credential_is_found_in_the_folder_that_systemd_names(tmp_path: Path) -> None:
    """None where there is none, or no systemd."""
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert passphrase.from_credential({}) is None
    assert passphrase.from_credential(environ) is None
    (tmp_path / passphrase.PASSPHRASE_CREDENTIAL).write_text("words\n")
    assert passphrase.from_credential(environ) == "words"


def test_nobody_is_asked_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service must not wait for somebody to type."""
    with open(os.devnull, encoding="utf-8") as nothing:  # noqa: PTH123 - stands in for stdin
        monkeypatch.setattr("sys.stdin", nothing)
        assert passphrase.from_terminal("passphrase") is None


ASK = """
from powertraderd.adapters.credentials.passphrase import from_terminal
from powertraderd.errors import ConfigError
try:
    raise SystemExit(0 if from_terminal("passphrase", twice=True) == "words" else 2)
except ConfigError:
    raise SystemExit(3)
"""


@pytest.mark.parametrize(("second", "code"), [("words", 0), ("other", 3)])
def test_a_terminal_asks_twice_and_shows_nothing(second: str, code: int) -> None:
    """A process of its own on a real pseudo terminal."""
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - becomes another program at once
        os.execv(sys.executable, [sys.executable, "-c", ASK])  # noqa: S606 - no shell on purpose
    shown = b""
    for answer in ("words", second):
        while not shown.rstrip().endswith(b":"):
            shown += os.read(terminal, 1024)
        os.write(terminal, f"{answer}\n".encode())
        shown += b"|"
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == code
    assert b"words" not in shown
