"""One look at one coin, the daemon's decision, and what becomes of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from powertraderd.backtest.book import Book, value_of
from powertraderd.backtest.plan import Plan
from powertraderd.model.candle import Coin
from powertraderd.model.decision import Action, CoinView, Decision, TradingState, VenueAges
from powertraderd.model.money import Price
from powertraderd.model.quote import Quote
from powertraderd.model.signal import Signal
from powertraderd.strategy import decide, risk

ORDERS = frozenset({Action.ENTRY, Action.DCA, Action.TRAIL_SELL})
_TURNED_DOWN = frozenset({Action.SKIP, Action.DCA_SKIP})
_NEVER_OLD = VenueAges(account=0, products=0, fee=0, clock=0, skew=0)


@dataclass(frozen=True, slots=True)
class Look:
    """What is known about ``coin`` at ``now``; ``bids``: of all coins that are held."""

    coin: Coin
    now: datetime
    quote: Quote
    signal: Signal | None
    bids: Mapping[Coin, Decimal]
    last_close: Price | None
    last_close_at: datetime | None
    trading: TradingState


@dataclass(frozen=True, slots=True)
class Execution:
    """At which price and when an order is filled."""

    quote: Quote
    at: datetime


class Desk:
    """Decides as the trader does, and keeps a book instead of an exchange."""

    def __init__(self, plan: Plan) -> None:
        """Nothing is held yet."""
        self._plan = plan
        self.book = Book(plan.quote, plan.cash, plan.fee_rate)
        self.decisions: list[Decision] = []
        self.refusals: Counter[str] = Counter()
        self._newest: dict[Coin, Decision] = {}

    def look(self, look: Look, execution: Execution | None = None) -> bool:
        """Decide and carry it out; returns whether an order was placed.

        Without ``execution`` an order is filled at the quote that it was decided by.
        """
        self.book.settle(look.coin)
        view, rules = self.view(look), self._plan.rules.of(look.coin)
        decision = risk.admit(decide.decide(view, rules), view, rules)
        self._note(decision)
        if view.position is not None and decision.trail is not None:
            self.book.save_trail(look.coin, decision.trail)
        if decision.action not in ORDERS:
            return False
        filled = execution or Execution(look.quote, look.now)
        placed = self.book.send(decision, filled.quote, filled.at)
        if not self._plan.delayed:
            self.book.settle(look.coin)
        return placed

    def view(self, look: Look) -> CoinView:
        """Everything that the strategy is told."""
        books = self.book.books
        worth = value_of(books, look.bids)
        return CoinView(
            coin=look.coin,
            now=look.now,
            product=self.book.product(look.coin, look.quote.bid),
            quote=look.quote,
            signal=look.signal,
            position=books.positions.get(look.coin),
            books=books,
            account_value=worth and worth[0],
            exposure=worth and worth[1],
            fee_rate=self._plan.fee_rate,
            orders_last_hour=self.book.orders_last_hour(look.now),
            last_exit_at=self.book.last_exit_at(look.coin),
            last_close=look.last_close,
            last_close_at=look.last_close_at,
            divergence_pct=Decimal(0),
            realised_today=self.book.realised_since(
                look.now.replace(hour=0, minute=0, second=0, microsecond=0)
            ),
            order_in_flight=self.book.in_flight(look.coin),
            trading=look.trading,
            ages=_NEVER_OLD,
        )

    def _note(self, decision: Decision) -> None:
        before = self._newest.get(decision.coin)
        self._newest[decision.coin] = decision
        changed = before is None or (before.action, before.reason_code) != (
            decision.action,
            decision.reason_code,
        )
        if changed and decision.action in _TURNED_DOWN:
            self.refusals[decision.reason_code.value] += 1
        if decision.action in ORDERS or (changed and not self._plan.screened):
            self.decisions.append(decision)
