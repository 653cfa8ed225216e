"""The market replayed from files."""

import gzip
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from powertraderd.adapters.replay import ReplayMarket, path_price
from powertraderd.clock import FrozenClock
from powertraderd.errors import ConfigError, DataUnavailable
from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.settings import CandleSettings
from powertraderd.testing.examples import BTC, ETH

START = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
HEADER = "time,open,high,low,close,volume\n"
REAL = Path(__file__).parents[4] / "shared" / "data" / "candles"


def row(number: int, price: float) -> str:
    """The hour of this number, which rises by one percent."""
    second = int((START + number * HOUR).timestamp())
    return f"{second},{price},{price * 1.02},{price * 0.99},{price * 1.01},7.5\n"


def write(folder: Path, numbers: Iterable[int], name: str = "BTCUSDT_1h.csv") -> Path:
    """A file with these hours."""
    text = HEADER + "".join(row(number, 100.0 + number) for number in numbers)
    path = folder / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def market(folder: Path, now: datetime, **settings: str) -> ReplayMarket:
    """A market over ``folder`` that stands at ``now``, without a spread."""
    chosen = CandleSettings.model_validate({"source": "replay", "directory": folder, **settings})
    return ReplayMarket(FrozenClock(now), chosen, Decimal(0))


@pytest.mark.parametrize(
    "name",
    ["BTC_1h.csv", "BTCUSDT_1h.csv", "BTCUSD_1h.csv.gz", "BTCUSDC_1h.csv", "BTCEUR_1h.csv.gz"],
)
def test_a_file_is_named_for_its_coin(tmp_path: Path, name: str) -> None:
    """With or without a quote currency, packed or not."""
    write(tmp_path, range(5), name)
    candles = market(tmp_path, START + 9 * HOUR).candles(BTC, Timeframe.HOUR_1, START, START + HOUR)
    assert candles == (Candle(START, 100.0, 102.0, 99.0, 101.0, 7.5),)


@pytest.mark.parametrize(
    "name", ["BTCUSDT_4h.csv", "BTCGBP_1h.csv", "WBTC_1h.csv", "btc_1h.csv", "BTC_1h.csv.bak"]
)
def test_other_files_are_not_the_coins(tmp_path: Path, name: str) -> None:
    """Nothing is guessed; the message says which name is looked for."""
    write(tmp_path, range(5), name)
    source = market(tmp_path, START + 9 * HOUR)
    with pytest.raises(DataUnavailable, match=r"BTC_1h\.csv"):
        source.candles(BTC, Timeframe.HOUR_1, START, START + HOUR)
    assert source.quotes([BTC]) == {}


def test_two_files_for_one_coin_are_refused(tmp_path: Path) -> None:
    """Nobody may wonder which one was used."""
    write(tmp_path, range(5), "BTCUSDT_1h.csv")
    write(tmp_path, range(5), "BTC_1h.csv.gz")
    with pytest.raises(ConfigError, match=r"BTCUSDT_1h\.csv, BTC_1h\.csv\.gz; leave one"):
        market(tmp_path, START).quotes([BTC])


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    """At once, with the key that names it."""
    with pytest.raises(ConfigError, match="directory"):
        market(tmp_path / "nope", START)


def test_only_files_of_coins_that_are_asked_for_are_read(tmp_path: Path) -> None:
    """A broken file of another coin disturbs nobody, until it is asked for."""
    write(tmp_path, range(5))
    (tmp_path / "ETH_1h.csv").write_text("nonsense")
    source = market(tmp_path, START + 9 * HOUR)
    assert source.candles(BTC, Timeframe.HOUR_1, START, START + 9 * HOUR)
    with pytest.raises(ConfigError, match=r"ETH_1h\.csv"):
        source.candles(ETH, Timeframe.HOUR_1, START, START + HOUR)


