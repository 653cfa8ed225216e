"""The market clock over restarts."""

from datetime import UTC, datetime, timedelta

import pytest

from powertraderd.clock import AcceleratedClock, RealClock
from powertraderd.settings import ClockSettings
from powertraderd.supervision.market import market
from powertraderd.supervision.state_file import Anchor

START = datetime(2024, 1, 1, tzinfo=UTC)
WALL = datetime(2026, 5, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NS = 1_000_000_000


def _settings(speed: float = 3600.0, start: datetime = START) -> ClockSettings:
    return ClockSettings(kind="accelerated", start=start, speed=speed)


def _market_time(anchor: Anchor | None, settings: ClockSettings, wall: datetime) -> datetime:
    """Market time at ``wall`` by the clock's own formula."""
    opened = market(settings, anchor, wall, 500 * NS)
    clock = opened.clock
    assert isinstance(clock, AcceleratedClock)
    return clock.start + timedelta(seconds=(500 * NS - clock.origin_ns) / NS * clock.speed)


def test_the_real_market_is_the_wall_clock() -> None:
    """And needs no anchor."""
    opened = market(ClockSettings(), None, WALL, 5)
    assert isinstance(opened.clock, RealClock)
    assert opened.anchor is None
    assert opened.message["kind"] == "real"


def test_the_first_start_stands_at_start() -> None:
    """The anchor is the wall time of that moment."""
    opened = market(_settings(), None, WALL, 7 * NS)
    assert opened.anchor == Anchor(START, 3600.0, WALL)
    assert opened.message == {
        "kind": "accelerated",
        "start": START.isoformat(),
        "speed": 3600.0,
        "origin_ns": 7 * NS,
    }


def test_a_restart_goes_on_as_a_market_would() -> None:
    """Ten wall seconds later it is ten hours later at 3600x, whether we were up or down."""
    anchor = Anchor(START, 3600.0, WALL)
    later = WALL + timedelta(seconds=10)
    assert _market_time(anchor, _settings(), later) == START + 10 * HOUR


def test_another_speed_goes_on_from_where_the_market_stood() -> None:
    """Time never goes back under positions that are open."""
    anchor = Anchor(START, 3600.0, WALL)
    later = WALL + timedelta(seconds=10)
    stood = _market_time(anchor, _settings(speed=60.0), later)
    assert stood - (START + 10 * HOUR) == pytest.approx(timedelta(0), abs=timedelta(milliseconds=1))


def test_another_start_begins_anew() -> None:
    """It is what the owner asked for."""
    anchor = Anchor(START, 3600.0, WALL)
    fresh = START + timedelta(days=30)
    assert _market_time(anchor, _settings(start=fresh), WALL + HOUR) == fresh


def test_a_wall_clock_set_back_does_not_take_the_market_before_its_start() -> None:
    """F22: the market begins anew rather than running backwards."""
    anchor = Anchor(START, 3600.0, WALL)
    assert _market_time(anchor, _settings(), WALL - HOUR) == START
