"""What every archive of candles promises."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from powertraderd.adapters.sqlite.candle_store import CandleStore
from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.model.history import Gap, Stocked
from powertraderd.ports import CandleArchive
from powertraderd.testing.examples import BTC, ETH

START = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
HOURLY = Timeframe.HOUR_1


@dataclass
class Archives:
    """The trainer's archive and one for those who only read."""

    written: CandleArchive
    read: CandleArchive
    reopen: Callable[[], CandleArchive]


@pytest.fixture(params=["sqlite"])
def archives(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archives]:
    """Each archive in turn; the reader may come first."""
    assert request.param == "sqlite"
    reader = CandleStore(tmp_path / "market.db", writable=False)
    assert reader.newest(BTC, HOURLY) is None
    assert reader.load(BTC, HOURLY, START, START + HOUR) == ()
    assert reader.gaps(BTC, HOURLY) == ()
    opened = [CandleStore(tmp_path / "market.db", writable=True)]

    def reopen() -> CandleArchive:
        opened[-1].close()
        opened.append(CandleStore(tmp_path / "market.db", writable=True))
        return opened[-1]

    yield Archives(opened[0], reader, reopen)
    opened[-1].close()
    reader.close()


def hour(number: int, price: float = 0.1) -> Candle:
    """The candle of an hour; its figures have no short decimal form."""
    return Candle(START + number * HOUR, price, price * 1.1, price * 0.9, price / 0.97, 1 / 3)


def test_candles_are_read_as_they_were_stored(archives: Archives) -> None:
    """To the last bit, ascending, whatever the order in which they came."""
    hours = [hour(number) for number in range(5)]
    assert archives.written.append(BTC, HOURLY, hours[3:]) == Stocked(added=2, known=0)
    assert archives.written.append(BTC, HOURLY, hours[2::-1]) == Stocked(added=3, known=0)
    for archive in (archives.written, archives.read):
        assert archive.load(BTC, HOURLY, START, START + 9 * HOUR) == tuple(hours)
    assert archives.reopen().load(BTC, HOURLY, START, START + 9 * HOUR) == tuple(hours)


def test_a_range_holds_what_opened_in_it(archives: Archives) -> None:
    """From the start on, before the end, on the grid or not."""
    hours = tuple(hour(number) for number in range(5))
    archives.written.append(BTC, HOURLY, hours)
    load = archives.read.load
    assert load(BTC, HOURLY, START + HOUR, START + 3 * HOUR) == hours[1:3]
    tick = timedelta(microseconds=1)
    assert load(BTC, HOURLY, START + HOUR + tick, START + 3 * HOUR + tick) == hours[2:4]
    assert load(BTC, HOURLY, START + 3 * HOUR, START + HOUR) == ()


def test_coins_and_timeframes_do_not_mix(archives: Archives) -> None:
    """The same moment may have a candle in each of them."""
    day = replace(hour(0), close=0.105)
    archives.written.append(BTC, HOURLY, [hour(0)])
    archives.written.append(BTC, Timeframe.DAY, [day])
    archives.written.append(ETH, HOURLY, [hour(1)])
    span = START, START + 9 * HOUR
    assert archives.read.load(BTC, HOURLY, *span) == (hour(0),)
    assert archives.read.load(BTC, Timeframe.DAY, *span) == (day,)
    assert archives.read.load(ETH, HOURLY, *span) == (hour(1),)
    assert archives.read.load(Coin("XRP"), HOURLY, *span) == ()


def test_a_download_resumes_after_the_newest(archives: Archives) -> None:
    """None while there is nothing; filling a gap does not move it back."""
    assert archives.written.newest(BTC, HOURLY) is None
    archives.written.append(BTC, HOURLY, [hour(7)])
    archives.written.append(BTC, HOURLY, [hour(3)])
    assert archives.read.newest(BTC, HOURLY) == START + 7 * HOUR
    assert archives.reopen().newest(BTC, HOURLY) == START + 7 * HOUR
    assert archives.read.newest(ETH, HOURLY) is None


