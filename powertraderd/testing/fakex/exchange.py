"""The exchange's state: one lock, one clock, all orders, and the balances that follow from them."""

import random
import threading
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from powertraderd.testing.fakex.clock import VirtualClock
from powertraderd.testing.fakex.figures import MATH, ZERO
from powertraderd.testing.fakex.knobs import Knobs
from powertraderd.testing.fakex.market import Market, Taken
from powertraderd.testing.fakex.order import END, Order, effects
from powertraderd.testing.fakex.store import Store, order_facts, order_of

LISTED = {"BTC-USD": "60000", "ETH-USD": "3000", "DOGE-USD": "0.15"}
CASH = {"USD": "10000"}
_PATCHES = {"DOGE-USD": {"base_increment": "0.1", "price_increment": "0.00001"}}


class Exchange:
    """Everything that is true. Hold ``lock`` while reading or changing it."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Take up what ``folder`` remembers."""
        self.lock = threading.RLock()
        self.clock = VirtualClock()
        self.knobs = Knobs()
        self.seed = seed
        self._store = Store(folder / "events.jsonl")
        self._start()
        self.replaying = True
        for event in list(self._store.events()):
            self._replay(event)
        self.replaying = False
        self._anchor()

    def _start(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - ids and jitter of a test
        self.market = Market(self.seed)
        for product_id, price in LISTED.items():
            self.market.add(product_id, price, **_PATCHES.get(product_id, {}))
        self.orders: dict[str, Order] = {}
        self.deposits: dict[str, Decimal] = {name: Decimal(sum_) for name, sum_ in CASH.items()}
        self.declared: dict[str, Any] = {}
        """What the test has declared for the invariants."""
        self._traded: set[str] = set()

    def reset(self) -> None:
        """Forget everything but keys and faults."""
        self._store.clear()
        fresh = Knobs()
        for name in Knobs.__dataclass_fields__:
            setattr(self.knobs, name, getattr(fresh, name))
        self.clock.change({"skew_ms": 0, "freeze": False})
        self._start()
        self._anchor()

    def _anchor(self) -> None:
        """Candles and listed prices agree from the exchange's first moment on."""
        if not self.market.anchor_s:
            body = {"at_s": self.now().timestamp()}
            self.apply("anchor", body)
            self.remember("anchor", body)

    # -- durable changes

    def remember(self, what: str, body: Any) -> None:  # noqa: ANN401 - JSON
        """Keep an admin's change for the next life; time that passed need not survive a crash."""
        self._store.append("admin", durable=what != "clock", what=what, body=body)

    def commit(self, order: Order) -> None:
        """The order exists from here on, whatever happens to this process."""
        self._store.append("order", order=order_facts(order))
        self._keep(order)
        self.check()

    def _keep(self, order: Order) -> None:
        """Know the order, and take what it traded out of the ladder; what it lost is back there."""
        self.orders[order.order_id] = order
        taken = self.market.listings[order.product_id].taken
        trades = {each.trade_id: each for each in order.executions}
        for trade_id, each in list(taken.items()):
            if each.order_id == order.order_id and trade_id not in trades:
                del taken[trade_id]
        for trade_id, new in trades.items():
            if trade_id not in self._traded:
                self._traded.add(trade_id)
                taken[trade_id] = Taken(order.order_id, order.side, new.price, new.size)

    def _replay(self, event: Mapping[str, Any]) -> None:
        if event["kind"] == "order":
            self._keep(order_of(event["order"]))
        else:
            self.apply(event["what"], event["body"])

    def apply(self, what: str, body: Any) -> Any:  # noqa: ANN401 - JSON
        """An admin's change, new or replayed; raises ValueError or KeyError for a wrong one."""
        from powertraderd.testing.fakex.changes import CHANGES  # noqa: PLC0415 - a cycle otherwise

        return CHANGES[what](self, body)

    def follow_scripts(self) -> None:
        """Make the prices that are due by now; called before each request is served."""
        with self.lock:
            for product_id, listing in self.market.listings.items():
                while listing.script and listing.script[0][0] <= self.now():
                    _, price = listing.script.pop(0)
                    self.apply("step", {"id": product_id, "price": price})

    # -- what is true at the moment

    def now(self) -> datetime:
        """The exchange's time."""
        return self.clock.now()

    def new_id(self) -> str:
        """An id from the seed that no order and no trade has, in this life or an earlier one."""
        used = {each.trade_id for order in self.orders.values() for each in order.executions}
        while True:
            made = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
            if made not in self.orders and made not in used:
                return made

    def later(self, moment: datetime, milliseconds: int) -> datetime:
        """``moment`` plus a time with jitter."""
        jitter = self.random.random() * self.knobs.t_jitter_ms
        return moment + timedelta(milliseconds=milliseconds + jitter)

    def by_client_id(self, client_order_id: str) -> list[Order]:
        """Orders with this client id, oldest first."""
        found = [o for o in self.orders.values() if o.client_order_id == client_order_id]
        return sorted(found, key=lambda order: order.created_at)

    def totals(self, now: datetime | None = None) -> dict[str, Decimal]:
        """Balances by currency: as shown at ``now``, or the truth after all that is committed."""
        balances = dict(self.deposits)
        for order in self.orders.values():
            lag = timedelta(seconds=order.balance_lag_s)
            for each in order.executions:
                if now is None or each.at + lag <= now:
                    for currency, change in effects(order, each).items():
                        balances[currency] = MATH.add(balances.get(currency, ZERO), change)
        return balances

    def holds(self, now: datetime) -> dict[str, Decimal]:
        """What open orders hold back, by currency."""
        held: dict[str, Decimal] = {}
        for order in self.orders.values():
            lag = timedelta(seconds=order.balance_lag_s)
            amount = order.outstanding(now - lag) if now - lag >= order.created_at else ZERO
            held[order.spends] = MATH.add(held.get(order.spends, ZERO), amount)
        return held

    def available(self, currency: str) -> Decimal:
        """What a new order may spend, whatever is shown."""
        held = sum((o.outstanding(END) for o in self.orders.values() if o.spends == currency), ZERO)
        return MATH.subtract(self.totals().get(currency, ZERO), held)

    def check(self) -> None:
        """Conservation: no currency below zero; every fill belongs to the order's sums."""
        for currency, amount in self.totals().items():
            if amount < 0:
                msg = f"{currency}: {amount} after all orders"
                raise ConservationBroken(msg)


class ConservationBroken(BaseException):
    """The fake itself is wrong: it must not go on."""
