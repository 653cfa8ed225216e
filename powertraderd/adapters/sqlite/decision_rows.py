"""Rows of decisions: changes of mind, the newest ten thousand."""

import sqlite3
from datetime import datetime

from powertraderd.adapters.sqlite.cells import (
    base_of,
    choice_of,
    json_of,
    mapping_of,
    microseconds,
    moment_of,
    optional,
    optional_text_of,
    price_of,
    trail_json,
    trail_of,
    usd_of,
)
from powertraderd.model.candle import Coin
from powertraderd.model.decision import Action, Decision, ReasonCode

KEPT = 10_000
INPUTS_KEPT = 2_000
"""Inputs are some kilobytes each: those of the newest decisions are enough to judge a change by."""


def is_change(connection: sqlite3.Connection, decision: Decision) -> bool:
    """Whether the coin's newest decision had another action or another reason."""
    row = connection.execute(
        "SELECT action, reason_code FROM decision WHERE coin = ? ORDER BY seq DESC LIMIT 1",
        (decision.coin,),
    ).fetchone()
    return row is None or tuple(row) != (decision.action, decision.reason_code)


def insert_decision(connection: sqlite3.Connection, decision: Decision, inputs: str | None) -> None:
    """Append a decision and drop the oldest beyond ``KEPT``, and inputs beyond ``INPUTS_KEPT``."""
    trail = decision.trail
    cursor = connection.execute(
        """
        INSERT INTO decision (at_us, coin, action, reason_code, numbers, quote_size, base_size,
                              trail, next_dca_price, next_dca_source, inputs)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            microseconds(decision.at),
            decision.coin,
            decision.action,
            decision.reason_code,
            json_of(dict(decision.numbers)),
            optional_text_of(decision.quote_size),
            optional_text_of(decision.base_size),
            None if trail is None else trail_json(trail),
            optional_text_of(decision.next_dca_price),
            decision.next_dca_source,
            inputs,
        ),
    )
    newest = cursor.lastrowid or 0
    connection.execute("DELETE FROM decision WHERE seq <= ?", (newest - KEPT,))
    connection.execute("UPDATE decision SET inputs = NULL WHERE seq = ?", (newest - INPUTS_KEPT,))


def read_decisions(
    connection: sqlite3.Connection, limit: int, coin: Coin | None
) -> tuple[Decision, ...]:
    """The newest decisions, newest first, of one coin or of all."""
    rows = connection.execute(
        """
        SELECT * FROM decision WHERE :coin IS NULL OR coin = :coin
        ORDER BY seq DESC LIMIT :limit
        """,
        {"coin": coin, "limit": limit},
    )
    return tuple(_decision(row) for row in rows)


def read_inputs(
    connection: sqlite3.Connection, start: datetime, end: datetime
) -> tuple[tuple[Decision, str | None], ...]:
    """Decisions with ``start <= at < end``, oldest first, and what each was made from."""
    rows = connection.execute(
        "SELECT * FROM decision WHERE at_us >= ? AND at_us < ? ORDER BY seq",
        (microseconds(start), microseconds(end)),
    )
    return tuple((_decision(row), row["inputs"]) for row in rows)


def _decision(row: sqlite3.Row) -> Decision:
    return Decision(
        coin=Coin(row["coin"]),
        at=moment_of(row["at_us"]),
        action=choice_of(Action, row["action"]),
        reason_code=choice_of(ReasonCode, row["reason_code"]),
        numbers=mapping_of(row["numbers"]),
        quote_size=optional(usd_of, row["quote_size"]),
        base_size=optional(base_of, row["base_size"]),
        trail=optional(trail_of, row["trail"]),
        next_dca_price=optional(price_of, row["next_dca_price"]),
        next_dca_source=row["next_dca_source"],
    )
