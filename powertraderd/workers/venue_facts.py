"""What the venue says about itself and changes rarely: products, flags, our fee, its clock."""

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
    """Read again now and then; unknown until read once. ``_ns``: machine time of the last read."""

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
        self._read_at_ns: int | None = None
        self.products: Mapping[Coin, Product] = {}
        self.products_read_ns: int | None = None
        self.fee_rate: Decimal | None = None
        self.fee_read_ns: int | None = None
        self.clock_skew_s: float | None = None
        self.clock_read_ns: int | None = None

    def refresh(self) -> None:
        """Read when the last read is too old; raises TransientExchangeError, keeping the old.

        Raises CredentialsRejected where the venue does not take our key.
        """
        now_ns = self._clock.monotonic_ns()
        if self._read_at_ns is not None and now_ns - self._read_at_ns < REFRESH_S * NANOSECOND:
            return
        with self._heart.phase("broker.verify_key", self._budget_s):
            self._broker.verify_key()
        with self._heart.phase("broker.products", self._budget_s):
            self.products = self._broker.products(self._coins)
        self.products_read_ns = self._clock.monotonic_ns()
        with self._heart.phase("broker.fee_rate", self._budget_s):
            self.fee_rate = self._broker.fee_rate()
        self.fee_read_ns = self._clock.monotonic_ns()
        with self._heart.phase("broker.clock_skew", self._budget_s):
            self.clock_skew_s = self._broker.clock_skew()
        self.clock_read_ns = self._clock.monotonic_ns()
        self._read_at_ns = now_ns

    def missing(self) -> tuple[str, ...]:
        """Configured coins that the venue does not know, in words."""
        return tuple(
            f"{coin}: the venue has no product for it; take it out of trading.coins"
            for coin in self._coins
            if coin not in self.products
        )
