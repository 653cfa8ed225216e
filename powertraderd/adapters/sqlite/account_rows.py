"""Rows of the account's history: every second for a day, then ever coarser, so it stays small."""

import sqlite3
from datetime import datetime, timedelta
from decimal import Decimal

from powertraderd.adapters.sqlite.cells import decimal_of, microseconds, moment_of, text_of
from powertraderd.model.history import AccountValue

_RESOLUTIONS = (
    (timedelta(0), timedelta(seconds=1)),
    (timedelta(days=1), timedelta(minutes=5)),
    (timedelta(days=30), timedelta(hours=1)),
    (timedelta(days=365), timedelta(days=1)),
)
"""Samples older than the first keep one of each span of the second, by market time."""
_MICROSECOND = timedelta(microseconds=1)


def insert_value(
    connection: sqlite3.Connection, at: datetime, value: Decimal, cash: Decimal
) -> None:
    """Append a sample; one of the same moment is replaced."""
    connection.execute(
        "INSERT OR REPLACE INTO account_value VALUES (?, ?, ?)",
        (microseconds(at), text_of(value), text_of(cash)),
    )


def thin_out(connection: sqlite3.Connection, now: datetime) -> None:
    """Of every span keep the newest sample."""
    for age, span in _RESOLUTIONS:
        connection.execute(
            """
            DELETE FROM account_value WHERE at_us < :edge AND at_us NOT IN (
              SELECT max(at_us) FROM account_value WHERE at_us < :edge GROUP BY at_us / :span
            )
            """,
            {"edge": microseconds(now - age), "span": span // _MICROSECOND},
        )


def read_values(
    connection: sqlite3.Connection, start: datetime, end: datetime, limit: int
) -> tuple[AccountValue, ...]:
    """The newest ``limit`` samples with ``start <= at < end``, oldest first."""
    rows = connection.execute(
        """
        SELECT * FROM account_value WHERE at_us >= ? AND at_us < ? ORDER BY at_us DESC LIMIT ?
        """,
        (microseconds(start), microseconds(end), limit),
    )
    return tuple(
        AccountValue(moment_of(row["at_us"]), decimal_of(row["value"]), decimal_of(row["cash"]))
        for row in rows
    )[::-1]
