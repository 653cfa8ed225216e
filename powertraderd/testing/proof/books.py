"""A ledger to begin with: made once, copied for each case."""

import shutil
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from powertraderd.adapters.sqlite.candle_store import CandleStore
from powertraderd.adapters.sqlite.ledger import SqliteLedger
from powertraderd.adapters.sqlite.signal_board import SqliteSignalBoard
from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.model.money import Usd
from powertraderd.strategy import ledgering
from powertraderd.testing.fakex.exchange import LISTED
from powertraderd.workers.wiring import MARKET_DB, SIGNAL_DB

BTC = Coin("BTC")
CASH = Usd(Decimal(10_000))
_MAKING = threading.Lock()


def fresh_ledger(path: Path) -> None:
    """A ledger with the cash that the exchange holds, and nothing else."""
    with _MAKING:
        template = _template()
    shutil.copyfile(template, path)


def fresh_state(folder: Path) -> None:
    """A state folder as it is before the trader's first start, but with stores already made."""
    with _MAKING:
        template = _stores()
    shutil.copytree(template, folder, dirs_exist_ok=True)


@cache
def _stores() -> Path:
    """The signal board and the candles; the trader makes its ledger itself."""
    folder = Path(mkdtemp(prefix="proof-"))
    SqliteSignalBoard(folder / SIGNAL_DB, writable=True).close()
    candles = CandleStore(folder / MARKET_DB, writable=True)
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    price = float(LISTED["BTC-USD"])
    candles.append(BTC, Timeframe.HOUR_1, [Candle(hour, price, price, price, price, 1.0)])
    candles.close()
    return folder


@cache
def _template() -> Path:
    path = Path(mkdtemp(prefix="proof-")) / "ledger.db"
    ledger = SqliteLedger(path, ledgering)
    ledger.pay_in(CASH, datetime.now(UTC), "the proof's budget")
    ledger.close()
    return path
