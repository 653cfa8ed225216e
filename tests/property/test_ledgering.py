"""The books after any history of fills, dust and payments."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from powertraderd.model.candle import Coin
from powertraderd.model.money import Base, Usd
from powertraderd.model.order import Fill, OrderSide, Tag
from powertraderd.model.position import Books
from powertraderd.strategy.ledgering import book, close_remainder, pay_in, residual
from powertraderd.testing.coin_views import BTC, ETH, a_fill

COINS = st.sampled_from([BTC, ETH])
QUANTITIES = st.decimals("1e-16", "1e6", places=16)
VALUES = st.decimals("0", "1e9", places=18)
FEES = st.decimals("-1", "1e6", places=18)
FILLS = st.lists(st.tuples(QUANTITIES, VALUES, FEES), min_size=1, max_size=4)
SHARES = st.lists(st.decimals("0.001", "1", places=3), min_size=1, max_size=3)


def a_fill_of(coin: Coin, side: OrderSide, quantity: Decimal, value: Decimal, fee: Decimal) -> Fill:
    """A fill as an exchange might report it: the value need not be quantity times price."""
    return replace(
        a_fill(side, "1", "1"),
        coin=coin,
        quantity=Base(quantity),
        value=Usd(value),
        fee=Usd(fee),
    )


class LedgeringMachine(RuleBasedStateMachine):
    """Orders of several fills, beside an account of the same history in exact fractions."""

    def __init__(self) -> None:
        """Start with empty books."""
        super().__init__()
        self.books = Books(paid_in=Usd(Decimal(0)), cash=Usd(Decimal(0)))
        self.cash = Fraction(0)
        self.paid_in = Fraction(0)
        self.realised = Fraction(0)
        self.coins = {BTC: Fraction(0), ETH: Fraction(0)}
        self.stages = {BTC: 0, ETH: 0}

    @rule(amount=st.decimals("-1e9", "1e9", places=18))
    def pay_in(self, amount: Decimal) -> None:
        """Cash is handed over or taken back."""
        self.books = pay_in(self.books, Usd(amount))
        self.cash += Fraction(amount)
        self.paid_in += Fraction(amount)

    @rule(coin=COINS, fills=FILLS, tag=st.sampled_from([Tag.ENTRY, Tag.DCA, Tag.MANUAL_BUY]))
    def buy(self, coin: Coin, fills: list[tuple[Decimal, Decimal, Decimal]], tag: Tag) -> None:
        """One buy order in several fills."""
        held = coin in self.books.positions
        self.stages[coin] = self.stages[coin] + (tag is Tag.DCA) if held else 0
        for number, (quantity, value, fee) in enumerate(fills):
            fill = a_fill_of(coin, OrderSide.BUY, quantity, value, fee)
            self.books, profit = book(self.books, fill, tag, first_of_order=number == 0)
            assert profit is None
            self.cash -= Fraction(value) + Fraction(fee)
            self.coins[coin] += Fraction(quantity)

    @precondition(lambda self: self.books.positions)
    @rule(data=st.data(), shares=SHARES, values=st.lists(VALUES, min_size=3, max_size=3), fee=FEES)
    def sell(
        self, data: st.DataObject, shares: list[Decimal], values: list[Decimal], fee: Decimal
    ) -> None:
        """One sell order in several fills, each a share of what is left; 1 sells all of it."""
        coin = data.draw(st.sampled_from(sorted(self.books.positions)))
        for number, share in enumerate(shares):
            position = self.books.positions.get(coin)
            if position is None:
                return
            quantity = position.quantity if share == 1 else position.quantity * share
            fill = a_fill_of(coin, OrderSide.SELL, quantity, values[number], fee)
            self.books, profit = book(self.books, fill, Tag.MANUAL_SELL, first_of_order=number == 0)
            assert profit is not None
            self.realised += Fraction(profit)
            self.cash += Fraction(values[number]) - Fraction(fee)
            self.coins[coin] -= Fraction(quantity)

    @precondition(lambda self: self.books.positions)
    @rule(data=st.data())
    def become_dust(self, data: st.DataObject) -> None:
        """The rest of a position is closed."""
        coin = data.draw(st.sampled_from(sorted(self.books.positions)))
        self.books, loss = close_remainder(self.books, coin)
        self.realised += Fraction(loss)

    @invariant()
    def nothing_is_missing(self) -> None:
        """The identity holds to the last digit."""
        assert residual(self.books) == 0

    @invariant()
    def cash_and_coins_are_those_of_the_fills(self) -> None:
        """What came and went, in exact fractions; dust is still there."""
        assert Fraction(self.books.cash) == self.cash
        assert Fraction(self.books.realised) == self.realised
        for coin, quantity in self.coins.items():
            position = self.books.positions.get(coin)
            held = Fraction(position.quantity) if position else Fraction(0)
            assert held + Fraction(self.books.dust.get(coin, Decimal(0))) == quantity

    @invariant()
    def positions_make_sense(self) -> None:
        """Something is held, its cost is not negative, and stages are counted per order."""
        for coin, position in self.books.positions.items():
            assert position.quantity > 0
            assert position.cost >= 0
            assert position.stage == self.stages[coin] == len(position.dca_bought_at)

    @invariant()
    def without_positions_profit_is_the_difference_in_cash(self) -> None:
        """Nothing is hidden in the books once everything is sold."""
        if not self.books.positions:
            assert self.cash - self.paid_in == self.realised


TestLedgering = LedgeringMachine.TestCase
TestLedgering.settings = settings(deadline=None, max_examples=60, stateful_step_count=25)
