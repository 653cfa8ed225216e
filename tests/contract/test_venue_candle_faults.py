"""Bad candles from a venue: refused as a whole, named, and never handed on."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from powertraderd.adapters.kucoin import KucoinCandles
from powertraderd.adapters.synthetic import SyntheticMarket
from powertraderd.clock import FrozenClock, RealClock
from powertraderd.errors import (
    DataUnavailable,
    InvalidAnswer,
    RateLimited,
    TransientExchangeError,
)
from powertraderd.model.candle import MONDAY, THURSDAY, Candle, Coin, Timeframe, bucket_start
from powertraderd.settings import CandleSettings, ExchangeSettings
from powertraderd.testing.candle_rows import tell
from powertraderd.testing.examples import BTC
from powertraderd.testing.venue import Venue
from powertraderd.testing.venue_broker import PatientClock, public_market

NOW = datetime(2024, 5, 1, 12, 20, tzinfo=UTC)
START = datetime(2024, 3, 7, tzinfo=UTC)  # a Thursday
BUDGET_S = 3.0


@pytest.fixture
def kucoin(fakex: Venue) -> KucoinCandles:
    """At a fixed moment, with a market to tell of."""
    tell(fakex, BTC, market(), NOW)
    return source(fakex, PatientClock(FrozenClock(NOW)))


def source(fakex: Venue, clock: Any) -> KucoinCandles:  # noqa: ANN401 - any clock
    """The adapter on ``fakex``."""
    settings = ExchangeSettings(connect_timeout_seconds=0.5, read_timeout_seconds=0.6)
    return KucoinCandles(
        clock, settings, base_url=fakex.kucoin_url, quote="USDT", budget_s=BUDGET_S
    )


def market() -> tuple[Candle, ...]:
    """Some weeks of hours."""
    settings = CandleSettings(history_start=START)
    made = SyntheticMarket(FrozenClock(NOW), settings, Decimal(0))
    return made.candles(BTC, Timeframe.HOUR_1, START, NOW)


def hours(kucoin: KucoinCandles) -> tuple[Candle, ...]:
    """Of one day."""
    return kucoin.candles(BTC, Timeframe.HOUR_1, NOW - timedelta(days=1), NOW)


def row(hour: int, **changes: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """A healthy row of the day before NOW, changed: time, open, close, high, low, volume."""
    opened = int((NOW.replace(minute=0) - timedelta(hours=20 - hour)).timestamp())
    cells = {"time": str(opened), "open": "100", "close": "101", "high": "102", "low": "99"}
    cells |= {"volume": "5", "turnover": "500"}
    return list((cells | changes).values())


@pytest.mark.parametrize(
    "bad",
    [
        row(3, high="98"),
        row(3, low="103"),
        row(3, open="NaN"),
        row(3, close=""),
        row(3, close=None),
        row(3, close="inf"),
        row(3, open="0"),
        row(3, low="-1"),
        row(3, volume="-1"),
        row(3, open=100.0),
        row(3, time="1700000000.5"),
        row(3, time="yesterday"),
        row(3, time="1714550401"),
        row(3, time=None),
        row(3)[:6],
        [*row(3), "8"],
        {"time": "1"},
        None,
        row(2, close="100.5"),
    ],
    ids=str,
)
def test_one_impossible_row_makes_the_answer_untrue(
    fakex: Venue, kucoin: KucoinCandles, bad: object
) -> None:
    """No hole is left where it stood, and nothing else of the answer is taken."""
    rows = [row(1), row(2), bad, row(4)]
    body = {"code": "200000", "data": rows}
    fault(fakex, body)
    with pytest.raises(InvalidAnswer):
        hours(kucoin)


def fault(fakex: Venue, body: object, **params: Any) -> None:  # noqa: ANN401 - JSON
    """Let every candle answer be this one."""
    match = {"listener": "kucoin"}
    fakex.fault("status", phase="in_body", match=match, code=200, body=json.dumps(body), **params)


@pytest.mark.parametrize(
    "rows",
    [
        [row(4), row(2), row(3), row(1)],
        [row(1), row(2), row(3), row(4)],
        [row(4), row(3), row(3), row(2), row(1)],
        [row(20 + 5, close="9999999", high="9999999"), row(4), row(3), row(2), row(1)],
    ],
    ids=["unsorted", "oldest first", "a row twice", "one of the future"],
)
def test_order_and_repetition_do_not_matter(
    fakex: Venue, kucoin: KucoinCandles, rows: list[Any]
) -> None:
    """Ascending, each once, closed ones only."""
    fault(fakex, {"code": "200000", "data": rows})
    found = hours(kucoin)
    assert [candle.opened_at.hour for candle in found] == [17, 18, 19, 20]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"code": "429000", "msg": "Too many requests"}, RateLimited),
        ({"code": "400100", "msg": "symbol not exists"}, DataUnavailable),
        ({"code": "500000", "msg": "Internal"}, TransientExchangeError),
        ({"code": 200000, "data": []}, TransientExchangeError),
        ({"code": "200000"}, InvalidAnswer),
        ({"code": "200000", "data": {}}, InvalidAnswer),
        ([], TransientExchangeError),
        (None, TransientExchangeError),
    ],
    ids=str,
)
def test_the_venues_own_codes_are_understood(
    fakex: Venue, kucoin: KucoinCandles, body: object, error: type[Exception]
) -> None:
    """HTTP 200 says nothing."""
    fault(fakex, body)
    with pytest.raises(error):
        hours(kucoin)


@pytest.mark.parametrize("knob", ["http", "code", "html"])
def test_too_many_requests_are_waited_out(fakex: Venue, kucoin: KucoinCandles, knob: str) -> None:
    """However they are worded."""
    fakex.post("policy", kucoin_pool=0, kucoin_limit=knob)
    with pytest.raises(RateLimited):
        hours(kucoin)


@pytest.mark.parametrize(
    "action",
    ["hang_before_headers", "close", "rst", "truncate", "body_drip", "chunk_drip", "chunk_stall",
     "infinite_body", "big_body", "gzip_bomb", "malformed_json", "html_200", "json_null"],
)  # fmt: skip
def test_no_download_outlives_its_budget(fakex: Venue, action: str) -> None:
    """The trainer goes on with the next coin."""
    slow = source(fakex, RealClock())
    fakex.fault(action, phase="in_body", match={"listener": "kucoin"}, rate=100_000_000)
    begun = time.monotonic()
    with pytest.raises(TransientExchangeError):
        slow.candles(BTC, Timeframe.HOUR_1, NOW - timedelta(days=1), NOW)
    assert time.monotonic() - begun < BUDGET_S + 1, "the slack is this machine's"


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("in_progress", ["include", "exclude"])
@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_windows_side_by_side_leave_no_hole(
    fakex: Venue, timeframe: Timeframe, in_progress: str, *, inclusive: bool
) -> None:
    """Whether the venue counts the end in or not, and tells of unfinished buckets or not."""
    fakex.post("policy", kucoin_end_inclusive=inclusive, kucoin_in_progress=in_progress)
    now = datetime.now(UTC)
    venue = source(fakex, PatientClock(FrozenClock(now)))
    start = bucket_start(now - 3200 * timeframe.length, timeframe, THURSDAY)
    if start < datetime(2001, 1, 1, tzinfo=UTC):
        start = datetime(2001, 1, 4, tzinfo=UTC)  # a Thursday
    found = venue.candles(BTC, timeframe, start, now)
    times = [candle.opened_at for candle in found]
    assert times[0] == start
    assert {after - before for before, after in pairwise(times)} == {timeframe.length}
    assert times[-1] + timeframe.length <= now < times[-1] + 2 * timeframe.length


@pytest.fixture
def public(fakex: Venue) -> Iterator[Any]:
    """Coinbase's public market."""
    fakex.post("policy", public_rps=1000)
    tell(fakex, BTC, market(), NOW, MONDAY)
    made = public_market(fakex, PatientClock(FrozenClock(NOW)))
    yield made
    made.close()


