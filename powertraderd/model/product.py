"""What the exchange allows for one product."""

from dataclasses import dataclass
from decimal import Decimal

from powertraderd.model.candle import Coin


@dataclass(frozen=True, slots=True)
class Product:
    """Increments, size limits and flags; ``None`` for a limit that the exchange does not state.

    ``closed_because`` is empty while market orders are accepted, else names the flag that forbids
    them (trading_disabled, cancel_only, ...).
    """

    product_id: str
    coin: Coin
    base_increment: Decimal
    quote_increment: Decimal
    base_min_size: Decimal
    quote_min_size: Decimal
    base_max_size: Decimal | None
    quote_max_size: Decimal | None
    closed_because: str
