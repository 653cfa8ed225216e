"""Rows of the account's history: every second for a day, then ever coarser, so it stays small.

And what the limits of the account are measured by: profit since a moment, the high-water mark.
"""

import sqlite3
from datetime import datetime, timedelta
from decimal import Decimal

from powertraderd.adapters.sqlite.cells import (
    decimal_of,
    microseconds,
    moment_of,
    text_of,
    usd_of,
)
from powertraderd.model.history import AccountValue
from powertraderd.model.money import ZERO_USD, Usd

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


def read_realised(connection: sqlite3.Connection, start: datetime) -> Usd:
    """Profit realised by sells and closed remainders at or after ``start``."""
    total = connection.execute(
        """
        SELECT exact_sum(realised) FROM (
          SELECT realised FROM fill WHERE realised IS NOT NULL AND at_us >= :start
          UNION ALL SELECT realised FROM remainder WHERE at_us >= :start
        )
        """,
        {"start": microseconds(start)},
    ).fetchone()[0]
    return ZERO_USD if total is None else usd_of(total)


def read_high_water(connection: sqlite3.Connection) -> Usd | None:
    """The mark; None before the first."""
    row = connection.execute("SELECT gain FROM high_water").fetchone()
    return None if row is None else usd_of(row["gain"])


def write_high_water(connection: sqlite3.Connection, at: datetime, gain: Decimal) -> None:
    """Replace the mark."""
    connection.execute(
        "INSERT OR REPLACE INTO high_water VALUES (1, ?, ?)", (microseconds(at), text_of(gain))
    )
