"""What every signal board promises."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from powertraderd.adapters.sqlite.signal_board import SqliteSignalBoard
from powertraderd.ports import SignalBoard
from powertraderd.testing.examples import BTC, ETH, NOW, signal


@dataclass
class Boards:
    """The thinker's board, and one for those who only read; ``reopen`` is the thinker's restart."""

    written: SignalBoard
    read: SignalBoard
    reopen: Callable[[], SignalBoard]


@pytest.fixture(params=["sqlite"])
def boards(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Boards]:
    """Each board in turn."""
    assert request.param == "sqlite"
    path = tmp_path / "signal.db"
    reader = SqliteSignalBoard(path, writable=False)
    assert reader.signals() == {}, "a reader may come before the writer"
    opened = [SqliteSignalBoard(path, writable=True)]

    def reopen() -> SignalBoard:
        opened[-1].close()
        opened.append(SqliteSignalBoard(path, writable=True))
        return opened[-1]

    yield Boards(opened[0], reader, reopen)
    opened[-1].close()
    reader.close()


def test_a_new_board_is_empty(boards: Boards) -> None:
    """Nothing was published yet."""
    assert boards.read.signals() == {}


def test_a_signal_is_read_as_it_was_published(boards: Boards) -> None:
    """To the last bit of each float and the last microsecond."""
    published = replace(signal(), long_count=3, blocked_because="training is 15 days old")
    boards.written.publish(published)
    assert boards.read.signals() == {BTC: published}
    assert boards.written.signals() == {BTC: published}


def test_the_newest_signal_of_each_coin_stays(boards: Boards) -> None:
    """A later one takes the place of the earlier one, other coins stay."""
    boards.written.publish(signal(ETH))
    boards.written.publish(signal(BTC))
    newer = signal(BTC, ask=61_000.0, at=NOW + timedelta(seconds=5))
    boards.written.publish(newer)
    assert boards.read.signals() == {BTC: newer, ETH: signal(ETH)}


def test_signals_outlive_the_thinker(boards: Boards) -> None:
    """Readers check the age themselves."""
    boards.written.publish(signal())
    assert boards.reopen().signals() == {BTC: signal()}
    assert boards.read.signals() == {BTC: signal()}


def test_a_signal_that_could_not_be_read_again_is_not_published(boards: Boards) -> None:
    """One bad coin must not make the board unreadable for all."""
    boards.written.publish(signal(ETH))
    with pytest.raises(ValueError, match="BTC"):
        boards.written.publish(signal(ask=float("nan")))
    assert boards.read.signals() == {ETH: signal(ETH)}