def test_holes_are_found_and_can_be_filled(archives: Archives) -> None:
    """Between the oldest and the newest candle only, oldest first."""
    archives.written.append(BTC, HOURLY, [hour(n) for n in (2, 3, 5, 6, 9)])
    first, second = Gap(START + 4 * HOUR, START + 5 * HOUR), Gap(START + 7 * HOUR, START + 9 * HOUR)
    assert archives.read.gaps(BTC, HOURLY) == (first, second)
    archives.written.append(BTC, HOURLY, [hour(4), hour(8)])
    assert archives.read.gaps(BTC, HOURLY) == (replace(second, end=START + 8 * HOUR),)
    archives.written.append(BTC, HOURLY, [hour(7)])
    assert archives.read.gaps(BTC, HOURLY) == ()
    assert archives.read.gaps(ETH, HOURLY) == ()


def test_an_identical_candle_is_only_counted(archives: Archives) -> None:
    """Windows of a download may overlap."""
    archives.written.append(BTC, HOURLY, [hour(0), hour(1)])
    stocked = archives.written.append(BTC, HOURLY, [hour(1), hour(2), hour(2)])
    assert stocked == Stocked(added=1, known=2)


def test_a_candle_that_differs_is_refused_and_the_stored_one_stays(archives: Archives) -> None:
    """The caller sees which one and how; the others are stored."""
    archives.written.append(BTC, HOURLY, [hour(0)])
    changed = replace(hour(0), volume=0.25)
    stocked = archives.written.append(BTC, HOURLY, [changed, hour(1), replace(hour(1), low=0.01)])
    assert (stocked.added, stocked.known) == (1, 0)
    assert [refused.candle for refused in stocked.refused] == [changed, replace(hour(1), low=0.01)]
    assert "differs from the stored one" in stocked.refused[0].reason
    assert str(hour(0)) in stocked.refused[0].reason
    assert archives.read.load(BTC, HOURLY, START, START + 9 * HOUR) == (hour(0), hour(1))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"high": 0.09}, "high or low"),
        ({"low": 0.101}, "high or low"),
        ({"low": 0.0}, "above zero"),
        ({"open": -1.0}, "above zero"),
        ({"close": float("nan")}, "above zero"),
        ({"high": float("inf")}, "above zero"),
        ({"volume": -0.1}, "volume"),
        ({"volume": float("nan")}, "volume"),
        ({"opened_at": START + HOUR / 2}, "no 1hour candle opens"),
        ({"opened_at": START + HOUR + timedelta(microseconds=1)}, "no 1hour candle opens"),
    ],
)
def test_an_impossible_candle_is_refused(
    archives: Archives, change: dict[str, float], reason: str
) -> None:
    """It is in the answer with the reason; the possible ones beside it are stored."""
    broken = replace(hour(0), **change)  # type: ignore[arg-type]  # one field, by name
    stocked = archives.written.append(BTC, HOURLY, [broken, hour(1)])
    assert stocked.added == 1
    ((candle, why),) = [(refused.candle, refused.reason) for refused in stocked.refused]
    assert candle is broken
    assert reason in why
    assert archives.read.load(BTC, HOURLY, START, START + 9 * HOUR) == (hour(1),)


def test_weeks_may_start_on_any_day(archives: Archives) -> None:
    """Venues anchor them differently; but they start at midnight."""
    weeks = [hour(0), hour(3 * 24)]
    assert archives.written.append(BTC, Timeframe.WEEK, weeks).added == 2
    assert archives.written.append(BTC, Timeframe.WEEK, [hour(12)]).refused


def test_nothing_is_stored_of_nothing(archives: Archives) -> None:
    """An empty answer of the venue is no error."""
    assert archives.written.append(BTC, HOURLY, []) == Stocked(added=0, known=0)
