"""Asking the exchange about a key: before it is accepted, and when somebody wants to know."""

from collections.abc import Sequence
from dataclasses import dataclass

from powertraderd.adapters.coinbase.broker import CoinbaseBroker
from powertraderd.adapters.coinbase.client import CoinbaseClient
from powertraderd.clock import RealClock
from powertraderd.errors import TransientExchangeError
from powertraderd.model.api_key import ApiKey
from powertraderd.model.candle import Coin
from powertraderd.settings import Settings

_ROUNDS = 2
"""A key counts as refused after five refusals; one round of tries makes four."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The exchange takes the key for viewing and trading; its clock less ours, seconds."""

    clock_skew_s: float


def broker(settings: Settings, key: ApiKey, coins: Sequence[Coin] = ()) -> CoinbaseBroker:
    """The exchange behind ``key``, for questions of a person: a refusal is believed at once.

    It knows the products of the settings and of ``coins``.
    """
    exchange = settings.exchange.model_copy(update={"rejected_after_seconds": 0.0})
    clock = RealClock()
    return CoinbaseBroker(
        CoinbaseClient(key, exchange, clock),
        clock,
        exchange,
        settings.supervisor.budgets,
        quote=settings.trading.quote,
        coins=(*settings.trading.coins, *coins),
    )


def check(settings: Settings, key: ApiKey) -> Accepted:
    """Whether the exchange takes ``key``.

    Raises CredentialsRejected where it does not, or where the key may do too little or too much;
    TransientExchangeError where it cannot be asked.
    """
    exchange = broker(settings, key)
    try:
        verified(exchange)
        return Accepted(exchange.clock_skew())
    finally:
        exchange.close()


def verified(exchange: CoinbaseBroker) -> None:
    """Ask until the exchange's word on the key is definite. Raises like `check`."""
    for last in range(1, _ROUNDS + 1):
        try:
            exchange.verify_key()
        except TransientExchangeError:
            if last == _ROUNDS:
                raise
        else:
            return
