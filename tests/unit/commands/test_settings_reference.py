"""The page of all settings."""

from pathlib import Path

from powertraderd.commands import settings_reference
from powertraderd.settings import Settings

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_the_settings_page_is_current() -> None:
    """`make generate` writes it."""
    assert PAGE.read_text(encoding="utf-8") == settings_reference.text()


def test_every_section_and_key_of_the_settings_is_on_the_page() -> None:
    """Also those inside a section of a section."""
    page = settings_reference.text()
    for name, field in Settings.model_fields.items():
        if name == "coins":
            continue  # a coin's own values have the keys of other sections
        assert f"\n## [{name}" in page
        for key in field.annotation.model_fields:  # type: ignore[union-attr] # all are sections
            assert f"| `{key}` |" in page or f"## [{name}.{key}]" in page


def test_every_row_has_four_cells_and_a_meaning() -> None:
    """A pattern with a bar in it must not break the table."""
    for row in settings_reference.text().splitlines():
        if row.startswith("| `"):
            cells = row.replace("\\|", "").strip("|").split("|")
            assert len(cells) == 4
            assert cells[3].strip()
