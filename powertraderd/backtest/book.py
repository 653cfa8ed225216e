"""The ledger and the paper exchange of a backtest, in memory: the same rules, no files."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from powertraderd.adapters import paper_matching
from powertraderd.errors import InvariantBroken
from powertraderd.model.candle import Coin
from powertraderd.model.decision import Decision
from powertraderd.model.money import EXACT, ZERO_USD, Base, Price, Usd, floor_to, ratio
from powertraderd.model.order import Fill, OrderEvent, OrderIntent, OrderSide, OrderState, Tag
from powertraderd.model.position import Books, Trail
from powertraderd.model.product import Product
from powertraderd.model.quote import Quote
from powertraderd.strategy import ledgering, orders

HOUR = timedelta(hours=1)
LIFE = (OrderEvent.SEND, OrderEvent.ACCEPTED, OrderEvent.FILLED)


@dataclass(frozen=True, slots=True)
class BacktestTrade:
    """One filled order. ``realised`` is a sell's profit after all fees, None for a buy.

    ``stage`` is the position's number of DCA buys after it, ``cash`` what was left.
    """

    at: datetime
    coin: Coin
    side: OrderSide
    tag: Tag
    reason_code: str
    quantity: Base
    price: Price
    value: Usd
    fee: Usd
    realised: Usd | None
    stage: int
    cash: Usd
    invested: Usd


@dataclass(frozen=True, slots=True)
class _Pending:
    intent: OrderIntent
    fill: Fill


class Book:
    """Books, orders on their way and products; every change is checked by the identity."""

    def __init__(self, quote: str, cash: Usd, fee_rate: Decimal) -> None:
        """Begin with ``cash`` of the currency ``quote``; ``fee_rate`` is a fraction."""
        self.books = ledgering.pay_in(Books(paid_in=ZERO_USD, cash=ZERO_USD), cash)
        self.fee_rate = fee_rate
        self.trades: list[BacktestTrade] = []
        self.refused = 0
        self._quote = quote
        self._products: dict[Coin, Product] = {}
        self._pending: dict[Coin, _Pending] = {}
        self._sent_at: list[datetime] = []
        self._left_at: dict[Coin, datetime] = {}

    def product(self, coin: Coin, price: Price) -> Product:
        """As the paper exchange makes it when it first sees a price."""
        if coin not in self._products:
            name = f"{coin}-{self._quote}"
            self._products[coin] = paper_matching.product_at(name, coin, price)
        return self._products[coin]

    def orders_last_hour(self, now: datetime) -> int:
        """Orders intended within the hour before ``now``."""
        self._sent_at = [at for at in self._sent_at if now - at <= HOUR]
        return len(self._sent_at)

    def realised_since(self, start: datetime) -> Usd:
        """Profit of the sells at or after ``start``."""
        total = ZERO_USD
        for trade in reversed(self.trades):
            if trade.at < start:
                break
            total = Usd(EXACT.add(total, trade.realised or ZERO_USD))
        return total

    def last_exit_at(self, coin: Coin) -> datetime | None:
        """When the coin's last position was closed."""
        return self._left_at.get(coin)

    def in_flight(self, coin: Coin) -> bool:
        """Whether an order of the coin is not booked yet."""
        return coin in self._pending

    def save_trail(self, coin: Coin, trail: Trail) -> None:
        """Keep the trailing exit of an open position."""
        position = self.books.positions[coin]
        if trail != position.trail:
            positions = {**self.books.positions, coin: replace(position, trail=trail)}
            self.books = replace(self.books, positions=positions)

    def send(self, decision: Decision, quote: Quote, at: datetime) -> bool:
        """Place the order that ``decision`` names: filled at ``quote`` and ``at``, booked by
        ``settle``. False when the exchange refuses it.
        """  # noqa: D205 - one sentence
        product = self.product(decision.coin, quote.bid)
        number = f"backtest-{len(self.trades) + len(self._pending) + self.refused}"
        intent = orders.intent(decision, number, product)
        self._sent_at.append(decision.at)
        if paper_matching.refusal(intent, product, self._available(intent)) is not None:
            orders.advance(orders.advance(OrderState.INTENDED, OrderEvent.SEND), OrderEvent.REFUSED)
            self.refused += 1
            return False
        (part,) = paper_matching.filled(intent, product, quote, self.fee_rate, shares=())
        fill = Fill(
            trade_id=number,
            order_id=number,
            client_order_id=number,
            coin=decision.coin,
            side=intent.side,
            quantity=part.quantity,
            price=part.price,
            value=part.value,
            fee=part.fee,
            at=at,
        )
        self._pending[decision.coin] = _Pending(intent, fill)
        return True

    def settle(self, coin: Coin) -> None:
        """Book what was filled; raises InvariantBroken when the identity would not hold."""
        pending = self._pending.pop(coin, None)
        if pending is None:
            return
        state = OrderState.INTENDED
        for event in LIFE:
            state = orders.advance(state, event)
        intent, fill = pending.intent, pending.fill
        self.books, realised = ledgering.book(self.books, fill, intent.tag, first_of_order=True)
        self._close_remainder(coin)
        if ledgering.residual(self.books):
            msg = f"{coin}: the books do not add up after {intent.client_order_id}"
            raise InvariantBroken(msg)
        if fill.side is OrderSide.SELL and coin not in self.books.positions:
            self._left_at[coin] = fill.at
        self.trades.append(self._trade(intent, fill, realised))

    def _available(self, intent: OrderIntent) -> Decimal:
        if intent.side is OrderSide.SELL:
            return self.books.positions[intent.coin].quantity
        promised = sum(
            (each.intent.quote_size or ZERO_USD for each in self._pending.values()), ZERO_USD
        )
        return EXACT.subtract(self.books.cash, promised)

    def _close_remainder(self, coin: Coin) -> None:
        """What a sell left below the increment cannot be sold: dust, as the trader does."""
        position = self.books.positions.get(coin)
        if position and not floor_to(position.quantity, self._products[coin].base_increment):
            self.books, _ = ledgering.close_remainder(self.books, coin)

    def _trade(self, intent: OrderIntent, fill: Fill, realised: Usd | None) -> BacktestTrade:
        position = self.books.positions.get(fill.coin)
        return BacktestTrade(
            at=fill.at,
            coin=fill.coin,
            side=fill.side,
            tag=intent.tag,
            reason_code=intent.reason_code,
            quantity=fill.quantity,
            price=Price(ratio(fill.value, fill.quantity)),
            value=fill.value,
            fee=fill.fee,
            realised=realised,
            stage=position.stage if position else 0,
            cash=self.books.cash,
            invested=invested(self.books),
        )


def invested(books: Books) -> Usd:
    """Cost and fees of all open positions."""
    total: Decimal = Decimal(0)
    for position in books.positions.values():
        total = EXACT.add(total, EXACT.add(position.cost, position.fees))
    return Usd(total)


def value_of(books: Books, bids: Mapping[Coin, Decimal]) -> tuple[Usd, Usd] | None:
    """Account value and exposure at ``bids``; None while the bid of a position is missing."""
    exposure: Decimal = Decimal(0)
    for coin, position in books.positions.items():
        bid = bids.get(coin)
        if bid is None:
            return None
        exposure = EXACT.add(exposure, EXACT.multiply(position.quantity, bid))
    return Usd(EXACT.add(books.cash, exposure)), Usd(exposure)
