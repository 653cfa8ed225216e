"""The man pages are made of the help, and can be read by man."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MAN = Path(__file__).parents[3] / "docs" / "man"
PROGRAMS = ["ptctl", "powertraderd"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_man_page_is_current(program: str) -> None:
    """`make generate` writes it."""
    words = [sys.executable, str(MAN / "generate.py"), program]
    made = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert (MAN / f"{program}.1").read_text(encoding="utf-8") == made


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
@pytest.mark.parametrize("program", PROGRAMS)
def test_the_man_page_is_well_formed(program: str) -> None:
    """Groff has nothing to warn of, and every verb has a section."""
    words = ["groff", "-man", "-Tascii", "-ww", str(MAN / f"{program}.1")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert program.upper() in done.stdout
