"""The backtest decides as the daemon did, one decision after the other.

The real daemon replays a week at high speed and says at which moments it looked at what. The
backtest is given the candles, those moments, and at which price and when the paper exchange filled
each order; it must come to the same decisions.
"""

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from powertraderd.adapters.candle_csv import read_hours
from powertraderd.adapters.hours import Hours
from powertraderd.adapters.replay import hours_file, path_price
from powertraderd.adapters.spread import quote_around
from powertraderd.backtest.desk import Desk, Execution, Look
from powertraderd.backtest.plan import Plan
from powertraderd.backtest.track import TIMEFRAMES, Track, walk
from powertraderd.model.candle import Coin
from powertraderd.model.decision import Action, TradingState
from powertraderd.model.money import EXACT, Price, Usd, plain, price_from_float
from powertraderd.model.prediction import Prediction
from powertraderd.model.quote import Quote
from powertraderd.model.signal import Signal
from powertraderd.settings import Settings
from powertraderd.settings_file import load
from powertraderd.strategy import levels
from powertraderd.testing.replaying import COINS, Recording, ReplayingDaemon
from powertraderd.testing.rig import until

pytestmark = pytest.mark.timeout(400)

START = datetime(2024, 2, 5, tzinfo=UTC)
WEEK = timedelta(days=7)
SPEED = 14_400
HISTORY = datetime(2023, 12, 4, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Thought:
    """When the thinker made a signal, from which quote and which candles."""

    quote_at: datetime
    trained_at: datetime
    closed_at: Mapping[str, datetime]


class Backtest:
    """Candles, tracks and quotes as of any moment."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        """Learn the whole recording."""
        self.settings = settings
        self.hours: dict[Coin, Hours] = {}
        self.tracks: dict[Coin, Track] = {}
        for coin in settings.trading.coins:
            path = hours_file(coin, folder)
            assert path is not None
            self.hours[coin] = read_hours(path)
            self.tracks[coin] = walk(
                coin,
                self.hours[coin],
                settings.training,
                week_offset=settings.candles.week_offset,
                history_start=settings.candles.history_start,
            )

    def quote(self, coin: Coin, at: datetime) -> Quote:
        """What the replayed market said at that moment."""
        index = self.hours[coin].index_at(at)
        assert index is not None
        since = at - datetime.fromtimestamp(self.hours[coin].opened[index], UTC)
        price = path_price(self.hours[coin].candle(index), since / timedelta(hours=1))
        return quote_around(coin, price, self.settings.paper.spread_pct, at)

    def signal(self, coin: Coin, made_at: datetime, thought: Thought) -> Signal:
        """The signal of that thought."""
        return levels.signal(
            self.quote(coin, thought.quote_at),
            [self._prediction(coin, *each) for each in thought.closed_at.items()],
            made_at=made_at,
            trained_at=thought.trained_at,
            rules=self.settings.rules.of(coin),
        )

    def last_close(self, coin: Coin, at: datetime) -> Price:
        """Of the newest hour that had closed."""
        track = self.tracks[coin]
        index = int(np.searchsorted(track.opened, at.timestamp() - 3600, side="right")) - 1
        return price_from_float(float(track.close[index]))

    def _prediction(self, coin: Coin, timeframe: str, closed_at: datetime) -> Prediction:
        """The one made from the candle that closed then."""
        track = self.tracks[coin]
        column = [each.value for each in TIMEFRAMES].index(timeframe)
        row = int(np.argmax(track.closed_at[:, column] == closed_at.timestamp()))
        assert track.closed_at[row, column] == closed_at.timestamp()
        low, high = track.predicted_low[row, column], track.predicted_high[row, column]
        if np.isnan(low):
            return Prediction(TIMEFRAMES[column], closed_at, None, None)
        return Prediction(TIMEFRAMES[column], closed_at, float(high), float(low))


def _recording(folder: Path) -> Recording:
    """Lively coins that are as old as the history; the last of them ends after the week."""
    count = int((START + WEEK + timedelta(days=3) - HISTORY) / timedelta(hours=1))
    for number, coin in enumerate(COINS):
        source = np.random.default_rng(number + 40)
        prices = 100 * np.exp(np.cumsum(source.normal(0, 0.015, count + 1)))
        lines = ["time,open,high,low,close,volume"]
        for hour in range(count):
            opened, closed = prices[hour], prices[hour + 1]
            figures = (opened, max(opened, closed) * 1.006, min(opened, closed) * 0.994, closed)
            second = int(HISTORY.timestamp()) + hour * 3600
            lines.append(f"{second},{','.join(f'{each:.6f}' for each in figures)},1")
        (folder / f"{coin}_1h.csv").write_text("\n".join(lines))
    return Recording(folder, f'"{HISTORY.isoformat()}"', f'"{START.isoformat()}"', SPEED)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ReplayingDaemon, Path]]:
    """A daemon that has traded for a week and was stopped."""
    folder = tmp_path_factory.mktemp("candles")
    daemon = ReplayingDaemon(tmp_path_factory.mktemp("daemon"), _recording(folder))
    text = daemon.config.read_text().replace("latency_ms = 600000", "latency_ms = 1")
    daemon.config.write_text(text + '\n[logging]\nlevel = "debug"\n')
    daemon.start()
    try:
        end = (START + WEEK).isoformat()
        until(lambda: _newest_look(daemon) > end, "a week to pass", 240)
        daemon.stop()
        yield daemon, folder
    finally:
        daemon.clean_up()


def _newest_look(daemon: ReplayingDaemon) -> str:
    """The time of the last look, from the end of a log that grows fast."""
    with daemon.log_file.open("rb") as log:
        log.seek(max(0, daemon.log_file.stat().st_size - 8_192))
        lines = log.read().decode(errors="replace").splitlines()
    looks = [line for line in lines[1:-1] if '"event":"looked"' in line.replace(" ", "")]
    time.sleep(0.1)  # between two looks at the end of a file
    return str(json.loads(looks[-1])["at"]) if looks else ""


def test_the_backtest_makes_the_decisions_of_the_daemon(
    lived: tuple[ReplayingDaemon, Path],
) -> None:
    """The same action for the same reason, of the same size, at the same moment; all of them."""
    daemon, folder = lived
    recorded, inputs = _recorded(daemon.state_dir / "ledger.db")
    backtest = Backtest(folder, load(daemon.config))
    made = _made(backtest, _looks(daemon), _thoughts(daemon), _executions(daemon), inputs)
    assert {row[2] for row in recorded} >= {Action.ENTRY, Action.DCA, Action.TRAIL_SELL}
    assert made == recorded


def _size(value: Decimal | str | None) -> str | None:
    """The same number is the same text."""
    return None if value is None else plain(Decimal(value))


Row = tuple[str, str, str, str, str | None, str | None]


def _recorded(path: Path) -> tuple[list[Row], Mapping[tuple[str, str], Sequence[str]]]:
    """The ledger's changes of mind, and the differences that reconciliation had found by then."""
    query = """SELECT coin, at_us, action, reason_code, quote_size, base_size, inputs
               FROM decision ORDER BY seq"""
    rows, inputs = [], {}
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as ledger:
        for coin, at_us, action, reason, quote_size, base_size, text in ledger.execute(query):
            at = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)).isoformat()
            rows.append((coin, at, action, reason, _size(quote_size), _size(base_size)))
            inputs[coin, at] = json.loads(text)["trading"]["differences"]
    return rows, inputs


