"""The order desk with the real adapter and the real ledger, on the exchange's virtual clock."""

import json
import sys
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from powertraderd.adapters.coinbase.broker import CoinbaseBroker
from powertraderd.adapters.coinbase.client import CoinbaseClient
from powertraderd.adapters.credentials.keyring import trading_key
from powertraderd.adapters.sqlite.ledger import SqliteLedger
from powertraderd.clock import FrozenClock
from powertraderd.errors import InvariantBroken, TransientExchangeError
from powertraderd.model.candle import Coin
from powertraderd.model.decision import Action, Decision, ReasonCode
from powertraderd.model.money import Usd
from powertraderd.settings import BudgetSettings, ExchangeSettings
from powertraderd.strategy import ledgering
from powertraderd.strategy.balances import Holdings
from powertraderd.testing.heart import RecordedHeart
from powertraderd.testing.venue import AdminLine
from powertraderd.workers.order_desk import OrderDesk, Patience
from powertraderd.workers.reconcile import Reconciler

BTC = Coin("BTC")
_LOOK_EVERY_S = 10.0
_LONGEST_S = 400.0
_QUIET_AFTER_S = 200.0
"""By then the exchange shows whatever it has; the trader itself compares every five minutes."""
_SIZE = Usd(Decimal(50))


class SharedClock(FrozenClock):
    """Time stands still at both ends of the line and passes at both when this one sleeps."""

    def __init__(self, admin: AdminLine) -> None:
        """Stand where the exchange stands."""
        super().__init__(datetime.fromisoformat(admin.get("stats")["now"]), 1)
        self._admin = admin

    def advance(self, seconds: float) -> None:
        """Move on together."""
        super().advance(seconds)
        self._admin.post("clock", step=seconds)


def desk_life(request: dict[str, Any], _descriptors: list[int], _nursery_pid: int) -> int:
    """Submit one order (or take up what is open), read until nothing is open, tell how it ended."""
    admin = AdminLine(request["admin"])
    clock = SharedClock(admin)
    settings = ExchangeSettings(
        base_url=request["rest"],
        ca_file=Path(request["ca"]),
        requests_per_second=10,
        connect_timeout_seconds=2,
        read_timeout_seconds=request["read_timeout_s"],
    )
    key = trading_key(Path(request["key_file"]), Path(request["ledger"]).parent, {})
    client = CoinbaseClient(key, settings, clock)
    budgets = BudgetSettings()
    broker = CoinbaseBroker(client, clock, settings, budgets, quote="USD", coins=[BTC])
    ledger = SqliteLedger(Path(request["ledger"]), ledgering)
    heart = RecordedHeart()
    desk = OrderDesk(
        broker=broker,
        ledger=ledger,
        clock=clock,
        heart=heart,
        budgets=budgets,
        patience=Patience(settle_s=5, quiet_window_s=60),
        avoid=lambda _phase, _detail: False,
        forbidden=lambda _side: "",
    )
    holdings = Holdings("USD", (BTC,), shared=False)
    reconciler = Reconciler(
        desk=desk, broker=broker, ledger=ledger, heart=heart, budgets=budgets, holdings=holdings
    )
    _tell("begun")
    try:
        if request["submit"]:
            desk.submit(_an_entry(clock), broker.products([BTC])[BTC])
        _until_final(ledger, reconciler, clock)
        differences = _differences(reconciler, clock)
    except InvariantBroken as error:
        _tell("halted", reason=str(error))
        return 0
    _tell("ended", differences=differences)
    return 0


def _an_entry(clock: FrozenClock) -> Decision:
    return Decision(BTC, clock.now(), Action.ENTRY, ReasonCode.LONG_SIGNAL, quote_size=_SIZE)


def _until_final(ledger: SqliteLedger, reconciler: Reconciler, clock: FrozenClock) -> None:
    until = clock.now() + timedelta(seconds=_LONGEST_S)
    while ledger.open_orders() and clock.now() < until:
        clock.sleep(_LOOK_EVERY_S)
        reconciler.advance_orders()


def _differences(reconciler: Reconciler, clock: FrozenClock) -> list[str]:
    """Balances lag, too: look for a while before believing in a difference."""
    clock.sleep(_QUIET_AFTER_S)
    until = clock.now() + timedelta(seconds=_LONGEST_S)
    while True:
        clock.sleep(_LOOK_EVERY_S)
        reconciler.advance_orders()
        try:
            found = list(reconciler.differences({}))  # no increments: to the last digit
        except TransientExchangeError as error:
            found = [f"balances cannot be read: {error}"]
        if not found or clock.now() > until:
            return found


def _tell(what: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"desk": what, **facts}) + "\n")
    sys.stdout.flush()
