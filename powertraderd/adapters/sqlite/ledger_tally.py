"""Counts over the whole ledger, for gauges; only what is new is read again."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from sqlite3 import Connection

from powertraderd.adapters.sqlite.cells import decimal_of, moment_of
from powertraderd.adapters.sqlite.database import Reader
from powertraderd.adapters.sqlite.ledger_schema import SCHEMA
from powertraderd.model.money import EXACT

BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds of the order latency, market seconds from intent to settled."""
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class OrderCount:
    """Orders of one kind and state; ``oldest`` is when the first of them was intended."""

    coin: str
    tag: str
    state: str
    count: int
    oldest: datetime


@dataclass(slots=True)
class Traded:
    """Everything filled of one coin for one tag."""

    fills: int = 0
    value: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)


class LedgerTally:
    """Totals since the ledger began; of decisions, since the oldest that is still kept."""

    def __init__(self, path: Path) -> None:
        """Count in the ledger at ``path``, which may not exist yet."""
        self._reader = Reader(path, SCHEMA)
        self._forget()

    def _forget(self) -> None:
        self._decision_seq = self._booking_seq = 0
        self.decisions: Counter[tuple[str, str, str]] = Counter()
        self.traded: dict[tuple[str, str], Traded] = {}
        self.realised: dict[str, Decimal] = {}
        self.orders: tuple[OrderCount, ...] = ()
        self.latency_counts: tuple[int, ...] = ()
        self.latency_sum_s = 0.0

    def refresh(self) -> None:
        """Bring all totals up to date. Raises DataUnavailable while there is no ledger yet."""
        with self._reader.snapshot() as connection:
            self._notice_another_ledger(connection)
            self._count_decisions(connection)
            self._count_bookings(connection)
            self._count_orders(connection)
            self._measure_latency(connection)

    def _notice_another_ledger(self, connection: Connection) -> None:
        """One that was restored from a backup knows less than we have counted."""
        row = connection.execute("SELECT bookings FROM account").fetchone()
        if row["bookings"] < self._booking_seq:
            self._forget()

    def _count_decisions(self, connection: Connection) -> None:
        rows = connection.execute(
            "SELECT seq, coin, action, reason_code FROM decision WHERE seq > ? ORDER BY seq",
            (self._decision_seq,),
        )
        for row in rows:
            self.decisions[row["coin"], row["action"], row["reason_code"]] += 1
            self._decision_seq = row["seq"]

    def _count_bookings(self, connection: Connection) -> None:
        since = {"seq": self._booking_seq}
        fills = connection.execute(
            """
            SELECT fill.seq, fill.coin, tag, value, fee, realised
            FROM fill JOIN orders USING (client_order_id) WHERE fill.seq > :seq
            """,
            since,
        )
        for row in fills:
            total = self.traded.setdefault((row["coin"], row["tag"]), Traded())
            total.fills += 1
            total.value = EXACT.add(total.value, decimal_of(row["value"]))
            total.fees = EXACT.add(total.fees, decimal_of(row["fee"]))
            self._realise(row["coin"], row["realised"])
            self._booking_seq = max(self._booking_seq, row["seq"])
        remainders = connection.execute(
            "SELECT seq, coin, realised FROM remainder WHERE seq > :seq", since
        )
        for row in remainders:
            self._realise(row["coin"], row["realised"])
            self._booking_seq = max(self._booking_seq, row["seq"])

    def _realise(self, coin: str, cell: str | None) -> None:
        if cell is not None:
            before = self.realised.get(coin, Decimal(0))
            self.realised[coin] = EXACT.add(before, decimal_of(cell))

    def _count_orders(self, connection: Connection) -> None:
        rows = connection.execute(
            """
            SELECT coin, tag, state, count(*) AS count, min(created_us) AS oldest
            FROM orders GROUP BY coin, tag, state
            """
        )
        self.orders = tuple(
            OrderCount(r["coin"], r["tag"], r["state"], r["count"], moment_of(r["oldest"]))
            for r in rows
        )

    def _measure_latency(self, connection: Connection) -> None:
        columns = ", ".join(f"count(*) FILTER (WHERE us <= {b * _MICROSECONDS})" for b in BUCKETS_S)
        row = connection.execute(
            f"""
            SELECT {columns}, count(*), coalesce(sum(us), 0) FROM (
              SELECT updated_us - created_us AS us FROM orders WHERE state = 'FILLED'
            )
            """  # noqa: S608 - the numbers above
        ).fetchone()
        *counts, total_us = tuple(row)
        self.latency_counts = tuple(counts)
        self.latency_sum_s = total_us / _MICROSECONDS
