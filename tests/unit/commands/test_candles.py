"""`powertraderd candles` as a process, against a loopback venue."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from powertraderd.adapters.synthetic import SyntheticMarket
from powertraderd.clock import FrozenClock
from powertraderd.model.candle import Candle, Timeframe
from powertraderd.settings import CandleSettings
from powertraderd.supervision import lock
from powertraderd.testing.candle_rows import tell
from powertraderd.testing.examples import BTC
from powertraderd.testing.venue import Venue

NOW = datetime.now(UTC)
START = (NOW - timedelta(days=120)).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def running_venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    """One process for all."""
    running = Venue(tmp_path_factory.mktemp("venue")).start()
    yield running
    running.stop()


@pytest.fixture
def venue(running_venue: Venue) -> Venue:
    """It tells 120 days of BTC and has no faults."""
    running_venue.post("faults", clear=True)
    running_venue.post("reset")
    tell(running_venue, BTC, hours(), NOW)
    return running_venue


def hours() -> tuple[Candle, ...]:
    """The market."""
    settings = CandleSettings(history_start=START)
    market = SyntheticMarket(FrozenClock(NOW), settings, Decimal(0))
    return market.candles(BTC, Timeframe.HOUR_1, START, NOW)


def written(folder: Path, venue: Venue, history_start: datetime = START) -> Path:
    """A settings file."""
    file = folder / "powertraderd.toml"
    file.write_text(
        f"""
[trading]
coins = ["BTC"]
[candles]
source = "kucoin"
base_url = "{venue.kucoin_url}"
history_start = {history_start.isoformat().replace("+00:00", "Z")}
[paths]
state_dir = "{folder / "state"}"
""",
        encoding="utf-8",
    )
    return file


def candles(config: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run the verb."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("powertraderd")), "candles", *words, "-c", str(config)],
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_download_goes_on_where_it_stopped(tmp_path: Path, venue: Venue) -> None:
    """The second one asks for what is missing and for nothing else."""
    config = written(tmp_path, venue)
    venue.fault("status", code=404, match={"listener": "kucoin", "path_regex": "candles", "nth": 4})
    first = candles(config, "download")
    assert first.returncode == 75
    assert "KuCoin candles BTC-USDT" in first.stderr
    venue.post("faults", clear=True)
    asked = len(venue.get("journal"))
    again = candles(config, "download", "btc")
    assert (again.returncode, again.stdout) == (0, ""), again.stderr
    assert "new candles of BTC" in again.stderr
    queries = [entry["query"] for entry in venue.get("journal")[asked:]]
    repeated = [each for each in queries if "1hour" in str(each)]
    assert len(repeated) <= 1, "the hours were stored before the fault"
    last = candles(config, "download")
    assert "0 new candles" in last.stderr


def test_the_status_shows_counts_ages_and_gaps(tmp_path: Path, venue: Venue) -> None:
    """A hole of three hours is one gap and three candles."""
    whole = hours()
    tell(venue, BTC, whole[:1000] + whole[1003:], NOW)
    config = written(tmp_path, venue)
    assert candles(config, "download").returncode == 0
    answer = candles(config, "status", "--json")
    rows = {row["timeframe"]: row for row in json.loads(answer.stdout)}
    assert rows["1hour"]["candles"] == len(whole) - 3
    assert (rows["1hour"]["gaps"], rows["1hour"]["missing"]) == (1, 3)
    assert rows["1hour"]["behind"] in (0, 1)
    assert rows["1week"]["gaps"] == 0
    table = candles(config, "status")
    assert "1week" in table.stdout
    assert max(map(len, table.stdout.splitlines())) <= 80


def test_nothing_stored_is_said_and_is_no_error(tmp_path: Path, venue: Venue) -> None:
    """A zero and no dates."""
    answer = candles(written(tmp_path, venue), "status", "ETH", "--json")
    assert answer.returncode == 0
    assert {row["candles"] for row in json.loads(answer.stdout)} == {0}


def test_verify_finds_what_the_venue_tells_otherwise(tmp_path: Path, venue: Venue) -> None:
    """A revised hour is named, here and in the longer candles; nothing stored changes."""
    config = written(tmp_path, venue)
    assert candles(config, "download").returncode == 0
    clean = candles(config, "verify")
    assert (clean.returncode, clean.stdout) == (0, ""), clean.stdout
    changed = list(hours())
    old = changed[-5]
    changed[-5] = Candle(old.opened_at, old.open, old.high * 1.1, old.low, old.close, old.volume)
    tell(venue, BTC, changed, NOW)
    found = candles(config, "verify")
    assert found.returncode == 1
    assert f"BTC 1hour {old.opened_at.isoformat()}: the venue says" in found.stdout
    assert candles(config, "status").returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["download", "NOPE"], 75, "does not know it"),
        (["download", "B-T-C"], 78, "is not a coin's ticker"),
    ],
)
def test_a_coin_that_cannot_be_is_named(
    tmp_path: Path, venue: Venue, words: list[str], code: int, said: str
) -> None:
    """With the reason, and nothing is written."""
    answer = candles(written(tmp_path, venue), *words)
    assert answer.returncode == code
    assert said in answer.stderr


def test_a_made_up_market_has_nothing_to_download(tmp_path: Path, venue: Venue) -> None:
    """The settings say why."""
    config = written(tmp_path, venue)
    text = config.read_text().replace('source = "kucoin"', 'source = "synthetic"')
    config.write_text("\n".join(line for line in text.splitlines() if "base_url" not in line))
    answer = candles(config, "download")
    assert answer.returncode == 78
    assert "only kucoin and coinbase" in answer.stderr


def test_the_running_daemon_keeps_its_file(tmp_path: Path, venue: Venue) -> None:
    """market.db has one writer."""
    config = written(tmp_path, venue)
    assert candles(config, "download").returncode == 0
    held = lock.hold(tmp_path / "state" / lock.SUPERVISOR_LOCK)
    answer = candles(config, "download")
    os.close(held)
    assert answer.returncode == 75
    assert "running already" in answer.stderr
