"""`ptctl status` is quick: it must not import what it does not need."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from powertraderd.ptctl.__main__ import plain_status
from powertraderd.ptctl.session import Session
from powertraderd.testing.control_server import RecordedDaemon, good

RECORDED = Path(__file__).parent / "recorded"
HEAVY = {"typer", "rich", "pydantic", "pydantic_settings", "structlog", "numpy", "sqlite3"}
PROBE = """
import sys
from powertraderd.ptctl.__main__ import main
sys.argv = ["ptctl", "status", *{words}]
main()
print(sorted(set(sys.modules) & {heavy}), file=sys.stderr)
"""


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_status_imports_nothing_heavy(words: list[str], daemon: RecordedDaemon) -> None:
    """Measured: typer and rich cost 130 ms together, of the 150 that it may take."""
    daemon.replies["status"] = good(json.loads((RECORDED / "status.json").read_text()))
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(words=words, heavy=HEAVY)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "[]\n"
    assert "trader" in done.stdout


@pytest.mark.parametrize(
    ("words", "session"),
    [
        (["status"], Session()),
        (["status", "--json"], Session(None, as_json=True)),
        (["status", "--socket", "/s", "--json"], Session(Path("/s"), as_json=True)),
        (["status", "--help"], None),
        (["status", "--socket"], None),
        (["--json", "status"], None),
        (["positions"], None),
        ([], None),
    ],
)
def test_everything_else_goes_the_long_way(words: list[str], session: Session | None) -> None:
    """Help, mistakes and other verbs."""
    assert plain_status(words) == session
