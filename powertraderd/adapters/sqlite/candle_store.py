"""Our own copy of a venue's candles, in market.db."""

import math
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from powertraderd.adapters.sqlite.database import Reader, Schema, Writer, packaged
from powertraderd.errors import DataUnavailable, StoreUnavailable
from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.model.history import Gap, RefusedCandle, Stocked

SCHEMA = Schema(
    application_id=int.from_bytes(b"PTmk"),
    scripts=packaged("market"),
    remedy="stop the daemon and delete market.db; candles are loaded again",
    durable=False,
)
_DAY_S = 86_400

_NEWEST = """
SELECT opened_s FROM candle
WHERE series = (SELECT id FROM series WHERE coin = ? AND timeframe = ?)
ORDER BY opened_s DESC LIMIT 1
"""
_SPAN = """
SELECT opened_s, open, high, low, close, volume FROM candle
WHERE series = (SELECT id FROM series WHERE coin = ? AND timeframe = ?)
  AND opened_s >= ? AND opened_s < ?
ORDER BY opened_s
"""
_GAPS = """
SELECT before + :length AS start, opened_s AS end FROM (
  SELECT opened_s, lag(opened_s) OVER (ORDER BY opened_s) AS before FROM candle
  WHERE series = (SELECT id FROM series WHERE coin = :coin AND timeframe = :timeframe)
) WHERE opened_s > before + :length ORDER BY opened_s
"""


class CandleStore:
    """CandleArchive on market.db: one process opens it writable, any number only read."""

    def __init__(self, path: Path, *, writable: bool) -> None:
        """Readers see no candles while there is no file yet."""
        self._writer = Writer(path, SCHEMA) if writable else None
        self._file = self._writer or Reader(path, SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def newest(self, coin: Coin, timeframe: Timeframe) -> datetime | None:
        """When the newest stored candle opened."""
        rows = self._rows(_NEWEST, (coin, timeframe))
        return _moment(rows[0]["opened_s"]) if rows else None

    def load(
        self, coin: Coin, timeframe: Timeframe, start: datetime, end: datetime
    ) -> tuple[Candle, ...]:
        """Stored candles with ``start <= opened_at < end``, ascending, unique."""
        span = (coin, timeframe, start.timestamp(), end.timestamp())
        return tuple(_candle(row) for row in self._rows(_SPAN, span))

    def gaps(self, coin: Coin, timeframe: Timeframe) -> tuple[Gap, ...]:
        """Holes between the oldest and the newest stored candle, oldest first."""
        length_s = int(timeframe.length.total_seconds())
        keys = {"coin": coin, "timeframe": timeframe, "length": length_s}
        return tuple(
            Gap(_moment(row["start"]), _moment(row["end"])) for row in self._rows(_GAPS, keys)
        )

    def append(self, coin: Coin, timeframe: Timeframe, candles: Sequence[Candle]) -> Stocked:
        """Store closed candles; refused ones are in the answer with a reason."""
        if self._writer is None:
            msg = f"{self._file.path}: was opened for reading only"
            raise StoreUnavailable(msg)
        if not candles:
            return Stocked(added=0, known=0)
        with self._writer.transaction() as connection:
            stored = _stored_around(connection, coin, timeframe, candles)
            new: dict[datetime, Candle] = {}
            refused: list[RefusedCandle] = []
            for candle in candles:
                known = new.get(candle.opened_at) or stored.get(candle.opened_at)
                reason = _impossible(candle, timeframe) or _difference(candle, known)
                if reason:
                    refused.append(RefusedCandle(candle, reason))
                elif known is None:
                    new[candle.opened_at] = candle
            _insert(connection, _series(connection, coin, timeframe), list(new.values()))
        known_count = len(candles) - len(new) - len(refused)
        return Stocked(added=len(new), known=known_count, refused=tuple(refused))

    def _rows(self, query: str, parameters: object) -> list[sqlite3.Row]:
        try:
            with self._file.snapshot() as connection:
                return connection.execute(query, parameters).fetchall()  # type: ignore[arg-type]  # tuple or dict
        except DataUnavailable:
            return []


def _stored_around(
    connection: sqlite3.Connection, coin: Coin, timeframe: Timeframe, candles: Sequence[Candle]
) -> dict[datetime, Candle]:
    """What is stored where ``candles`` want to go."""
    times = [candle.opened_at.timestamp() for candle in candles]
    rows = connection.execute(_SPAN, (coin, timeframe, min(times), max(times) + 1))
    return {candle.opened_at: candle for candle in map(_candle, rows)}


def _series(connection: sqlite3.Connection, coin: Coin, timeframe: Timeframe) -> int:
    keys = (coin, timeframe)
    connection.execute("INSERT OR IGNORE INTO series (coin, timeframe) VALUES (?, ?)", keys)
    query = "SELECT id FROM series WHERE coin = ? AND timeframe = ?"
    return int(connection.execute(query, keys).fetchone()["id"])


def _insert(connection: sqlite3.Connection, series: int, candles: Sequence[Candle]) -> None:
    connection.executemany(
        "INSERT INTO candle VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                series,
                int(candle.opened_at.timestamp()),
                candle.open,
                candle.high,
                candle.low,
                candle.close,
                candle.volume,
            )
            for candle in candles
        ],
    )


def _candle(row: sqlite3.Row) -> Candle:
    opened_s, *figures = row
    return Candle(_moment(opened_s), *figures)


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _impossible(candle: Candle, timeframe: Timeframe) -> str:
    """Why the candle cannot be true; empty when it can."""
    step_s = min(timeframe.length.total_seconds(), _DAY_S)  # weeks may start on any day
    if candle.opened_at.timestamp() % step_s:
        return f"no {timeframe} candle opens at {candle.opened_at.isoformat()}"
    prices = (candle.open, candle.high, candle.low, candle.close)
    if not all(0 < price < math.inf for price in prices):
        return f"a price is not above zero: {prices}"
    if not candle.low <= min(prices) <= max(prices) <= candle.high:
        return f"high or low contradicts the other prices: {prices}"
    if not 0 <= candle.volume < math.inf:
        return f"volume {candle.volume} is not zero or more"
    return ""


def _difference(candle: Candle, known: Candle | None) -> str:
    if known is None or candle == known:
        return ""
    return f"differs from the stored one, which stays: {known}"
