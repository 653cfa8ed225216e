"""Reconciliation: whether the venue holds what the ledger says we own (EXCHANGE.md, rule 5)."""

from collections.abc import Mapping

from powertraderd import log
from powertraderd.errors import TransientExchangeError
from powertraderd.model.candle import Coin
from powertraderd.model.product import Product
from powertraderd.ports import Broker, Heart, Ledger
from powertraderd.settings import BudgetSettings
from powertraderd.strategy import balances
from powertraderd.workers.order_desk import OrderDesk


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
        holdings: balances.Holdings,
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

    def differences(self, products: Mapping[Coin, Product]) -> tuple[str, ...]:
        """Why the books and the venue do not agree, in words; empty when they do.

        ``products``: their increments are what the venue may have rounded away. Compares orders
        first: one that was missed is a difference until it is booked. Raises
        TransientExchangeError when the venue cannot be read, InvariantBroken for doubled orders.
        """
        found = self._desk.compare_orders()
        open_orders = self._ledger.open_orders()
        if open_orders:
            return (
                *found,
                *(
                    f"{record.intent.coin}: order {record.intent.client_order_id} is "
                    f"{record.state.value}, its outcome is not known yet"
                    for record in open_orders
                ),
            )
        with self._heart.phase("broker.balances", self._budgets.read_orders):
            held = self._broker.balances()
        books = self._ledger.books()
        return (*found, *balances.differences(books, held, self._holdings, products))