@pytest.mark.parametrize(
    "changes",
    [{"high": "1"}, {"open": "NaN"}, {"close": None}, {"start": 1714550400}, {"volume": "-1"}],
    ids=str,
)
def test_coinbase_candles_are_as_strict(fakex: Venue, public: Any, changes: dict[str, Any]) -> None:  # noqa: ANN401
    """The second source is no weaker."""
    opened = int((NOW.replace(minute=0) - timedelta(hours=5)).timestamp())
    cells = {"start": str(opened), "open": "100", "high": "102", "low": "99", "close": "101"}
    fakex.post(
        "candles",
        symbol="BTC-USD",
        type="ONE_HOUR",
        rows=[{**cells, "volume": "5", **changes}],
    )
    with pytest.raises(InvalidAnswer):
        public.candles(BTC, Timeframe.HOUR_1, NOW - timedelta(days=1), NOW)


def test_public_quotes_are_those_of_the_broker(fakex: Venue) -> None:
    """Without a key; a coin that is not listed is missing."""
    made = public_market(fakex, RealClock())
    quotes = made.quotes([BTC, Coin("NOPE")])
    made.close()
    assert set(quotes) == {BTC}
    assert 0 < quotes[BTC].bid < quotes[BTC].ask
    assert abs(quotes[BTC].at - datetime.now(UTC)) < timedelta(seconds=30)
