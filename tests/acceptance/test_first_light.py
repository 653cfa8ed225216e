"""The whole daemon as a user runs it: real processes, candles, kills; and two books that agree.

Each promise is held on a made-up recording, which is always there, and on real candles where the
folder ``../shared/data/candles`` is. The tests of a recording share one daemon, in this order.
"""

import csv
import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from shutil import which

import pytest

from powertraderd.adapters.synthetic import SyntheticMarket
from powertraderd.clock import FrozenClock
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.settings import CandleSettings
from powertraderd.testing.replaying import COINS, Recording, ReplayingDaemon
from powertraderd.testing.rig import ROLES, alive, until

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "candles"
pytestmark = pytest.mark.timeout(300)


def _made_up(folder: Path) -> Recording:
    """Half a year to learn from, then two months of a lively market."""
    start, end = datetime(2023, 6, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC)
    settings = CandleSettings(seed=7, volatility_pct=1.6, history_start=start)
    market = SyntheticMarket(FrozenClock(end), settings, Decimal(0))
    for coin in COINS:
        with (folder / f"{coin}_1h.csv").open("w", encoding="ascii", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["time", "open", "high", "low", "close", "volume"])
            for candle in market.candles(Coin(coin), Timeframe.HOUR_1, start, end):
                figures = (candle.open, candle.high, candle.low, candle.close, candle.volume)
                rows.writerow([int(candle.opened_at.timestamp()), *figures])
    return Recording(folder, "2023-06-01T00:00:00Z", "2024-01-01T00:00:00Z", 7200)


@pytest.fixture(scope="module", params=["made up", "recorded"])
def daemon(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ReplayingDaemon]:
    """Replays five coins and trades them."""
    if request.param == "recorded":
        if not RECORDED.is_dir():
            pytest.skip(f"no recorded candles: {RECORDED} is not there")
        recording = Recording(RECORDED, "2022-01-01T00:00:00Z", "2024-01-01T00:00:00Z", 14_400)
    else:
        recording = _made_up(tmp_path_factory.mktemp("candles"))
    running = ReplayingDaemon(tmp_path_factory.mktemp("replaying"), recording)
    running.start()
    yield running
    running.clean_up()


def test_it_learns_and_trades(daemon: ReplayingDaemon) -> None:
    """Positions are opened without anybody's help."""
    daemon.has_traded()
    assert daemon.trades()["ENTRY"]
    until(lambda: _trained(daemon), "all coins to be trained", 90)


def _trained(daemon: ReplayingDaemon) -> bool:
    """Every coin has learned all that there is at this moment."""
    coins = daemon.status()["coins"]
    return all(coins[coin].get("training", {}).get("state") == "READY" for coin in COINS)


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["positions"],
        ["signals"],
        ["levels", "BTC"],
        ["decisions"],
        ["trades"],
        ["account"],
        ["orders"],
    ],
    ids=" ".join,
)
def test_ptctl_answers_in_eighty_columns(daemon: ReplayingDaemon, words: list[str]) -> None:
    """Exit code 0, something to read, no line that wraps."""
    answer = daemon.ptctl(*words)
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    assert lines
    assert [line for line in lines if len(line) > 80] == []


@pytest.mark.skipif(which("promtool") is None, reason="promtool is not installed")
def test_the_metrics_are_what_prometheus_wants(daemon: ReplayingDaemon) -> None:
    """Promtool has nothing to say, not even advice."""
    address = until(lambda: daemon.status().get("exporter", {}).get("listen"), "the metrics page")
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=20) as page:
        text = page.read()
    assert b"powertraderd_scrape_error{" in text
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, timeout=60, check=False
    )
    said = (checked.stdout + checked.stderr).decode()
    assert (checked.returncode, said.strip()) == (0, "")


def _caught_in_flight(daemon: ReplayingDaemon) -> None:
    """Kill the trader while a new order of its is on the way or at the exchange."""
    until(lambda: not daemon.in_flight(), "the order before to come to its end", 90)
    pid = daemon.worker("trader")["pid"]
    until(daemon.in_flight, "an order in flight", 90)
    os.kill(pid, signal.SIGKILL)
    daemon.replaced("trader", pid)


def _settled(daemon: ReplayingDaemon) -> None:
    """Hold back new buys and wait until no order is under way."""
    assert daemon.ptctl("pause", "--reason", "comparing the books").returncode == 0
    until(lambda: daemon.status()["trading"]["paused"], "the pause")
    until(lambda: not daemon.in_flight(), "orders to come to their end", 90)


def test_a_killed_worker_is_replaced_and_no_trade_is_doubled_or_lost(
    daemon: ReplayingDaemon,
) -> None:
    """Each worker once, the trader three times more with an order at the exchange."""
    for role in ROLES:
        pid = daemon.worker(role)["pid"]
        os.kill(pid, signal.SIGKILL)
        assert daemon.replaced(role, pid)["restarts"] >= 1
    for _ in range(3):
        _caught_in_flight(daemon)
    daemon.has_traded(daemon.trades().total())
    _settled(daemon)
    until(lambda: not daemon.books().disagreements(), "the books to agree", 30)
    assert daemon.status()["trading"]["halted"] is False
    assert daemon.ptctl("resume").returncode == 0


def test_a_pause_outlives_the_death_of_everything_and_resume_ends_it(
    daemon: ReplayingDaemon,
) -> None:
    """SIGKILL to all five at once; the restarted daemon buys nothing until it is told to."""
    assert daemon.ptctl("pause", "--reason", "going to bed").returncode == 0
    pids = [daemon.pid, *daemon.worker_pids().values()]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    daemon.wait()
    until(lambda: not any(alive(pid) for pid in pids), "everybody to be gone")
    daemon.start()
    trading = daemon.status()["trading"]
    assert (trading["paused"], trading["reason"]) == (True, "going to bed")
    until(lambda: not daemon.in_flight(), "old orders to come to their end", 90)
    bought = _buys(daemon)
    loops = daemon.worker("trader")["loops"]
    until(lambda: daemon.worker("trader")["loops"] > loops + 40, "forty cycles of the trader")
    assert _buys(daemon) == bought
    assert daemon.ptctl("resume").returncode == 0
    until(lambda: _buys(daemon) > bought, "a buy after the pause", 90)


def _buys(daemon: ReplayingDaemon) -> int:
    trades = daemon.trades()
    return trades["ENTRY"] + trades["DCA"]


def test_after_all_that_the_exchange_and_the_ledger_agree_to_the_last_digit(
    daemon: ReplayingDaemon,
) -> None:
    """Every fill, cash, coins; after a clean stop, from the files alone."""
    _settled(daemon)
    assert daemon.stop() == 0
    books = daemon.books()
    assert books.ledger_fills
    assert books.disagreements() == []
