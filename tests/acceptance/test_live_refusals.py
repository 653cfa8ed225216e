"""Live mode refuses to trade: the trader parks, says why in its log, and no order leaves."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from powertraderd.testing.live import LiveDaemon, lay_out_market
from powertraderd.testing.rig import until
from powertraderd.testing.venue import Venue

pytestmark = pytest.mark.timeout(240)
Spoil = Callable[[LiveDaemon, Venue], None]


@pytest.fixture(scope="module")
def running_venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    """One exchange for all."""
    running = Venue(tmp_path_factory.mktemp("venue")).start()
    yield running
    running.stop()


@pytest.fixture
def venue(running_venue: Venue) -> Venue:
    """As at its beginning."""
    running_venue.post("reset")
    lay_out_market(running_venue)
    return running_venue


@pytest.fixture
def daemon(venue: Venue, tmp_path: Path) -> Iterator[LiveDaemon]:
    """Not started."""
    made = LiveDaemon(tmp_path, venue)
    yield made
    made.clean_up()


def may_transfer(_daemon: LiveDaemon, venue: Venue) -> None:
    """The key has one right too many."""
    venue.post("policy", can_transfer=True)


def is_another(daemon: LiveDaemon, venue: Venue) -> None:
    """The file holds a key that the exchange does not know under this name."""
    other = venue.keys["EdDSA"].file.read_text(encoding="utf-8")
    spoilt = other.replace(venue.keys["EdDSA"].name, daemon.key.name)
    settings_with_key(daemon, spoilt, 0o600)


def is_public(daemon: LiveDaemon, _venue: Venue) -> None:
    """Everybody may read the file."""
    settings_with_key(daemon, daemon.key.file.read_text(encoding="utf-8"), 0o644)


def was_paper(daemon: LiveDaemon, _venue: Venue) -> None:
    """The state folder belongs to paper trading."""
    daemon.state_dir.mkdir(mode=0o700)
    (daemon.state_dir / "paper.db").touch()


def settings_with_key(daemon: LiveDaemon, text: str, mode: int) -> None:
    """Let the settings name another key file."""
    file = daemon.folder / "key.json"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    settings = daemon.config.read_text(encoding="utf-8")
    daemon.config.write_text(settings.replace(str(daemon.key.file), str(file)), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (may_transfer, "CREDENTIALS", "may transfer money away"),
        (is_another, "CREDENTIALS", "the exchange refuses the key"),
        (is_public, "CONFIG", "chmod 600"),
        (was_paper, "CONFIG", "paper money"),
    ],
)
def test_the_trader_parks_and_says_why(
    daemon: LiveDaemon, venue: Venue, spoil: Spoil, code: str, words: str
) -> None:
    """The other workers go on; the reason and the remedy are in the log."""
    spoil(daemon, venue)
    daemon.start(ready=False)
    until(lambda: daemon.worker("trader").get("state") == "PARKED", "the trader to park", 90)
    said = [line for line in daemon.logs("worker_failed") if line["worker"] == "trader"]
    assert said[-1]["code"] == code
    assert words in said[-1]["error"]
    assert venue.orders() == []
    assert daemon.worker("exporter")["state"] == "RUNNING"
