"""What every candle source promises."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from powertraderd.adapters.kucoin import KucoinCandles
from powertraderd.adapters.replay import ReplayMarket
from powertraderd.adapters.synthetic import SyntheticMarket
from powertraderd.clock import FrozenClock
from powertraderd.errors import DataUnavailable
from powertraderd.model.candle import (
    MONDAY,
    THURSDAY,
    Candle,
    Coin,
    Timeframe,
    aggregate,
    bucket_start,
)
from powertraderd.ports import CandleSource
from powertraderd.settings import CandleSettings, ExchangeSettings
from powertraderd.testing.candle_rows import tell
from powertraderd.testing.examples import BTC
from powertraderd.testing.venue import Venue as Fakex
from powertraderd.testing.venue_broker import PatientClock, public_market

HISTORY = datetime(2024, 3, 6, tzinfo=UTC)  # a Wednesday
NOW = datetime(2024, 5, 1, 12, 20, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
SPREAD = Decimal("0.05")


@dataclass
class Source:
    """A source of BTC candles from HISTORY to far beyond NOW, at which the clock stands.

    ``unknown``: a coin that it does not know, None where it knows them all.
    """

    source: CandleSource
    clock: FrozenClock
    unknown: Coin | None
    week_offset: timedelta = MONDAY

    def all(self, timeframe: Timeframe) -> tuple[Candle, ...]:
        """Everything that it hands out now."""
        return self.source.candles(BTC, timeframe, HISTORY - timedelta(days=9), LATER)


def synthetic(clock: FrozenClock) -> SyntheticMarket:
    """A market from a seed."""
    return SyntheticMarket(clock, CandleSettings(history_start=HISTORY), SPREAD)


def replay(clock: FrozenClock, folder: Path) -> ReplayMarket:
    """The same market, recorded into a file with two hours missing."""
    candles = synthetic(FrozenClock(LATER)).candles(BTC, Timeframe.HOUR_1, HISTORY, LATER)
    with (folder / "BTCUSDT_1h.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["time", "open", "high", "low", "close", "volume"])
        for number, candle in enumerate(candles):
            if number not in (100, 101):
                second = int(candle.opened_at.timestamp())
                figures = (candle.open, candle.high, candle.low, candle.close, candle.volume)
                rows.writerow([second, *figures])
    return ReplayMarket(clock, CandleSettings(source="replay", directory=folder), SPREAD)


def recorded(fakex: Fakex, week_offset: timedelta) -> None:
    """Let both venues of fakex tell the same market."""
    hours = synthetic(FrozenClock(LATER)).candles(BTC, Timeframe.HOUR_1, HISTORY, LATER)
    tell(fakex, BTC, hours, LATER, week_offset)


@pytest.fixture(params=["synthetic", "replay", "kucoin", "coinbase"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    """Each source in turn."""
    clock = FrozenClock(NOW)
    match request.param:
        case "synthetic":
            yield Source(synthetic(clock), clock, unknown=None)
        case "replay":
            yield Source(replay(clock, tmp_path), clock, unknown=Coin("NOPE"))
        case "kucoin":
            fakex: Fakex = request.getfixturevalue("fakex")
            recorded(fakex, THURSDAY)
            venue = KucoinCandles(
                PatientClock(clock),
                ExchangeSettings(),
                base_url=fakex.kucoin_url,
                quote="USDT",
                budget_s=20,
            )
            yield Source(venue, clock, unknown=Coin("NOPE"), week_offset=THURSDAY)
        case _:
            fakex = request.getfixturevalue("fakex")
            fakex.post("policy", public_rps=1000)
            recorded(fakex, MONDAY)
            market = public_market(fakex, PatientClock(clock))
            yield Source(market, clock, unknown=Coin("NOPE"))
            market.close()


def same(found: Sequence[Candle], expected: Sequence[Candle]) -> bool:
    """Equal, but for the order in which volumes were added up."""
    return [replace(each, volume=0.0) for each in found] == [
        replace(each, volume=0.0) for each in expected
    ] and [each.volume for each in found] == pytest.approx([each.volume for each in expected])


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_candles_ascend_and_have_closed(source: Source, timeframe: Timeframe) -> None:
    """Unique, on their grid, possible, and the newest one closed by now but not long ago."""
    candles = source.all(timeframe)
    times = [candle.opened_at for candle in candles]
    assert times == sorted(set(times))
    assert all(time == bucket_start(time, timeframe, source.week_offset) for time in times)
    assert times[-1] + timeframe.length <= NOW < times[-1] + 2 * timeframe.length
    for candle in candles:
        assert 0 < candle.low <= min(candle.open, candle.close)
        assert candle.high >= max(candle.open, candle.close)
        assert candle.volume >= 0


def test_a_candle_appears_when_it_closes_and_not_before(source: Source) -> None:
    """The last microsecond of the hour does not show it."""
    close = datetime(2024, 5, 1, 13, tzinfo=UTC)
    source.clock.advance((close - NOW).total_seconds() - 1e-6)
    assert source.all(Timeframe.HOUR_1)[-1].opened_at == close - timedelta(hours=2)
    source.clock.advance(1e-6)
    assert source.clock.now() == close
    assert source.all(Timeframe.HOUR_1)[-1].opened_at == close - timedelta(hours=1)


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_longer_candles_are_made_of_hours(source: Source, timeframe: Timeframe) -> None:
    """Except that a candle which began before the history does is not there."""
    made = aggregate(source.all(Timeframe.HOUR_1), timeframe, source.week_offset, NOW)
    expected = [candle for candle in made if candle.opened_at >= HISTORY]
    assert same(source.all(timeframe), expected)
    assert expected


@pytest.mark.parametrize("timeframe", [Timeframe.HOUR_1, Timeframe.HOUR_8, Timeframe.WEEK])
def test_a_range_holds_what_opened_in_it(source: Source, timeframe: Timeframe) -> None:
    """From the start on, before the end, whether these lie on the grid or not."""
    candles = source.all(timeframe)
    cuts = [HISTORY, HISTORY + 20 * timedelta(hours=5), candles[2].opened_at, NOW]
    cuts += [candles[3].opened_at + timedelta(microseconds=1), NOW - timedelta(seconds=1)]
    for start in cuts:
        for end in cuts:
            expected = [candle for candle in candles if start <= candle.opened_at < end]
            assert list(source.source.candles(BTC, timeframe, start, end)) == expected


def test_ranges_side_by_side_give_the_whole(source: Source) -> None:
    """A download in windows misses nothing and repeats nothing."""
    window = timedelta(hours=57)
    starts = [HISTORY + number * window for number in range(40)]
    parts = [
        candle
        for start in starts
        for candle in source.source.candles(BTC, Timeframe.HOUR_2, start, start + window)
    ]
    assert tuple(parts) == source.all(Timeframe.HOUR_2)


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_the_past_does_not_change(source: Source, timeframe: Timeframe) -> None:
    """What was handed out once is the beginning of what is handed out later."""
    before = source.all(timeframe)
    source.clock.advance(19 * 86_400 + 7_654)
    after = source.all(timeframe)
    assert after[: len(before)] == before
    assert len(after) > len(before)


def test_there_is_nothing_before_the_history(source: Source) -> None:
    """Empty, which is not an error."""
    earlier = HISTORY - timedelta(days=30)
    assert source.source.candles(BTC, Timeframe.HOUR_1, earlier, HISTORY) == ()
    assert source.all(Timeframe.HOUR_1)[0].opened_at == HISTORY


def test_an_unknown_coin_is_unavailable_and_not_empty(source: Source) -> None:
    """Unknown is not the same as nothing."""
    if source.unknown is None:
        pytest.skip("this source knows every coin")
    with pytest.raises(DataUnavailable, match="NOPE"):
        source.source.candles(source.unknown, Timeframe.HOUR_1, HISTORY, NOW)


def test_a_gap_is_a_gap(tmp_path: Path) -> None:
    """An hour without a row has no candle, and the day around it is made from the rest."""
    clock = FrozenClock(NOW)
    whole = synthetic(clock).candles(BTC, Timeframe.HOUR_1, HISTORY, NOW)
    recorded = replay(clock, tmp_path).candles(BTC, Timeframe.HOUR_1, HISTORY, NOW)
    assert set(whole) - set(recorded) == {whole[100], whole[101]}
    day = HISTORY + timedelta(days=4)
    (made,) = replay(clock, tmp_path).candles(BTC, Timeframe.DAY, day, day + timedelta(days=1))
    hours = [candle for candle in recorded if day <= candle.opened_at < day + timedelta(days=1)]
    assert len(hours) == 22
    assert made.volume == sum(hour.volume for hour in hours)
