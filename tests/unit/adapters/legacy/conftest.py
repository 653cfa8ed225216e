"""Folders of the desktop bot."""

from pathlib import Path

import pytest

from powertraderd.testing import legacy_folder

SAMPLE = Path(__file__).parents[4].parent / "shared" / "legacy" / "PowerTrader_AI"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A small folder of our own."""
    return legacy_folder.make(tmp_path)


@pytest.fixture
def sample() -> Path:
    """A folder that the bot itself wrote."""
    if not SAMPLE.is_dir():
        pytest.skip(f"the sample {SAMPLE} is not here")
    return SAMPLE
