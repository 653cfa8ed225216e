"""The whole money core over random markets: view, decide, admit, intent, fills, books."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from powertraderd.model.decision import CoinView, Decision, ReasonCode, TradingState
from powertraderd.model.money import Base, Price, Usd, floor_to
from powertraderd.model.order import Fill, OrderIntent, OrderSide, Tag
from powertraderd.model.position import Books
from powertraderd.model.quote import Quote
from powertraderd.model.rules import DcaRules, RiskLimits, StrategyRules
from powertraderd.strategy.decide import decide, manual_buy, manual_sell
from powertraderd.strategy.ledgering import book, close_remainder, pay_in, residual
from powertraderd.strategy.orders import intent
from powertraderd.strategy.risk import admit
from powertraderd.testing.coin_views import BTC, NOW, a_product, a_signal, coin_view

PRODUCT = a_product()
FEE_RATE = Decimal("0.006")
FINEST = Decimal("1e-16")
SPREAD = Decimal("1.001")
RULES = StrategyRules(
    dca=DcaRules(max_per_24h=2, cooldown_minutes=30),
    risk=RiskLimits(max_position_usd=Decimal(3000), max_orders_per_hour=4),
)
PARTS = st.lists(st.decimals("0.1", "1", places=1), min_size=0, max_size=3)
"""How an order is filled: each fill takes this share of what is left; what then is left over is
cancelled. No fill at all is an order that the exchange refused."""


class TradingMachine(RuleBasedStateMachine):
    """One coin, one account, an exchange that fills orders in pieces or not at all."""

    def __init__(self) -> None:
        """10,000 dollars and a price of 100."""
        super().__init__()
        self.now: datetime = NOW
        self.bid = Price(Decimal(100))
        self.state = TradingState()
        self.long_count = 3
        self.books = pay_in(
            Books(paid_in=Usd(Decimal(0)), cash=Usd(Decimal(0))), Usd(Decimal(10_000))
        )
        self.orders: list[tuple[datetime, OrderSide]] = []
        self.dca_orders: list[datetime] = []
        self.bought = Decimal(0)
        self.sold = Decimal(0)

    def view(self, *, order_in_flight: bool = False) -> CoinView:
        """What the trader would know."""
        position = self.books.positions.get(BTC)
        value = Usd(Decimal(0) if position is None else position.quantity * self.bid)
        return coin_view(
            position,
            now=self.now,
            quote=Quote(BTC, self.bid, Price(self.bid * SPREAD), self.now),
            signal=a_signal(made_at=self.now, trained_at=self.now, long_count=self.long_count),
            books=self.books,
            account_value=Usd(self.books.cash + value),
            exposure=value,
            orders_last_hour=sum(self.now - at < timedelta(hours=1) for at, _ in self.orders),
            last_close=self.bid,
            order_in_flight=order_in_flight,
            trading=self.state,
        )

    @rule(
        state=st.sampled_from(
            [
                TradingState(),
                TradingState(paused=True),
                TradingState(safe_mode=True),
                TradingState(halted=True),
                TradingState(differences=("BTC",)),
            ]
        )
    )
    def owner_speaks(self, state: TradingState) -> None:
        """Pause, resume, halt, or a difference."""
        self.state = state

    @rule(
        moves=st.lists(st.decimals("-12", "12", places=2), min_size=1, max_size=4),
        minutes=st.integers(1, 600),
        long_count=st.integers(0, 7),
        parts=PARTS,
    )
    def cycles(
        self, moves: list[Decimal], minutes: int, long_count: int, parts: list[Decimal]
    ) -> None:
        """The market moves, the thinker speaks, the trader runs a cycle; some times over."""
        self.long_count = long_count
        for percent in moves:
            self.bid = Price((self.bid * (1 + percent / 100)).quantize(Decimal("0.0001")))
            self.now += timedelta(minutes=minutes)
            self.trade(parts)

    def trade(self, parts: list[Decimal]) -> None:
        """One cycle of the trader."""
        view = self.view()
        decision = admit(decide(view, RULES), view, RULES)
        self.keep_trail(decision)
        if decision.reason_code is ReasonCode.DUST:
            self.write_off()
        self.act(decision, view, parts)

    @rule(size=st.decimals("1", "4000", places=2), parts=PARTS)
    def person_buys(self, size: Decimal, parts: list[Decimal]) -> None:
        """A person says: ptctl buy."""
        view = self.view()
        self.act(admit(manual_buy(view, RULES, Usd(size)), view, RULES), view, parts)

    @precondition(lambda self: BTC in self.books.positions)
    @rule(share=st.decimals("0.1", "1.2", places=1), parts=PARTS)
    def person_sells(self, share: Decimal, parts: list[Decimal]) -> None:
        """A person says: ptctl sell, sometimes more than there is."""
        view = self.view()
        size = Base(self.books.positions[BTC].quantity * share)
        self.act(admit(manual_sell(view, RULES, size), view, RULES), view, parts)

    def act(self, decision: Decision, view: CoinView, parts: list[Decimal]) -> None:
        """Check the order against the promises, then let the exchange fill it."""
        event(f"{decision.action} {decision.reason_code}")
        if decision.quote_size is None and decision.base_size is None:
            return
        order = intent(decision, f"c-{len(self.orders)}", PRODUCT)
        assert not self.state.halted
        if order.side is OrderSide.BUY:
            self.check_buy(order, view)
        self.orders.append((self.now, order.side))
        whole = order.quote_size if order.side is OrderSide.BUY else order.base_size
        left = whole or Decimal(0)
        for number, part in enumerate(parts):
            taken = floor_to(left * part, Decimal("1e-8"))
            left -= taken
            if taken:
                self.fill(order, taken, first=number == 0)
                self.keep_trail(decide(self.view(order_in_flight=True), RULES))

    def check_buy(self, order: OrderIntent, view: CoinView) -> None:
        """Within cash, caps and the pace that the rules allow."""
        assert order.quote_size is not None
        assert order.quote_size <= self.books.cash
        held = view.position.quantity * self.bid if view.position else Decimal(0)
        assert held + order.quote_size <= Decimal(3000)
        assert sum(self.now - at < timedelta(hours=1) for at, _ in self.orders) < 4
        if order.tag is not Tag.MANUAL_BUY:
            assert self.state == TradingState()
        if order.tag is Tag.DCA:
            assert not any(self.now - at < timedelta(minutes=30) for at in self.dca_orders)
            assert sum(self.now - at < timedelta(hours=24) for at in self.dca_orders) < 2

    def fill(self, order: OrderIntent, taken: Decimal, *, first: bool) -> None:
        """One fill: of dollars with the fee inside for a buy, of coins for a sell."""
        buying = order.side is OrderSide.BUY
        price = Price(self.bid * SPREAD) if buying else self.bid
        value = floor_to(taken / (1 + FEE_RATE), FINEST) if buying else taken * price
        quantity = floor_to(value / price, FINEST) if buying else taken
        fill = Fill(
            trade_id="t",
            order_id="o",
            client_order_id=order.client_order_id,
            coin=order.coin,
            side=order.side,
            quantity=Base(quantity),
            price=price,
            value=Usd(value),
            fee=Usd(floor_to(value * FEE_RATE, FINEST)),
            at=self.now,
        )
        self.books, _ = book(self.books, fill, order.tag, first_of_order=first)
        if buying:
            self.bought += quantity
        else:
            self.sold += quantity
        if order.tag is Tag.DCA and first:
            self.dca_orders.append(self.now)
        if BTC not in self.books.positions:
            self.dca_orders = []

    def keep_trail(self, decision: Decision) -> None:
        """What the trader saves before it acts."""
        position = self.books.positions.get(BTC)
        if position is not None and decision.trail is not None:
            kept = replace(position, trail=decision.trail)
            self.books = replace(self.books, positions={BTC: kept})

    def write_off(self) -> None:
        """The trader closes what can no longer be sold."""
        assert self.books.positions[BTC].quantity < PRODUCT.base_min_size
        self.books, _ = close_remainder(self.books, BTC)
        self.dca_orders = []

    @invariant()
    def nothing_is_missing(self) -> None:
        """Money to the last digit, coins to the last digit."""
        assert residual(self.books) == 0
        position = self.books.positions.get(BTC)
        held = position.quantity if position else Decimal(0)
        assert self.bought - self.sold == held + self.books.dust.get(BTC, Decimal(0))

    @invariant()
    def nothing_is_overdrawn(self) -> None:
        """Never more sold than bought, never more spent than there was."""
        assert self.sold <= self.bought
        assert self.books.cash >= 0


TestTrading = TradingMachine.TestCase
TestTrading.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)
