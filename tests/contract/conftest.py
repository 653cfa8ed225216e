"""One fakex process for all contract suites, started when the first one needs it."""

from collections.abc import Iterator

import pytest

from powertraderd.testing.venue import Venue


@pytest.fixture(scope="session")
def running_fakex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    """A process of its own."""
    running = Venue(tmp_path_factory.mktemp("fakex")).start()
    yield running
    running.stop()


@pytest.fixture
def fakex(running_fakex: Venue) -> Iterator[Venue]:
    """The exchange as at its beginning: 10,000 USD, no faults."""
    running_fakex.post("faults", clear=True)
    running_fakex.post("reset")
    yield running_fakex
    running_fakex.post("faults", clear=True)
