"""A broker behind a bad line: answers get lost, orders show up late, reads fail."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from powertraderd.clock import Clock
from powertraderd.errors import AmbiguousOrder, TransientExchangeError
from powertraderd.model.candle import Coin
from powertraderd.model.order import Fill, OrderIntent, OrderReport, Placement, Refused
from powertraderd.model.product import Product
from powertraderd.model.quote import Quote
from powertraderd.ports import Broker


class Fault(StrEnum):
    """What happens to one placement."""

    REQUEST_LOST = "REQUEST_LOST"
    """The order never arrives, and nobody says so."""
    ANSWER_LOST = "ANSWER_LOST"
    """The order is taken, and nobody says so."""
    REFUSED = "REFUSED"
    """The order is not taken, and the venue says so."""
    ANSWER_GARBLED = "ANSWER_GARBLED"
    """The order is taken, and the answer cannot be read."""


class FaultyBroker:
    """Broker in front of another one; ``faults`` are used up by placements, one each.

    Orders and fills stay invisible for ``lag`` of market time after the placement, as with
    venues whose lists trail their matching. The next ``failing_reads`` reads of orders or fills
    raise TransientExchangeError.
    """

    def __init__(self, inner: Broker, clock: Clock, *, faults: Sequence[Fault | None] = ()) -> None:
        """Pass everything on to ``inner`` unless a fault says otherwise."""
        self._inner = inner
        self._clock = clock
        self.faults = list(faults)
        self.lag = timedelta(0)
        self.failing_reads = 0
        self.skew: float | None = None
        self.asked: list[OrderIntent] = []

    def place(self, intent: OrderIntent) -> Placement:
        """Place through the next fault."""
        self.asked.append(intent)
        match self.faults.pop(0) if self.faults else None:
            case Fault.REQUEST_LOST:
                raise AmbiguousOrder("the connection was reset")
            case Fault.ANSWER_LOST:
                self._inner.place(intent)
                raise AmbiguousOrder("the connection was reset")
            case Fault.ANSWER_GARBLED:
                self._inner.place(intent)
                raise TransientExchangeError("the answer was no JSON")
            case Fault.REFUSED:
                return Refused("INSUFFICIENT_FUND", "not enough cash")
        return self._inner.place(intent)

    def order(self, order_id: str) -> OrderReport | None:
        """The order once it is visible."""
        self._read()
        report = self._inner.order(order_id)
        return report if report is not None and self._visible(report.created_at) else None

    def orders_since(self, product_id: str, start: datetime) -> tuple[OrderReport, ...]:
        """The orders that are visible."""
        self._read()
        reports = self._inner.orders_since(product_id, start)
        return tuple(report for report in reports if self._visible(report.created_at))

    def fills(self, order_id: str) -> tuple[Fill, ...]:
        """The fills that are visible."""
        self._read()
        return tuple(fill for fill in self._inner.fills(order_id) if self._visible(fill.at))

    def quotes(self, coins: Sequence[Coin]) -> Mapping[Coin, Quote]:
        """As the inner broker says."""
        return self._inner.quotes(coins)

    def verify_key(self) -> None:
        """As the inner broker says."""
        self._inner.verify_key()

    def products(self, coins: Sequence[Coin]) -> Mapping[Coin, Product]:
        """As the inner broker says."""
        return self._inner.products(coins)

    def balances(self) -> Mapping[str, Decimal]:
        """As the inner broker says."""
        return self._inner.balances()

    def fee_rate(self) -> Decimal:
        """As the inner broker says."""
        return self._inner.fee_rate()

    def clock_skew(self) -> float:
        """What the test says; None: as the inner broker does."""
        return self._inner.clock_skew() if self.skew is None else self.skew

    def _visible(self, since: datetime) -> bool:
        return self._clock.now() - since >= self.lag

    def _read(self) -> None:
        if self.failing_reads:
            self.failing_reads -= 1
            raise TransientExchangeError("the venue is down")
