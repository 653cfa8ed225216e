"""Questions that the exporter answers: candles and imported trades, from real files."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from powertraderd.adapters.legacy.folder import read
from powertraderd.adapters.legacy.store import LegacyReader, LegacyStore
from powertraderd.adapters.sqlite.candle_store import CandleStore
from powertraderd.adapters.sqlite.ledger_reader import LedgerReader
from powertraderd.adapters.sqlite.signal_board import SqliteSignalBoard
from powertraderd.clock import FrozenClock
from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.model.rules import StrategyRules
from powertraderd.supervision.client import Client
from powertraderd.supervision.protocol import Answer
from powertraderd.supervision.verbs import Args, Candles, Newest, OfCoin, PerhapsCoin
from powertraderd.testing import legacy_folder
from powertraderd.workers.queries import Queries, QueryPorts
from powertraderd.workers.role import Command

START = datetime(2024, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def queries(tmp_path: Path) -> Queries:
    """Over an archive of ten hours, with a hole at the fifth, and the small imported folder."""
    market = tmp_path / "market.db"
    store = CandleStore(market, writable=True)
    hours = [Candle(START + n * HOUR, 10.0 + n, 12.0 + n, 9.0 + n, 11.0 + n, 1) for n in range(10)]
    store.append(Coin("BTC"), Timeframe.HOUR_1, [each for n, each in enumerate(hours) if n != 5])
    store.close()
    legacy = LegacyStore(tmp_path / "legacy.db")
    legacy.add_trades(read(legacy_folder.make(tmp_path)).trades)
    legacy.close()
    ports = QueryPorts(
        ledger=LedgerReader(tmp_path / "ledger.db"),
        signals=SqliteSignalBoard(tmp_path / "signal.db", writable=False),
        candles=CandleStore(market, writable=False),
        imported=LegacyReader(tmp_path / "legacy.db"),
    )
    return Queries(
        ports,
        client=Client(tmp_path / "nobody.sock"),
        clock=FrozenClock(START),
        coins=(Coin("BTC"), Coin("ETH")),
        rules=StrategyRules(),
    )


def asked(queries: Queries, verb: str, args: Args) -> Answer:
    """One question."""
    return queries.answer(Command("1", verb, args, 0))


def test_the_newest_candles_are_told_oldest_first(queries: Queries) -> None:
    """Epoch seconds, open, high, low, close; an hour without trades has no candle."""
    answer = asked(queries, "candles", Candles(Coin("BTC"), Timeframe.HOUR_1, 6))
    rows = answer.data["candles"]
    at = START.timestamp()
    assert [int(row[0] - at) // 3600 for row in rows] == [4, 6, 7, 8, 9]
    assert rows[-1] == [at + 9 * 3600, 19.0, 21.0, 18.0, 20.0]


def test_a_coin_without_candles_is_said(queries: Queries) -> None:
    """Not ready, which is not the same as empty."""
    answer = asked(queries, "candles", Candles(Coin("ETH")))
    assert (answer.ok, answer.code) == (False, "not_ready")
    assert "ETH: no candles are stored yet" in answer.message


@pytest.mark.parametrize(
    ("verb", "args"),
    [
        ("candles", Candles(Coin("XRP"))),
        ("levels", OfCoin(Coin("XRP"))),
        ("risk", PerhapsCoin(Coin("XRP"))),
    ],
)
def test_a_coin_that_is_not_traded_is_refused_by_name(
    queries: Queries, verb: str, args: Args
) -> None:
    """An empty table would look like a coin of which nothing is known yet."""
    answer = asked(queries, verb, args)
    assert (answer.ok, answer.code) == (False, "unknown_coin")
    assert answer.message == "XRP is not among trading.coins: BTC, ETH"


def test_imported_trades_are_told_newest_first_and_their_fees_are_unknown(
    queries: Queries, tmp_path: Path
) -> None:
    """Fees are inside the values; unknown is never zero. Nothing was imported: nothing is told."""
    rows = asked(queries, "imported_trades", Newest(3)).data["imported_trades"]
    assert [(row["tag"], row["value"], row["fees"]) for row in rows] == [
        ("DCA", "76.25", None), ("ENTRY", "40", None), ("TRAIL_SELL", "1050", None),
    ]  # fmt: skip
    older = asked(queries, "imported_trades", Newest(2, skip=1)).data["imported_trades"]
    assert older == rows[1:]
    assert asked(queries, "imported_trades", Newest(5, Coin("BTC"))).data["imported_trades"] == []
    assert LegacyReader(tmp_path / "none.db").trades(5) == ()
