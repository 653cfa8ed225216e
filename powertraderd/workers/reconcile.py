"""Reconciliation: whether the venue holds what the ledger says we own (EXCHANGE.md, rule 5)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from powertraderd import log
from powertraderd.errors import TransientExchangeError
from powertraderd.model.candle import Coin
from powertraderd.model.money import plain
from powertraderd.model.position import Books
from powertraderd.ports import Broker, Heart, Ledger
from powertraderd.settings import BudgetSettings
from powertraderd.workers.order_desk import OrderDesk

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Holdings:
    """What belongs to whom: on a shared account more than the ledger's may lie beside it."""

    quote: str
    coins: tuple[Coin, ...]
    shared: bool


class Reconciler:
    """Brings orders that are not final to their end, then compares balances with the books."""

    def __init__(
        self,
        *,
        desk: OrderDesk,
        broker: Broker,
        ledger: Ledger,
        heart: Heart,
        budgets: BudgetSettings,
        holdings: Holdings,
    ) -> None:
        """Work on these ports."""
        self._desk = desk
        self._broker = broker
        self._ledger = ledger
        self._heart = heart
        self._budgets = budgets
        self._holdings = holdings
        self._log = log.get(__name__)

    def advance_orders(self) -> None:
        """Look once at every order that is not final; one that cannot be read stops no other."""
        for record in self._ledger.open_orders():
            try:
                self._desk.advance(record)
            except TransientExchangeError as error:
                self._log.warning(
                    "order_read_failed",
                    coin=record.intent.coin,
                    client_order_id=record.intent.client_order_id,
                    error=str(error),
                )

    def differences(self) -> tuple[str, ...]:
        """Why the books and the venue do not agree, in words; empty when they do.

        Compares orders first: one that was missed is a difference until it is booked. Raises
        TransientExchangeError when the venue cannot be read, InvariantBroken for doubled orders.
        """
        self._desk.compare_orders()
        open_orders = self._ledger.open_orders()
        if open_orders:
            return tuple(
                f"{record.intent.coin}: order {record.intent.client_order_id} is "
                f"{record.state.value}, its outcome is not known yet"
                for record in open_orders
            )
        with self._heart.phase("broker.balances", self._budgets.read_orders):
            balances = self._broker.balances()
        return tuple(_compare(self._ledger.books(), balances, self._holdings))


def _compare(books: Books, balances: Mapping[str, Decimal], holdings: Holdings) -> Iterator[str]:
    """Less than the ledger's is always a difference, more only where nobody else trades."""
    for currency, expected in _expected(books, holdings).items():
        held = balances.get(currency, ZERO)
        if held == expected or (held > expected and holdings.shared):
            continue
        word = "missing" if held < expected else "too much"
        yield (
            f"{currency}: the venue holds {plain(held)}, the ledger says {plain(expected)}: "
            f"{plain(abs(held - expected))} {word}"
        )


def _expected(books: Books, holdings: Holdings) -> dict[str, Decimal]:
    expected: dict[str, Decimal] = {holdings.quote: books.cash}
    for coin in {*holdings.coins, *books.positions, *books.dust}:
        position = books.positions.get(coin)
        held: Decimal = position.quantity if position else ZERO
        expected[coin] = held + books.dust.get(coin, ZERO)
    return expected
