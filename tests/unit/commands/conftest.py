"""An exchange on this machine for the verbs that ask one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from powertraderd import settings_file
from powertraderd.testing.venue import Venue


@pytest.fixture(scope="session")
def running_venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    """A process of its own."""
    venue = Venue(tmp_path_factory.mktemp("venue")).start()
    yield venue
    venue.stop()


@pytest.fixture
def venue(running_venue: Venue) -> Venue:
    """The exchange as at its beginning."""
    running_venue.post("reset")
    return running_venue


@pytest.fixture
def config(venue: Venue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings in paper mode that name the exchange; state and key below the test's folder."""
    monkeypatch.delenv(settings_file.CONFIG_VARIABLE, raising=False)
    path = tmp_path / "powertraderd.toml"
    path.write_text(
        f'[exchange]\nbase_url = "{venue.base_url}"\nca_file = "{venue.ca_file}"\n'
        f'[paths]\nstate_dir = "{tmp_path / "state"}"\nruntime_dir = "{tmp_path / "run"}"\n'
    )
    return path
