"""One fakex process for the tests here, emptied before each."""

from collections.abc import Iterator

import pytest

from powertraderd.testing.venue import Venue


@pytest.fixture(scope="session")
def running_venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    """A process of its own."""
    venue = Venue(tmp_path_factory.mktemp("venue")).start()
    yield venue
    venue.stop()


@pytest.fixture
def venue(running_venue: Venue) -> Venue:
    """The exchange as at its beginning: 10,000 USD, nothing else."""
    running_venue.post("reset")
    return running_venue
