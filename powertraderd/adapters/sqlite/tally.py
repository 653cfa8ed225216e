"""The books, kept twice: by the bookkeeper's rules, and as a running cash figure of fills alone."""

from dataclasses import dataclass, replace
from decimal import Decimal

from powertraderd.errors import InvariantBroken
from powertraderd.model.candle import Coin
from powertraderd.model.money import EXACT, ZERO_USD, Usd, plain
from powertraderd.model.order import Fill, OrderSide, Tag
from powertraderd.model.position import Books
from powertraderd.ports import Bookkeeper

EMPTY_BOOKS = Books(paid_in=ZERO_USD, cash=ZERO_USD)


@dataclass(slots=True)
class Tally:
    """``bookings`` counts what was booked; it numbers the rows of the ledger."""

    keeper: Bookkeeper
    books: Books = EMPTY_BOOKS
    cash: Usd = ZERO_USD
    bookings: int = 0

    def pay_in(self, amount: Usd) -> None:
        """Cash handed over, or taken back when negative."""
        self.books = self.keeper.pay_in(self.books, amount)
        self._move_cash(amount)

    def book(self, fill: Fill, tag: Tag, *, first_of_order: bool) -> Usd | None:
        """One fill; returns the realised profit of a sell."""
        self.books, realised = self.keeper.book(
            self.books, fill, tag, first_of_order=first_of_order
        )
        value = fill.value if fill.side is OrderSide.SELL else -fill.value
        self._move_cash(EXACT.subtract(value, fill.fee))
        return realised

    def close_remainder(self, coin: Coin) -> Usd:
        """A rest that cannot be sold; returns the loss."""
        self.books, realised = self.keeper.close_remainder(self.books, coin)
        self._move_cash(ZERO_USD)
        return realised

    def _move_cash(self, amount: Decimal) -> None:
        self.cash = Usd(EXACT.add(self.cash, amount))
        self.bookings += 1

    def check(self) -> None:
        """Raises InvariantBroken unless both ways agree and the identity holds."""
        residual = self.keeper.residual(replace(self.books, cash=self.cash))
        if residual or self.books.cash != self.cash:
            msg = (
                f"the books do not add up at booking {self.bookings}: residual {plain(residual)}, "
                f"cash {plain(self.books.cash)} by the rules, {plain(self.cash)} by the fills"
            )
            raise InvariantBroken(msg)
