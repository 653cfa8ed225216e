"""A stage for each test, and nobody left on it afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from powertraderd.testing.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """An empty stage."""
    prepared = Stage(tmp_path)
    yield prepared
    prepared.clean_up()
