"""What the venue says about itself and changes rarely: products, their flags, our fee, our key.

What was read too long ago is unknown again: nobody trades by flags of an hour ago.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from powertraderd.clock import NANOSECOND, Clock
from powertraderd.model.candle import Coin
from powertraderd.model.product import Product
from powertraderd.ports import Broker, Heart
from powertraderd.settings import BudgetSettings

REFRESH_S = 300.0
"""Machine seconds between two reads."""
OBJECTION_REFRESH_S = 20.0
"""The same, while the venue objects to us."""
STALE_S = 900.0
"""Machine seconds after which products and fee are unknown again."""


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
        self._products: Mapping[Coin, Product] = {}
        self._fee_rate: Decimal | None = None
        self._objections: tuple[str, ...] = ()

    @property
    def products(self) -> Mapping[Coin, Product]:
        """Products by coin; none while the last read is too old."""
        return self._products if self._younger_than(STALE_S) else {}

    @property
    def fee_rate(self) -> Decimal | None:
        """The taker fee as a fraction; None while the last read is too old."""
        return self._fee_rate if self._younger_than(STALE_S) else None

    def refresh(self) -> None:
        """Read when the last read is too old; raises TransientExchangeError, keeping the old.

        Raises CredentialsRejected where the venue does not take our key.
        """
        if self._younger_than(OBJECTION_REFRESH_S if self._objections else REFRESH_S):
            return
        with self._heart.phase("broker.objections", self._budget_s):
            objections = self._broker.objections()
        with self._heart.phase("broker.products", self._budget_s):
            products = self._broker.products(self._coins)
        with self._heart.phase("broker.fee_rate", self._budget_s):
            self._fee_rate = self._broker.fee_rate()
        self._products, self._objections = products, objections
        self.read_at_ns = self._clock.monotonic_ns()

    def objections(self) -> tuple[str, ...]:
        """Why nothing may be bought, in words: the venue's, and coins that it does not know."""
        missing = tuple(
            f"{coin}: the venue has no product for it; take it out of trading.coins"
            for coin in self._coins
            if coin not in self._products
        )
        return (*self._objections, *missing)

    def _younger_than(self, seconds: float) -> bool:
        if self.read_at_ns is None:
            return False
        return self._clock.monotonic_ns() - self.read_at_ns < seconds * NANOSECOND
