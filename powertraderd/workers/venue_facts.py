"""What the venue says about itself and changes rarely: products, their flags, our fee."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from powertraderd.clock import NANOSECOND, Clock
from powertraderd.model.candle import Coin
from powertraderd.model.product import Product
from powertraderd.ports import Broker, Heart
from powertraderd.settings import BudgetSettings

REFRESH_S = 300.0
"""Machine seconds between two reads."""


class VenueFacts:
    """Products and fee rate, read again now and then; unknown until they were read once."""

    def __init__(
        self,
        *,
        broker: Broker,
        clock: Clock,
        heart: Heart,
        budgets: BudgetSettings,
        coins: Sequence[Coin],
    ) -> None:
        """Nothing is read yet."""
        self._broker = broker
        self._clock = clock
        self._heart = heart
        self._budget_s = budgets.read_orders
        self._coins = tuple(coins)
        self.read_at_ns: int | None = None
        self.products: Mapping[Coin, Product] = {}
        self.fee_rate: Decimal | None = None

    def refresh(self) -> None:
        """Read when the last read is too old; raises TransientExchangeError, keeping the old."""
        now_ns = self._clock.monotonic_ns()
        if self.read_at_ns is not None and now_ns - self.read_at_ns < REFRESH_S * NANOSECOND:
            return
        with self._heart.phase("broker.products", self._budget_s):
            products = self._broker.products(self._coins)
        with self._heart.phase("broker.fee_rate", self._budget_s):
            fee_rate = self._broker.fee_rate()
        self.products, self.fee_rate, self.read_at_ns = products, fee_rate, now_ns

    def missing(self) -> tuple[str, ...]:
        """Configured coins that the venue does not know, in words."""
        return tuple(
            f"{coin}: the venue has no product for it; take it out of trading.coins"
            for coin in self._coins
            if coin not in self.products
        )
