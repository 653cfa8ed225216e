"""The exchange on loopback that a file of tests shares."""

from collections.abc import Iterator

import pytest

from powertraderd.testing.live import lay_out_market
from powertraderd.testing.venue import Venue


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    """The exchange and the candle venue, with a market laid out."""
    running = Venue(tmp_path_factory.mktemp("venue")).start()
    lay_out_market(running)
    yield running
    running.stop()
