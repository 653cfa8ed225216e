"""docs/supervision.md speaks of tests that exist, and every fault of the design has one."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"\btest_[a-z0-9_]+")


def _defined() -> set[str]:
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return {
        name for text in texts for name in re.findall(r"^def (test_[a-z0-9_]+)", text, re.MULTILINE)
    }


def test_every_test_named_on_the_page_exists() -> None:
    """A promise that nothing holds must not stand there."""
    page = (ROOT / "docs" / "supervision.md").read_text(encoding="utf-8")
    named = set(NAME.findall(page))
    assert len(named) > 50
    assert named - _defined() == set()


def test_each_of_the_forty_faults_has_a_test_that_the_page_names() -> None:
    """F01 to F40."""
    page = (ROOT / "docs" / "supervision.md").read_text(encoding="utf-8")
    named = {name[5:8].upper() for name in NAME.findall(page) if name.startswith("test_f")}
    assert {f"F{number:02}" for number in range(1, 41)} - named == set()