@pytest.mark.parametrize(
    ("figures", "turns"),
    [
        ((100.0, 110.0, 95.0, 105.0), (95.0, 110.0)),
        ((100.0, 110.0, 95.0, 100.0), (95.0, 110.0)),
        ((100.0, 110.0, 95.0, 99.0), (110.0, 95.0)),
    ],
)
def test_the_path_inside_an_hour(
    figures: tuple[float, float, float, float], turns: tuple[float, float]
) -> None:
    """First away from where the hour closes, then to the other side, then to the close.

    Linear in time, a third of the hour for each leg.
    """
    candle = Candle(START, *figures, volume=1.0)
    assert path_price(candle, 0.0) == candle.open
    assert path_price(candle, 1 / 3) == pytest.approx(turns[0])
    assert path_price(candle, 0.5) == pytest.approx(sum(turns) / 2)
    assert path_price(candle, 2 / 3) == pytest.approx(turns[1])
    assert path_price(candle, 5 / 6) == pytest.approx((turns[1] + candle.close) / 2)
    assert path_price(candle, 1.0) == pytest.approx(candle.close)


def test_a_quote_follows_the_path(tmp_path: Path) -> None:
    """Here one that rises: down to 99 in twenty minutes, up to 102 in twenty more."""
    write(tmp_path, range(3))
    for minutes, price in ((0, "100"), (10, "99.5"), (20, "99"), (40, "102"), (50, "101.5")):
        quote = market(tmp_path, START + timedelta(minutes=minutes)).quotes([BTC])[BTC]
        assert quote.bid <= Decimal(price) <= quote.ask
        assert quote.ask - quote.bid <= Decimal("0.02")


def test_there_is_no_quote_in_a_gap(tmp_path: Path) -> None:
    """Nor before the first hour, nor after the last one."""
    write(tmp_path, (1, 2, 4))
    quoted = [bool(market(tmp_path, START + n * HOUR).quotes([BTC])) for n in range(7)]
    assert quoted == [False, True, True, False, True, False, False]
    last_moment = START + 5 * HOUR - timedelta(microseconds=1)
    assert market(tmp_path, last_moment).quotes([BTC])


def test_poisoned_candles_of_the_future_change_nothing(tmp_path: Path) -> None:
    """Whatever the file says of hours that open after now, nobody can tell."""
    now = START + 30 * HOUR + timedelta(minutes=25)
    clean, poisoned = tmp_path / "clean", tmp_path / "poisoned"
    for folder in (clean, poisoned):
        folder.mkdir()
        write(folder, range(200))
    lines = (poisoned / "BTCUSDT_1h.csv").read_text().splitlines(keepends=True)
    lines[32:] = [row(number, 1e9 / (number + 1)) for number in range(31, 200, 2)]
    (poisoned / "BTCUSDT_1h.csv").write_text("".join(lines))
    ours, theirs = market(clean, now), market(poisoned, now)
    for timeframe in Timeframe:
        for end in (now, START + 400 * HOUR):
            assert ours.candles(BTC, timeframe, START, end) == theirs.candles(
                BTC, timeframe, START, end
            )
    assert ours.quotes([BTC]) == theirs.quotes([BTC])


@pytest.mark.parametrize(
    ("anchor", "opened"),
    [("monday", START + timedelta(days=7)), ("thursday", START + timedelta(days=3))],
)
def test_weeks_start_where_the_settings_say(tmp_path: Path, anchor: str, opened: datetime) -> None:
    """The week in which the recording begins is left out unless it is whole."""
    write(tmp_path, range(1, 24 * 20))
    source = market(tmp_path, START + timedelta(days=19), week_anchor=anchor)
    weeks = source.candles(BTC, Timeframe.WEEK, START - timedelta(days=30), START + 900 * HOUR)
    assert weeks[0].opened_at == opened
    assert all(week.volume == 7 * 24 * 7.5 for week in weeks)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no recorded candles in {REAL}")
def test_recorded_candles_of_a_venue_are_readable() -> None:
    """Four years; the week made from hours is the venue's own."""
    now = datetime(2024, 1, 1, tzinfo=UTC)
    source = market(REAL, now)
    years = source.candles(BTC, Timeframe.HOUR_1, now - timedelta(days=730), now)
    assert len(years) == 730 * 24 - 1, "one hour is missing: the venue was down"
    with gzip.open(REAL / "BTCUSDT_1w.csv.gz", "rt") as file:
        venues = {int(line.split(",")[0]): line.split(",") for line in list(file)[1:]}
    week = source.candles(BTC, Timeframe.WEEK, now - timedelta(days=7), now)[0]
    figures = [float(cell) for cell in venues[int(week.opened_at.timestamp())][1:5]]
    assert [week.open, week.high, week.low, week.close] == figures
    assert source.quotes([Coin("BTC"), Coin("DOGE")]).keys() == {"BTC", "DOGE"}
