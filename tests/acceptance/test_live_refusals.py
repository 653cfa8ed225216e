"""Live mode refuses to trade: at the start, and later when something is no longer as it was.

The trader parks, says why and what to do, and goes on once that is done; no order leaves.
"""

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from powertraderd.errors import ExitCode
from powertraderd.testing.live import LiveDaemon
from powertraderd.testing.rig import until
from powertraderd.testing.venue import Venue

pytestmark = pytest.mark.timeout(240)
Undo = Callable[[], object]
Spoil = Callable[[LiveDaemon, Venue], Undo]


@pytest.fixture(scope="module")
def daemon(venue: Venue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveDaemon]:
    """Running, paused, with the key in a file of its own."""
    made = LiveDaemon(tmp_path_factory.mktemp("live"), venue)
    made.key.file.rename(made.folder / "key.json")
    settings = made.config.read_text(encoding="utf-8")
    moved = settings.replace(str(made.key.file), str(made.folder / "key.json"))
    made.config.write_text(moved, encoding="utf-8")
    made.start()
    assert made.ptctl("pause", "--reason", "a test").returncode == 0
    yield made
    made.clean_up()


def may_transfer(_daemon: LiveDaemon, venue: Venue) -> Undo:
    """The key has one right too many."""
    venue.post("policy", can_transfer=True)
    return lambda: venue.post("policy", can_transfer=False)


def is_another(daemon: LiveDaemon, venue: Venue) -> Undo:
    """The file holds a key that the exchange does not know under this name."""
    file = daemon.folder / "key.json"
    good, other = file.read_text(encoding="utf-8"), venue.keys["EdDSA"]
    spoilt = other.file.read_text(encoding="utf-8").replace(other.name, daemon.key.name)
    file.write_text(spoilt, encoding="utf-8")
    return lambda: file.write_text(good, encoding="utf-8")


def is_public(daemon: LiveDaemon, _venue: Venue) -> Undo:
    """Everybody may read the file."""
    file = daemon.folder / "key.json"
    file.chmod(0o644)
    return lambda: file.chmod(0o600)


def was_paper(daemon: LiveDaemon, _venue: Venue) -> Undo:
    """The state folder belongs to paper trading."""
    book = daemon.state_dir / "paper.db"
    book.touch()
    return book.unlink


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
    """The other workers go on; once it is mended and unparked, so does the trader."""
    orders = len(venue.orders())
    undo = spoil(daemon, venue)
    daemon.forget()
    os.kill(daemon.worker("trader")["pid"], signal.SIGKILL)
    until(lambda: daemon.worker("trader").get("state") == "PARKED", "the trader to park", 60)
    said = [line for line in daemon.logs("worker_failed") if line["worker"] == "trader"]
    assert said[-1]["code"] == code
    assert words in said[-1]["error"]
    assert daemon.worker("exporter")["state"] == "RUNNING"
    undo()
    assert daemon.ptctl("unpark", "trader").returncode == 0
    daemon.in_state("trader", "running")
    assert len(venue.orders()) == orders


@pytest.mark.parametrize("spoil", [may_transfer, is_public])
def test_a_start_with_a_wrong_key_ends_at_once(
    daemon: LiveDaemon, venue: Venue, spoil: Spoil
) -> None:
    """With 78, before any worker is made; with the right key it starts again."""
    daemon.stop()
    undo = spoil(daemon, venue)
    daemon.forget()
    daemon.start(ready=False)
    assert daemon.wait(90) == ExitCode.CONFIG
    assert daemon.logs("worker_spawned") == []
    undo()
    daemon.start()
