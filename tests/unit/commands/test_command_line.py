"""The command line of `powertraderd`."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from powertraderd import __version__
from powertraderd.__main__ import VERBS, build


def test_help_lists_every_verb() -> None:
    """With one line each."""
    shown = CliRunner().invoke(build(None), ["--help"]).stdout
    assert all(verb in shown for verb in VERBS)


def test_an_unknown_verb_is_a_usage_error() -> None:
    """Code 2, and the nearest verb."""
    result = CliRunner().invoke(build("dem"), ["dem"])
    assert result.exit_code == 2
    assert "demo" in result.stderr


def test_version() -> None:
    """On standard output."""
    result = CliRunner().invoke(build(None), ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"powertraderd {__version__}\n")


@pytest.mark.parametrize("verb", ["run", "check-config"])
def test_the_daemon_does_not_carry_the_model(verb: str) -> None:
    """Only the verb that is wanted is imported; numpy alone costs 20 MB."""
    probe = (
        "import sys; from powertraderd.__main__ import build; "
        f"build({verb!r}); print({{'numpy', 'sqlite3', 'prometheus_client'}} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_run_with_wrong_settings_leaves_with_78() -> None:
    """One clear line on standard error, before anything is started."""
    done = subprocess.run(
        [sys.executable, "-m", "powertraderd", "run", "--config", "/nonexistent.toml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr.count("\n") == 1
