"""The real daemon replaying a folder of candles, and the two books to compare.

The paper exchange's book and the ledger are read here with plain SQL: the comparison shares no
code with what wrote them.
"""

import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from powertraderd.places import SOCKET_VARIABLE
from powertraderd.testing.rig import Daemon, until

COINS = ("BTC", "ETH", "XRP", "BNB", "DOGE")

# Orders are in flight for a while, so that a kill finds some; the breaker must not end the test.
_SETTINGS = """\
[trading]
coins = [{coins}]
tick_seconds = 0.05
quiet_window_seconds = 2

[candles]
source = "replay"
directory = "{directory}"
history_start = {history_start}

[clock]
kind = "accelerated"
start = {start}
speed = {speed}

[paper]
latency_ms = 600000

[signal]
interval_seconds = 0.1
max_age_seconds = 86400

[training]
interval_seconds = 0.1

[risk]
quote_max_age_seconds = 86400
max_orders_per_hour = 1000

[supervisor]
backoff_base = 0.1
backoff_cap = 0.4
breaker_fast_deaths = 1000
breaker_slow_deaths = 1000

[paths]
state_dir = "{state_dir}"
runtime_dir = "{runtime_dir}"

[exporter]
listen = "127.0.0.1:0"
"""


@dataclass(frozen=True, slots=True)
class Recording:
    """A folder of candle files, what to learn first, when to begin trading, how fast."""

    directory: Path
    history_start: str
    start: str
    speed: int


class ReplayingDaemon(Daemon):
    """`powertraderd run` in paper mode; everything of it is what a user runs."""

    def __init__(self, folder: Path, recording: Recording) -> None:
        """Lay out a folder; nothing runs yet."""
        super().__init__(folder)
        self.config.write_text(
            _SETTINGS.format(
                coins=", ".join(f'"{coin}"' for coin in COINS),
                directory=recording.directory,
                history_start=recording.history_start,
                start=recording.start,
                speed=recording.speed,
                state_dir=self.state_dir,
                runtime_dir=self.runtime_dir,
            ),
            encoding="utf-8",
        )

    def _module(self) -> list[str]:
        """The user's own command."""
        return ["powertraderd", "run", "--config", str(self.config)]

    def ptctl(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """What a person sees in a terminal of 80 columns that is no terminal."""
        return subprocess.run(  # noqa: S603 - our own program
            [str(Path(sys.executable).with_name("ptctl")), *words],
            env={**os.environ, SOCKET_VARIABLE: str(self.client.path), "COLUMNS": "80"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def trades(self) -> "Counter[str]":
        """Finished orders in the ledger by tag."""
        rows = _rows(
            self.state_dir / "ledger.db",
            "SELECT tag, count(*) FROM orders WHERE state = 'FILLED' GROUP BY tag",
        )
        return Counter({str(tag): int(str(count)) for tag, count in rows})

    def has_traded(self, more_than: int = 0) -> None:
        """Wait until more orders than this are at their end."""
        until(lambda: self.trades().total() > more_than, f"more than {more_than} trades", 90)

    def in_flight(self) -> int:
        """Orders of the ledger that are not at their end."""
        rows = _rows(
            self.state_dir / "ledger.db",
            "SELECT count(*) FROM orders WHERE state NOT IN"
            " ('FILLED', 'CANCELLED', 'EXPIRED', 'REJECTED', 'NOT_PLACED')",
        )
        return int(str(rows[0][0])) if rows else 0

    def books(self) -> "TwoBooks":
        """Both books; only with no order in flight do they have to agree."""
        return TwoBooks.read(self.state_dir)


def _rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """Nothing while the file is not there yet."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(query).fetchall()


_PAPER_FILLS = """
SELECT trade_id, fill.order_id, client_order_id, coin, fill.side, quantity, price, value, fee
FROM fill JOIN orders USING (order_id) ORDER BY fill.number
"""
_LEDGER_FILLS = """
SELECT trade_id, order_id, client_order_id, coin, side, quantity, price, value, fee
FROM fill ORDER BY seq
"""
_HELD = """
SELECT coin, quantity FROM position UNION ALL SELECT coin, quantity FROM dust
"""
_TAGS = "SELECT client_order_id, tag FROM orders"


@dataclass(frozen=True, slots=True)
class TwoBooks:
    """What the exchange knows and what the ledger knows; fills as tuples of text, oldest first."""

    paper_fills: list[tuple[object, ...]]
    ledger_fills: list[tuple[object, ...]]
    paper_balances: Mapping[str, Decimal]
    ledger_holdings: Mapping[str, Decimal]
    tags: Mapping[str, str]

    @classmethod
    def read(cls, state_dir: Path) -> "TwoBooks":
        """From the files of a state folder."""
        paper, ledger = state_dir / "paper.db", state_dir / "ledger.db"
        cash = _rows(ledger, "SELECT 'USD', cash FROM account")
        return cls(
            paper_fills=_rows(paper, _PAPER_FILLS),
            ledger_fills=_rows(ledger, _LEDGER_FILLS),
            paper_balances=_sums(_rows(paper, "SELECT currency, amount FROM balance")),
            ledger_holdings=_sums([*cash, *_rows(ledger, _HELD)]),
            tags={str(order): str(tag) for order, tag in _rows(ledger, _TAGS)},
        )

    def disagreements(self) -> list[str]:
        """Everything in which the two differ or that must never be in them, in words."""
        paper, ledger = set(self.paper_fills), set(self.ledger_fills)
        found = [f"only the exchange knows {fill}" for fill in paper - ledger]
        found += [f"only the ledger knows {fill}" for fill in ledger - paper]
        if len(ledger) != len(self.ledger_fills):
            found.append("a fill is booked twice")
        if self.paper_balances != self.ledger_holdings:
            found.append(f"{self.paper_balances} there, {self.ledger_holdings} here")
        return found + self._doubled_entries()

    def _doubled_entries(self) -> list[str]:
        """A position is opened once: between two entries of a coin there is a sale."""
        found, open_by = [], dict[str, object]()
        for _, _, order, coin, side, *_ in self.paper_fills:
            if side == "SELL":
                open_by.pop(str(coin), None)
            elif self.tags.get(str(order)) == "ENTRY" and open_by.setdefault(str(coin), order) != (
                order
            ):
                found.append(f"{coin} was entered by {open_by[str(coin)]} and again by {order}")
        return found


def _sums(rows: Iterable[tuple[object, ...]]) -> Mapping[str, Decimal]:
    """Exact sums by name; what is zero is left out."""
    sums: dict[str, Decimal] = {}
    for name, amount in rows:
        sums[str(name)] = sums.get(str(name), Decimal(0)) + Decimal(str(amount))
    return {name: amount for name, amount in sums.items() if amount}
