"""What the daemon has written: the ledger and the memories."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from powertraderd.adapters.memory_files import MemoryFiles
from powertraderd.adapters.sqlite.audit import audited
from powertraderd.adapters.sqlite.database import Reader
from powertraderd.adapters.sqlite.ledger_schema import SCHEMA
from powertraderd.commands.checkup.finding import Finding, fail, ok, warn
from powertraderd.errors import DataUnavailable, InvariantBroken, PowertraderError, StoreDamaged
from powertraderd.model.candle import Timeframe
from powertraderd.model.money import plain
from powertraderd.settings import Settings
from powertraderd.strategy import ledgering
from powertraderd.workers.wiring import LEDGER_DB, MEMORY_DIR


def ledger(settings: Settings) -> Iterator[Finding]:
    """Whole, and its books are what its bookings add up to; read only, beside a running daemon."""
    path = settings.paths.state_dir / LEDGER_DB
    reader = Reader(path, SCHEMA)
    try:
        with reader.snapshot() as connection:
            problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            tally = audited(connection, ledgering)
    except DataUnavailable as error:
        yield ok("ledger", "not begun yet" if not path.exists() else str(error))
    except InvariantBroken as error:
        remedy = "do not trade; keep the file, restore a backup, or ask for help with it"
        yield fail("ledger", f"{path}: {error}", remedy)
    except PowertraderError as error:
        yield fail("ledger", str(error), "see above")
    else:
        if problem == "ok":
            books = tally.books
            what = f"{tally.bookings} bookings add up; cash {plain(books.cash)}"
            yield ok("ledger", f"{what}, {len(books.positions)} positions")
        else:
            yield fail("ledger", f"{path}: {problem}", SCHEMA.remedy)
    finally:
        reader.close()


def models(settings: Settings, now: datetime | None) -> Iterator[Finding]:
    """One line for each coin: trained, and not too long before ``now``, where that is known."""
    store = MemoryFiles(settings.paths.state_dir / MEMORY_DIR)
    stale = timedelta(days=settings.training.stale_days)
    for coin in settings.trading.coins:
        topic = f"model {coin}"
        try:
            loaded = [store.load(coin, timeframe) for timeframe in Timeframe]
        except StoreDamaged as error:
            yield fail(topic, str(error), "the trainer sets it aside and learns anew at its start")
            continue
        trained = [each[1] for each in loaded if each is not None]
        missing = len(loaded) - len(trained)
        if missing:
            what = f"{missing} of {len(loaded)} timeframes are not trained"
            yield warn(topic, what, "start the daemon: it trains; until then it does not buy")
        elif now and now - min(trained) > stale:
            days = (now - min(trained)).days
            yield warn(topic, f"trained {days} days ago, nothing is bought", f"ptctl train {coin}")
        else:
            yield ok(topic, f"trained {min(trained):%Y-%m-%d %H:%M} UTC")
