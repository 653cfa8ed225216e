"""The ledger for those who only look; its writer is never disturbed."""

from datetime import datetime
from pathlib import Path

from powertraderd.adapters.sqlite import account_rows, book_rows, decision_rows, order_rows
from powertraderd.adapters.sqlite.database import Reader
from powertraderd.adapters.sqlite.fill_rows import read_fills
from powertraderd.adapters.sqlite.ledger_schema import SCHEMA
from powertraderd.model.candle import Coin
from powertraderd.model.decision import Decision
from powertraderd.model.history import AccountValue, Trade
from powertraderd.model.money import Usd
from powertraderd.model.order import Fill, OrderRecord
from powertraderd.model.position import Books


class LedgerReader:
    """LedgerView on ledger.db; every method sees the newest commit."""

    def __init__(self, path: Path) -> None:
        """The file may not exist yet; then every method raises DataUnavailable."""
        self._file = Reader(path, SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def books(self) -> Books:
        """All money and positions."""
        with self._file.snapshot() as connection:
            return book_rows.read_books(connection)

    def orders(self, limit: int) -> tuple[OrderRecord, ...]:
        """Orders, newest first."""
        with self._file.snapshot() as connection:
            return order_rows.read_orders(connection, order_rows.NEWEST, limit)

    def trades(self, limit: int) -> tuple[Trade, ...]:
        """Orders that have fills, newest first."""
        with self._file.snapshot() as connection:
            return order_rows.read_trades(connection, limit)

    def fills(self, client_order_id: str) -> tuple[Fill, ...]:
        """The booked fills of one order, oldest first."""
        with self._file.snapshot() as connection:
            return read_fills(connection, client_order_id)

    def decisions(self, limit: int, coin: Coin | None = None) -> tuple[Decision, ...]:
        """Changes of mind, newest first, of one coin or of all."""
        with self._file.snapshot() as connection:
            return decision_rows.read_decisions(connection, limit, coin)

    def decision_inputs(
        self, start: datetime, end: datetime
    ) -> tuple[tuple[Decision, str | None], ...]:
        """Decisions with ``start <= at < end``, oldest first, and what each was made from."""
        with self._file.snapshot() as connection:
            return decision_rows.read_inputs(connection, start, end)

    def account_values(
        self, start: datetime, end: datetime, limit: int
    ) -> tuple[AccountValue, ...]:
        """The newest ``limit`` samples with ``start <= at < end``, oldest first."""
        with self._file.snapshot() as connection:
            return account_rows.read_values(connection, start, end, limit)

    def realised_since(self, start: datetime) -> Usd:
        """Profit realised at or after ``start``."""
        with self._file.snapshot() as connection:
            return account_rows.read_realised(connection, start)

    def high_water(self) -> Usd | None:
        """The highest that account value less cash paid in was kept as."""
        with self._file.snapshot() as connection:
            return account_rows.read_high_water(connection)
