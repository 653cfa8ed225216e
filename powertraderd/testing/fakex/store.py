"""What must survive a SIGKILL of the exchange: one line for each event, on the disk at once."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from powertraderd.testing.fakex.order import Execution, Order


class Store:
    """An append-only file of JSON lines."""

    def __init__(self, path: Path) -> None:
        """Open or make it; a last line that is cut off never counted."""
        self._path = path
        self._mend()
        self._file = path.open("ab")

    def append(self, kind: str, *, durable: bool = True, **facts: Any) -> None:  # noqa: ANN401
        """One event; on the disk when this returns, if it is to be durable."""
        self._file.write(json.dumps({"kind": kind, **facts}, default=_plain).encode() + b"\n")
        self._file.flush()
        if durable:
            os.fsync(self._file.fileno())

    def events(self) -> Iterator[dict[str, Any]]:
        """All events, oldest first."""
        for line in self._path.read_bytes().splitlines():
            yield json.loads(line)

    def clear(self) -> None:
        """Begin anew."""
        self._file.truncate(0)
        os.fsync(self._file.fileno())

    def _mend(self) -> None:
        if self._path.exists():
            data = self._path.read_bytes()
            whole = data.rfind(b"\n") + 1
            if whole < len(data):
                with self._path.open("r+b") as file:
                    file.truncate(whole)


def order_facts(order: Order) -> dict[str, Any]:
    """An order as JSON."""
    return json.loads(json.dumps(asdict(order), default=_plain))  # type: ignore[no-any-return]


def order_of(facts: dict[str, Any]) -> Order:
    """An order from JSON."""
    executions = [
        Execution(
            **{
                **row,
                **{name: Decimal(row[name]) for name in ("price", "size", "value", "commission")},
                "at": datetime.fromisoformat(row["at"]),
            }
        )
        for row in facts["executions"]
    ]
    times = {name: datetime.fromisoformat(facts[name]) for name in facts if name.endswith("_at")}
    figures = {name: Decimal(facts[name]) for name in ("fee_rate", "hold")}
    return Order(**{**facts, **times, **figures, "executions": executions})


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    msg = f"{value!r} is nothing to store"
    raise TypeError(msg)
