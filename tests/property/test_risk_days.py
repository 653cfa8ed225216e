"""Days of a whole account: markets, fills, refusals, brakes and restarts against every limit.

A thousand days in `make test`, a hundred thousand in the nightly profile:
`pytest --hypothesis-profile=nightly tests/property/test_risk_days.py`.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from powertraderd.model.candle import Coin
from powertraderd.model.decision import (
    CoinView,
    Decision,
    ReasonCode,
    Standing,
    TradingState,
    VenueAges,
)
from powertraderd.model.money import EXACT, ZERO_USD, Base, Price, Usd, floor_to
from powertraderd.model.order import Fill, OrderIntent, OrderSide
from powertraderd.model.position import Books
from powertraderd.model.quote import Quote
from powertraderd.model.rules import DcaRules, ExitRules, RiskLimits, StrategyRules
from powertraderd.strategy.decide import decide, manual_buy, manual_sell
from powertraderd.strategy.ledgering import book, close_remainder, pay_in, residual
from powertraderd.strategy.orders import intent
from powertraderd.strategy.risk import admit
from powertraderd.strategy.standing import brakes, drawdown_pct, standing
from powertraderd.testing.coin_views import BTC, ETH, FRESH, NOW, a_product, a_signal, coin_view

COINS = (BTC, ETH)
HOUR = timedelta(hours=1)
FEE_RATE = Decimal("0.006")
FINEST = Decimal("1e-16")
SPREAD = Decimal("1.001")
MOST_POSITION, MOST_ORDERS, DAY_LOSS = Decimal(2500), 4, Decimal(150)
POSITION_PCT, EXPOSURE_PCT, DRAWDOWN_PCT = Decimal(30), Decimal(50), Decimal(40)
COOLDOWN_MINUTES = 90
LIMITS = RiskLimits(
    max_position_usd=MOST_POSITION,
    max_position_pct=POSITION_PCT,
    max_exposure_pct=EXPOSURE_PCT,
    max_orders_per_hour=MOST_ORDERS,
    daily_loss_limit_usd=DAY_LOSS,
    max_drawdown_pct=DRAWDOWN_PCT,
    exit_cooldown_minutes=COOLDOWN_MINUTES,
    max_close_distance_pct=None,
    stop_loss_pct=Decimal(35),
)
RULES = StrategyRules(
    dca=DcaRules(cooldown_minutes=30),
    exit=ExitRules(take_profit_pct=Decimal(20)),
    risk=LIMITS,
)
PRODUCTS = {coin: a_product(coin=coin, product_id=f"{coin}-USD") for coin in COINS}
PARTS = st.lists(st.decimals("0.1", "1", places=1), min_size=0, max_size=3)
"""Each fill takes this share of what is left; no fill at all is a refusal or an order lost."""
AGES = st.sampled_from(
    [
        FRESH,
        FRESH,
        FRESH,
        replace(FRESH, account=1801),
        replace(FRESH, clock=None),
        replace(FRESH, skew=9.0),
    ]
)


@dataclass(frozen=True, slots=True)
class Order:
    """What was sent, and when."""

    at: datetime
    side: OrderSide


class Account(RuleBasedStateMachine):
    """Two coins, one account; a restart keeps the ledger and the state file."""

    days = 0
    """Simulated so far, over all runs."""

    def __init__(self) -> None:
        """10,000 dollars, both coins at 100."""
        super().__init__()
        self.now = NOW
        self.bids = dict.fromkeys(COINS, Price(Decimal(100)))
        self.longs = dict.fromkeys(COINS, 3)
        self.books = pay_in(Books(paid_in=ZERO_USD, cash=ZERO_USD), Usd(Decimal(10_000)))
        self.orders: list[Order] = []
        self.exits: dict[Coin, datetime] = {}
        self.realised: list[tuple[datetime, Usd]] = []
        self.bought = dict.fromkeys(COINS, Decimal(0))
        self.sold = dict.fromkeys(COINS, Decimal(0))
        self.owner = TradingState()
        self.peak_gain = ZERO_USD
        self.ages: VenueAges = FRESH

    # What the world does

    @rule(
        days=st.integers(1, 12),
        seed=st.integers(0, 2**32),
        wildness=st.sampled_from([1.0, 3.0, 7.0]),
        drift=st.sampled_from([-1.5, 0.0, 0.5]),
        ages=AGES,
        parts=PARTS,
    )
    def days_go_by(
        self,
        *,
        days: int,
        seed: int,
        wildness: float,
        drift: float,
        ages: VenueAges,
        parts: list[Decimal],
    ) -> None:
        """Six looks a day at a market made from a seed, half of them with facts of some age."""
        dice = random.Random(seed)  # noqa: S311 - a market, no secret
        for look in range(6 * days):
            self.ages = FRESH if look % 2 else ages
            self.now += 4 * HOUR
            for coin in COINS:
                self.move(coin, Decimal(f"{dice.gauss(drift, wildness):.2f}"))
                self.longs[coin] = dice.randrange(8)
            self.tick(parts)
        self.ages = FRESH
        type(self).days += days

    def move(self, coin: Coin, percent: Decimal) -> None:
        """Never through the floor."""
        moved = self.bids[coin] * (1 + max(percent, Decimal(-60)) / 100)
        self.bids[coin] = Price(max(moved.quantize(Decimal("0.0001")), Decimal("0.01")))

    @rule(looks=st.integers(2, 8), percent=st.decimals("-20", "20", places=1), parts=PARTS)
    def a_wild_hour(self, looks: int, percent: Decimal, parts: list[Decimal]) -> None:
        """Many looks at a market that runs away."""
        for _ in range(looks):
            self.now += timedelta(minutes=6)
            for coin in COINS:
                self.move(coin, percent)
            self.tick(parts)

    @rule(
        state=st.sampled_from(
            [
                TradingState(),
                TradingState(),
                TradingState(paused=True),
                TradingState(safe_mode=True),
                TradingState(halted=True),
                TradingState(differences=("BTC: 1 missing",)),
            ]
        )
    )
    def the_owner_speaks(self, state: TradingState) -> None:
        """Reduce, halt, resume; who resumes accepts the loss that halted."""
        if self.owner.halted and not state.halted:
            self.peak_gain = self.gain()
        self.owner = state

    @rule(
        coin=st.sampled_from(COINS),
        usd=st.decimals("1", "4000", places=2),
        share=st.decimals("0.1", "1.2", places=1),
        buys=st.booleans(),
        parts=PARTS,
    )
    def a_person_trades(
        self, *, coin: Coin, usd: Decimal, share: Decimal, buys: bool, parts: list[Decimal]
    ) -> None:
        """Sometimes for more than there is."""
        view = self.view(coin)
        if buys:
            wish = manual_buy(view, RULES, Usd(usd))
        elif coin in self.books.positions:
            wish = manual_sell(view, RULES, Base(self.books.positions[coin].quantity * share))
        else:
            return
        self.act(admit(wish, view, RULES), view, parts)

    @rule()
    def everything_restarts(self) -> None:
        """What is not in the ledger or the state file is gone; nothing here was."""
        kept = self.books, tuple(self.orders), dict(self.exits), self.owner, self.peak_gain
        self.books, orders, self.exits, self.owner, self.peak_gain = kept
        self.orders = list(orders)
        self.ages = replace(FRESH, account=None)  # nothing was compared yet

    # What the trader does

    def tick(self, parts: Sequence[Decimal]) -> None:
        """One cycle over both coins, the drawdown first."""
        self.peak_gain = max(self.peak_gain, self.gain())
        fallen = drawdown_pct(self.value(), self.books.paid_in, self.peak_gain)
        if fallen > DRAWDOWN_PCT and not self.owner.halted:
            event("halted by the drawdown")
            self.owner = replace(self.owner, halted=True)
        for coin in COINS:
            view = self.view(coin)
            decision = admit(decide(view, RULES), view, RULES)
            self.keep_trail(coin, decision)
            if decision.reason_code is ReasonCode.DUST:
                self.books, lost = close_remainder(self.books, coin)
                self.realised.append((self.now, lost))
                self.exits[coin] = self.now
                continue
            self.act(decision, view, parts)

    def view(self, coin: Coin) -> CoinView:
        """What the trader knows of a coin."""
        bid, position = self.bids[coin], self.books.positions.get(coin)
        return coin_view(
            position,
            coin=coin,
            now=self.now,
            product=PRODUCTS[coin],
            quote=Quote(coin, bid, Price(bid * SPREAD), self.now),
            signal=a_signal(
                coin=coin, made_at=self.now, trained_at=self.now, long_count=self.longs[coin]
            ),
            books=self.books,
            account_value=self.value(),
            exposure=self.exposure(),
            fee_rate=FEE_RATE,
            orders_last_hour=self.orders_within(HOUR),
            last_exit_at=self.exits.get(coin),
            last_close=bid,
            last_close_at=self.now,
            realised_today=self.lost_today(),
            trading=self.owner,
            ages=self.ages,
        )

    def act(self, decision: Decision, view: CoinView, parts: Sequence[Decimal]) -> None:
        """Check the order against every promise, then fill it as the market likes."""
        event(f"{decision.action} {decision.reason_code}")
        if decision.quote_size is None and decision.base_size is None:
            return
        order = intent(decision, f"c-{len(self.orders)}", PRODUCTS[decision.coin])
        assert self.state() is not Standing.HALTED
        if order.side is OrderSide.BUY:
            self.check_buy(order, view)
        else:
            assert (order.base_size or 0) <= self.books.positions[order.coin].quantity
        self.orders.append(Order(self.now, order.side))
        left = order.quote_size or order.base_size or Decimal(0)
        for number, part in enumerate(parts):
            taken = floor_to(left * part, Decimal("1e-8"))
            left -= taken
            if taken and (order.side is OrderSide.BUY or order.coin in self.books.positions):
                self.fill(order, taken, first=number == 0)

    def check_buy(self, order: OrderIntent, view: CoinView) -> None:
        """Each limit, worked out here once more and not by the code under test."""
        size = order.quote_size
        assert size is not None
        assert self.state() is Standing.ACTIVE
        held = view.position.quantity * self.bids[order.coin] if view.position else Decimal(0)
        assert size <= self.books.cash
        assert held + size <= MOST_POSITION
        assert (held + size) * 100 <= POSITION_PCT * self.value()
        assert (self.exposure() + size) * 100 <= EXPOSURE_PCT * self.value()
        assert self.orders_within(HOUR) < MOST_ORDERS
        assert self.lost_today() > -DAY_LOSS
        assert self.ages == FRESH
        left_at = self.exits.get(order.coin)
        if left_at is not None and view.position is None and order.reason_code == "long_signal":
            assert self.now - left_at >= timedelta(minutes=COOLDOWN_MINUTES)

    def fill(self, order: OrderIntent, taken: Decimal, *, first: bool) -> None:
        """One fill: of dollars with the fee inside for a buy, of coins for a sell."""
        buying, coin = order.side is OrderSide.BUY, order.coin
        price = Price(self.bids[coin] * SPREAD) if buying else self.bids[coin]
        value = floor_to(taken / (1 + FEE_RATE), FINEST) if buying else taken * price
        quantity = floor_to(value / price, FINEST) if buying else taken
        if not quantity:
            return
        fill = Fill(
            trade_id="t",
            order_id="o",
            client_order_id=order.client_order_id,
            coin=coin,
            side=order.side,
            quantity=Base(quantity),
            price=price,
            value=Usd(value),
            fee=Usd(floor_to(value * FEE_RATE, FINEST)),
            at=self.now,
        )
        self.books, realised = book(self.books, fill, order.tag, first_of_order=first)
        (self.bought if buying else self.sold)[coin] += quantity
        if realised is not None:
            self.realised.append((self.now, realised))
        if not buying and coin not in self.books.positions:
            self.exits[coin] = self.now

    def keep_trail(self, coin: Coin, decision: Decision) -> None:
        """As the trader does before it acts."""
        position = self.books.positions.get(coin)
        if position is not None and decision.trail is not None:
            kept = replace(position, trail=decision.trail)
            self.books = replace(self.books, positions={**self.books.positions, coin: kept})

    # Figures, worked out anew

    def state(self) -> Standing:
        """What trading may do."""
        return standing(self.owner, brakes(self.lost_today(), self.ages, LIMITS))

    def exposure(self) -> Usd:
        """All positions at the bid."""
        held = self.books.positions.items()
        return Usd(sum((each.quantity * self.bids[coin] for coin, each in held), Decimal(0)))

    def value(self) -> Usd:
        """Cash and positions."""
        return Usd(EXACT.add(self.books.cash, self.exposure()))

    def gain(self) -> Usd:
        """Above what was paid in."""
        return Usd(EXACT.subtract(self.value(), self.books.paid_in))

    def lost_today(self) -> Usd:
        """Realised since midnight."""
        midnight = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        return Usd(sum((each for at, each in self.realised if at >= midnight), Decimal(0)))

    def orders_within(self, span: timedelta) -> int:
        """Orders sent within ``span`` before now."""
        return sum(self.now - order.at < span for order in self.orders[-20:])

    # What always holds

    @invariant()
    def the_books_add_up(self) -> None:
        """Money and coins to the last digit; never more sold than bought, nothing overdrawn."""
        assert residual(self.books) == 0
        assert self.books.cash >= 0
        for coin in COINS:
            position = self.books.positions.get(coin)
            held = position.quantity if position else Decimal(0)
            dust = self.books.dust.get(coin, Decimal(0))
            assert self.bought[coin] - self.sold[coin] == held + dust
            assert self.sold[coin] <= self.bought[coin]


MOST_ROUNDS = 20
NIGHTLY = settings.get_current_profile_name() == "nightly"
Account.TestCase.settings = settings(max_examples=2_000 if NIGHTLY else 20, stateful_step_count=60)


class TestAccount(Account.TestCase):  # type: ignore[misc,valid-type]  # made by hypothesis
    """Ends only after so many days."""

    def runTest(self) -> None:  # noqa: N802 - the name that unittest calls
        """All examples, again and again until there are so many days."""
        wanted = 100_000 if NIGHTLY else 1_000
        for _ in range(MOST_ROUNDS):
            super().runTest()
            if Account.days >= wanted:
                break
        print(f"{Account.days} days simulated")  # noqa: T201 - shown by pytest -s
        assert Account.days >= wanted, Account.days
