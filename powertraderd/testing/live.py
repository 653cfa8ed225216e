"""The real daemon in live mode, with a fakex process in the exchange's place.

Everything comes from the settings file: addresses, certificates, key, budget. What the ledger says
is read with plain SQL, so that the comparison shares no code with what wrote it.
"""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from powertraderd.adapters.synthetic import SyntheticMarket
from powertraderd.clock import FrozenClock
from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.places import SOCKET_VARIABLE
from powertraderd.settings import CandleSettings
from powertraderd.testing.candle_rows import tell
from powertraderd.testing.rig import Daemon
from powertraderd.testing.venue import Algorithm, Venue

COINS = ("BTC", "ETH")
BUDGET = Decimal(5000)
HISTORY = timedelta(days=120)

_SETTINGS = """\
[trading]
mode = "live"
coins = ["BTC", "ETH"]
tick_seconds = 0.2
quiet_window_seconds = {quiet_window}

[exchange]
base_url = "{base_url}"
ca_file = "{ca_file}"
key_file = "{key_file}"
budget = {budget}
requests_per_second = 20
{timeouts}

[candles]
source = "kucoin"
base_url = "{kucoin_url}"
history_start = {history_start}

[signal]
interval_seconds = 0.5

[training]
interval_seconds = 1

[entry]
allocation_pct = 5

[exit]
start_pct = 2.0
trailing_gap_pct = 0.2

[risk]
exit_cooldown_minutes = 60
max_orders_per_hour = 1000

{supervisor}
[paths]
state_dir = "{state_dir}"
runtime_dir = "{runtime_dir}"

[exporter]
listen = "127.0.0.1:0"

[logging]
level = "debug"
"""

_TIMEOUTS = """\
read_timeout_seconds = 2
connect_timeout_seconds = 1
rejected_after_seconds = 2
"""
_SUPERVISOR = """\
[supervisor]
ladder_term = 0.2
ladder_kill = 0.5
backoff_base = 0.1
backoff_cap = 0.4
breaker_fast_deaths = 1000
breaker_slow_deaths = 1000

[supervisor.budgets]
reconcile = 6
place_order = 6
read_orders = 6
quotes = 6
"""


class LiveDaemon(Daemon):
    """`powertraderd run` in live mode; everything of it is what a user runs."""

    def __init__(
        self,
        folder: Path,
        venue: Venue,
        *,
        algorithm: Algorithm = "ES256",
        quiet_window: float = 3,
        scaled: bool = True,
    ) -> None:
        """Settings that lead to ``venue``; ``scaled``: budgets that a test can wait for."""
        super().__init__(folder)
        self.venue = venue
        self.key = venue.keys[algorithm]
        self.config.write_text(
            _SETTINGS.format(
                base_url=venue.base_url,
                ca_file=venue.ca_file,
                key_file=self.key.file,
                budget=BUDGET,
                kucoin_url=venue.kucoin_url,
                history_start=(datetime.now(UTC) - HISTORY).strftime("%Y-%m-%dT00:00:00Z"),
                quiet_window=quiet_window,
                timeouts=_TIMEOUTS if scaled else "",
                supervisor=_SUPERVISOR if scaled else "",
                state_dir=self.state_dir,
                runtime_dir=self.runtime_dir,
            ),
            encoding="utf-8",
        )

    def _module(self) -> list[str]:
        """The user's own command."""
        return ["powertraderd", "run", "--config", str(self.config)]

    def ptctl(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """What a person asks."""
        return subprocess.run(  # noqa: S603 - our own program
            [str(Path(sys.executable).with_name("ptctl")), *words],
            env={**os.environ, SOCKET_VARIABLE: str(self.client.path), "COLUMNS": "80"},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    # -- what the ledger says

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Of the ledger; nothing while there is no file."""
        path = self.state_dir / "ledger.db"
        if not path.exists():
            return []
        address = f"{path.as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=10)) as connection:
            return connection.execute(query).fetchall()

    def tags(self) -> list[str]:
        """Of the orders that are filled, oldest first."""
        found = self.rows("SELECT tag FROM orders WHERE state = 'FILLED' ORDER BY number")
        return [str(tag) for (tag,) in found]

    def in_flight(self) -> int:
        """Orders that are not at their end."""
        finals = "('FILLED', 'CANCELLED', 'EXPIRED', 'REJECTED', 'NOT_PLACED')"
        return len(self.rows(f"SELECT 1 FROM orders WHERE state NOT IN {finals}"))  # noqa: S608

    def filled(self) -> Mapping[str, tuple[Decimal, Decimal]]:
        """Quantity and fees by client order id, of the ledger's fills."""
        found: dict[str, tuple[Decimal, Decimal]] = {}
        for row in self.rows("SELECT client_order_id, quantity, fee FROM fill ORDER BY seq"):
            name, quantity, fee = str(row[0]), Decimal(str(row[1])), Decimal(str(row[2]))
            sums = found.get(name, (Decimal(0), Decimal(0)))
            found[name] = (sums[0] + quantity, sums[1] + fee)
        return found


def true_fills(venue: Venue) -> Mapping[str, tuple[Decimal, Decimal]]:
    """Quantity and fees by client order id, as the exchange knows them."""
    return {
        order["client_order_id"]: (Decimal(order["filled_size"]), Decimal(order["fees"]))
        for order in venue.orders()
        if Decimal(order["filled_size"] or 0)
    }


def lay_out_market(venue: Venue) -> Mapping[str, tuple[Candle, ...]]:
    """Candles of a lively market up to now on both venues, and prices where they end.

    Returns the hours by coin.
    """
    now = datetime.now(UTC)
    start = (now - HISTORY).replace(hour=0, minute=0, second=0, microsecond=0)
    told: dict[str, tuple[Candle, ...]] = {}
    for number, coin in enumerate(COINS):
        settings = CandleSettings(seed=7 + number, volatility_pct=1.2, history_start=start)
        market = SyntheticMarket(FrozenClock(now), settings, Decimal(0))
        hours = market.candles(Coin(coin), Timeframe.HOUR_1, start, now)
        tell(venue, Coin(coin), hours, now)
        venue.post("price", id=f"{coin}-USD", price=f"{hours[-1].close:.2f}")
        told[coin] = tuple(hours)
    return told
