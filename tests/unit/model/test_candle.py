"""Candles: where they open, and how longer ones are made from hours."""

from datetime import UTC, datetime, timedelta

import pytest

from powertraderd.model.candle import (
    MONDAY,
    THURSDAY,
    Candle,
    Timeframe,
    aggregate,
    bucket_start,
)

START = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)


def hour(number: int, price: float) -> Candle:
    """An hour that opens at ``price``, closes one higher, and reaches 3 up and 2 down."""
    return Candle(START + number * HOUR, price, price + 3, price - 2, price + 1, 10.0)


@pytest.mark.parametrize(
    ("timeframe", "anchor", "opened"),
    [
        (Timeframe.HOUR_1, THURSDAY, datetime(2024, 1, 5, 13, tzinfo=UTC)),
        (Timeframe.HOUR_4, THURSDAY, datetime(2024, 1, 5, 12, tzinfo=UTC)),
        (Timeframe.DAY, MONDAY, datetime(2024, 1, 5, tzinfo=UTC)),
        (Timeframe.WEEK, THURSDAY, datetime(2024, 1, 4, tzinfo=UTC)),
        (Timeframe.WEEK, MONDAY, datetime(2024, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_moment_belongs_to_the_candle_that_opened_last(
    timeframe: Timeframe, anchor: timedelta, opened: datetime
) -> None:
    """Only weeks follow the anchor; everything else follows midnight UTC."""
    moment = datetime(2024, 1, 5, 13, 59, 59, tzinfo=UTC)
    assert bucket_start(moment, timeframe, anchor) == opened
    assert bucket_start(opened, timeframe, anchor) == opened


def test_a_longer_candle_spans_its_hours() -> None:
    """First open, highest high, lowest low, last close, summed volume."""
    hours = [hour(0, 100.0), hour(1, 120.0), hour(2, 80.0), hour(3, 90.0)]
    made = aggregate(hours, Timeframe.HOUR_4, MONDAY, START + 4 * HOUR)
    assert made == (Candle(START, 100.0, 123.0, 78.0, 91.0, 40.0),)


def test_a_candle_whose_time_is_not_over_is_not_made() -> None:
    """Even when its last hour exists: the bucket's end decides, not the hours."""
    hours = [hour(number, 100.0) for number in range(4)]
    late = START + 4 * HOUR
    assert len(aggregate(hours, Timeframe.HOUR_2, MONDAY, late)) == 2
    assert len(aggregate(hours, Timeframe.HOUR_2, MONDAY, late - timedelta(seconds=1))) == 1
    assert aggregate(hours, Timeframe.HOUR_8, MONDAY, late) == ()


def test_missing_hours_leave_holes_and_not_inventions() -> None:
    """A bucket is built from the hours that exist; a bucket without hours does not exist."""
    hours = [hour(1, 100.0), hour(4, 50.0)]
    made = aggregate(hours, Timeframe.HOUR_2, MONDAY, START + 6 * HOUR)
    assert [candle.opened_at for candle in made] == [START, START + 4 * HOUR]
    assert [candle.open for candle in made] == [100.0, 50.0]


def test_hours_made_from_hours_are_the_same_hours() -> None:
    """One hour is the shortest timeframe."""
    hours = [hour(number, 100.0 + number) for number in range(3)]
    assert aggregate(hours, Timeframe.HOUR_1, MONDAY, START + 3 * HOUR) == tuple(hours)


def test_weeks_open_at_their_anchor() -> None:
    """The same hours make other weeks under another anchor."""
    hours = [hour(number, 100.0) for number in range(14 * 24)]
    until = START + timedelta(days=14)
    monday = aggregate(hours, Timeframe.WEEK, MONDAY, until)
    thursday = aggregate(hours, Timeframe.WEEK, THURSDAY, until)
    assert [week.opened_at.weekday() for week in monday] == [0, 0]
    assert [week.opened_at.weekday() for week in thursday] == [3, 3]