def _looks(daemon: ReplayingDaemon) -> Iterator[dict[str, Any]]:
    """In the order in which the trader looked."""
    for entry in daemon.logs("looked"):
        if entry["quote_at"] is not None:
            yield entry


def _thoughts(daemon: ReplayingDaemon) -> dict[tuple[str, str], Thought]:
    """By coin and time."""
    return {
        (entry["coin"], entry["at"]): Thought(
            datetime.fromisoformat(entry["quote_at"]),
            datetime.fromisoformat(entry["trained_at"]),
            {name: datetime.fromisoformat(at) for name, at in entry["closed_at"].items()},
        )
        for entry in daemon.logs("thought")
    }


def _executions(daemon: ReplayingDaemon) -> dict[str, list[Execution]]:
    """By coin, in the order of the orders: price and time of the first fill."""
    query = """SELECT coin, price, at_us, min(fill.rowid) FROM fill
               GROUP BY client_order_id ORDER BY min(fill.rowid)"""
    path = daemon.state_dir / "ledger.db"
    found: dict[str, list[Execution]] = {}
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as ledger:
        for coin, price, at_us, _ in ledger.execute(query):
            at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
            quote = Quote(Coin(coin), Price(Decimal(price)), Price(Decimal(price)), at)
            found.setdefault(coin, []).append(Execution(quote, at))
    return found


def _made(
    backtest: Backtest,
    looks: Iterator[dict[str, Any]],
    thoughts: Mapping[tuple[str, str], Thought],
    executions: Mapping[str, list[Execution]],
    inputs: Mapping[tuple[str, str], Sequence[str]],
) -> list[Row]:
    """Every change of mind of the backtest at the daemon's moments."""
    settings = backtest.settings
    plan = Plan(
        rules=settings.rules,
        cash=Usd(settings.paper.starting_cash),
        fee_rate=EXACT.divide(settings.paper.taker_fee_pct, Decimal(100)),
        spread_pct=settings.paper.spread_pct,
        start=START,
        end=START + WEEK,
        delayed=False,
        screened=False,
    )
    desk = Desk(plan)
    differences: tuple[str, ...] = ()
    with localcontext(EXACT):
        for entry in looks:
            coin, at = Coin(entry["coin"]), datetime.fromisoformat(entry["at"])
            quote_at = datetime.fromisoformat(entry["quote_at"])
            made_at = entry["signal_at"]
            signal = None
            if made_at is not None:
                thought = thoughts[coin, made_at]
                signal = backtest.signal(coin, datetime.fromisoformat(made_at), thought)
            differences = tuple(inputs.get((coin, entry["at"]), differences))
            look = Look(
                coin=coin,
                now=at,
                quote=backtest.quote(coin, quote_at),
                signal=signal,
                bids={
                    held: backtest.quote(held, quote_at).bid for held in desk.book.books.positions
                },
                last_close=backtest.last_close(coin, at),
                last_close_at=at,
                trading=TradingState(differences=differences),
            )
            waiting = executions.get(coin, [])
            if desk.look(look, waiting[0] if waiting else None):
                waiting.pop(0)
    return [
        (
            decision.coin,
            decision.at.isoformat(),
            decision.action.value,
            decision.reason_code.value,
            _size(decision.quote_size),
            _size(decision.base_size),
        )
        for decision in desk.decisions
    ]
