"""Down the ladder: what averaging down buys, at which price, and what stops it (docs/risk.md).

All coins fall together from where they stand, rung by rung, and nothing recovers: the worst case
of a strategy that has no stop loss. Each rung is asked of the same ``risk.admit`` as a real order,
so that the table cannot promise what the trader would not do. What only slows the ladder down (the
cap per day, cooldowns, orders per hour) and what heals by itself (stale inputs, pauses) is left
out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from powertraderd.model.candle import Coin
from powertraderd.model.decision import (
    Action,
    CoinView,
    Decision,
    ReasonCode,
    TradingState,
    VenueAges,
)
from powertraderd.model.money import EXACT, ZERO_USD, Base, Price, Usd, floor_to, ratio
from powertraderd.model.order import Fill, OrderSide, Tag
from powertraderd.model.position import Books, Position
from powertraderd.model.quote import Quote
from powertraderd.model.rules import StrategyRules
from powertraderd.strategy import gates, ledgering, risk, trailing

MOST_RUNGS = 50
_FINEST = Decimal("1e-16")
_HUNDRED = Decimal(100)
_BOTTOMLESS = Usd(Decimal("1e15"))
_CALM = VenueAges(account=0, products=0, fee=0, clock=0, skew=0)
_LIMITS = (
    "max_position_usd",
    "max_position_pct",
    "max_exposure_pct",
    "max_open_positions",
    "daily_loss_limit_usd",
    "stop_loss_pct",
)


@dataclass(frozen=True, slots=True)
class Rung:
    """One buy of the ladder: ``stage`` 0 is the entry, else the averaging down that leads to it.

    ``size`` is the order with its fee, ``spent`` cost and fees of the position after it, ``cash``
    what the account has left. ``stopped_by`` names the limit that refuses it (then nothing was
    bought, and the ladder ends here).
    """

    coin: Coin
    stage: int
    price: Price
    size: Usd
    spent: Usd
    cash: Usd
    break_even: Price | None
    stopped_by: ReasonCode | None = None
    limit: str = ""


@dataclass(frozen=True, slots=True)
class WorstCase:
    """``needed`` is what the ladders still ask for with no limit and endless cash, ``placed`` what
    the limits and the cash let through.
    """  # noqa: D205 - one sentence

    needed: Usd
    placed: Usd
    rungs: tuple[Rung, ...]


def worst_case(views: Sequence[CoinView], rules: StrategyRules) -> WorstCase:
    """All coins of ``views`` together, from where they stand, sharing one account.

    A view needs a product, a quote, a fee and the books; a coin without them has no rungs.
    """
    rungs = descend(views, rules)
    return WorstCase(
        needed=_total(_descend(views, _without_limits(rules), _BOTTOMLESS)),
        placed=_total(rungs),
        rungs=rungs,
    )


def descend(views: Sequence[CoinView], rules: StrategyRules) -> tuple[Rung, ...]:
    """The rungs in the order in which the falling coins reach them: stage by stage."""
    return _descend(views, rules, ZERO_USD)


def _descend(views: Sequence[CoinView], rules: StrategyRules, credit: Usd) -> tuple[Rung, ...]:
    """``credit`` is cash that may be spent and is not part of the account's value."""
    usable = [view for view in views if view.quote and view.product and view.fee_rate is not None]
    if not usable:
        return ()
    falling = _Falling(usable, rules, credit)
    rungs: list[Rung] = []
    going = [view.coin for view in usable]
    for _ in range(MOST_RUNGS):
        found = [falling.rung(coin) for coin in going]
        taken = [rung for rung in found if rung is not None]
        rungs += taken
        going = [rung.coin for rung in taken if rung.stopped_by is None]
        if not going:
            break
    return tuple(rungs)


class _Falling:
    """The account while the coins fall."""

    def __init__(self, views: Sequence[CoinView], rules: StrategyRules, credit: Usd) -> None:
        self._rules = rules
        self._views = {view.coin: view for view in views}
        self._prices = {view.coin: view.quote.ask for view in views if view.quote}
        self._credit = credit
        self._books = ledgering.pay_in(views[0].books, credit)

    def rung(self, coin: Coin) -> Rung | None:
        """The coin's next buy, booked unless a limit refuses it; None at the end of its ladder."""
        view, rules = self._views[coin], self._rules.of(coin)
        position = self._books.positions.get(coin)
        stage = 0 if position is None else position.stage + 1
        if stage > len(rules.dca.drawdown_levels_pct):
            return None
        if position is not None:
            self._prices[coin] = min(self._prices[coin], _trigger(position, rules))
        view = self._view_now(view)
        try:
            decision = _wish(view, rules)
        except gates.Blocked as blocked:
            return self._rung(view, stage, ZERO_USD, blocked.code, "")
        size = decision.quote_size or ZERO_USD
        admitted = risk.admit(decision, view, self._rules)
        if admitted.quote_size is None:
            limit = admitted.numbers.get("limit", "")
            return self._rung(view, stage, size, admitted.reason_code, limit)
        self._books = _bought(self._books, view, size, decision.action)
        return self._rung(view, stage, size, None, "")

    def _view_now(self, view: CoinView) -> CoinView:
        """The coin's view at the bottom that the fall has reached."""
        price = self._prices[view.coin]
        exposure = self._exposure()
        return replace(
            view,
            quote=Quote(view.coin, price, price, view.now),
            position=self._books.positions.get(view.coin),
            books=self._books,
            account_value=Usd(EXACT.add(self._cash(), exposure)),
            exposure=exposure,
            orders_last_hour=0,
            last_exit_at=None,
            last_close=price,
            last_close_at=view.now,
            divergence_pct=Decimal(0),
            realised_today=ZERO_USD,
            order_in_flight=False,
            trading=TradingState(),
            ages=_CALM,
        )

    def _cash(self) -> Usd:
        return Usd(EXACT.subtract(self._books.cash, self._credit))

    def _exposure(self) -> Usd:
        """All positions at what the fall has left of their prices; others at cost."""
        total = ZERO_USD
        for coin, position in self._books.positions.items():
            price = self._prices.get(coin)
            worth = position.cost if price is None else EXACT.multiply(position.quantity, price)
            total = Usd(EXACT.add(total, worth))
        return total

    def _rung(
        self, view: CoinView, stage: int, size: Usd, code: ReasonCode | None, limit: str
    ) -> Rung:
        position = self._books.positions.get(view.coin)
        spent = ZERO_USD if position is None else Usd(EXACT.add(position.cost, position.fees))
        fee_rate = view.fee_rate or Decimal(0)
        return Rung(
            coin=view.coin,
            stage=stage,
            price=self._prices[view.coin],
            size=size,
            spent=spent,
            cash=self._cash(),
            break_even=None if position is None else trailing.break_even(position, fee_rate),
            stopped_by=code,
            limit=limit,
        )


def _trigger(position: Position, rules: StrategyRules) -> Price:
    levels = rules.dca.drawdown_levels_pct
    level = levels[min(position.stage, len(levels) - 1)]
    scaled = EXACT.multiply(position.cost, EXACT.add(_HUNDRED, level))
    return Price(ratio(scaled, EXACT.multiply(position.quantity, _HUNDRED)))


def _wish(view: CoinView, rules: StrategyRules) -> Decision:
    """What the strategy would ask for here; raises Blocked where no size fits the product."""
    product, position = gates.open_product(view), view.position
    if position is None:
        share = EXACT.multiply(view.account_value or ZERO_USD, rules.entry.allocation_pct)
        wanted, action = EXACT.divide(share, _HUNDRED), Action.ENTRY
    else:
        bid = view.quote.bid if view.quote else Price(Decimal(0))
        worth = EXACT.multiply(position.quantity, bid)
        wanted, action = EXACT.multiply(worth, rules.dca.multiplier), Action.DCA
    size = gates.buy_size(wanted, product)
    return Decision(view.coin, view.now, action, ReasonCode.DCA_HARD, quote_size=size)


def _bought(books: Books, view: CoinView, size: Usd, action: Action) -> Books:
    """The books after the order was filled at the rung's price, its fee inside the size."""
    price = view.quote.ask if view.quote else Price(Decimal(0))
    fee_rate = view.fee_rate or Decimal(0)
    value = floor_to(EXACT.divide(size, EXACT.add(Decimal(1), fee_rate)), _FINEST)
    fill = Fill(
        trade_id="descent",
        order_id="descent",
        client_order_id="descent",
        coin=view.coin,
        side=OrderSide.BUY,
        quantity=Base(floor_to(EXACT.divide(value, price), _FINEST)),
        price=price,
        value=Usd(value),
        fee=Usd(EXACT.subtract(size, value)),
        at=view.now,
    )
    tag = Tag.ENTRY if action is Action.ENTRY else Tag.DCA
    return ledgering.book(books, fill, tag, first_of_order=True)[0]


def _without_limits(rules: StrategyRules) -> StrategyRules:
    free: Mapping[str, None] = dict.fromkeys(_LIMITS)
    own = {coin: _without_limits(each) for coin, each in rules.coins.items()}
    risk_rules = rules.risk.model_copy(update=free)
    return rules.model_copy(update={"risk": risk_rules, "coins": own})


def _total(rungs: Sequence[Rung]) -> Usd:
    total = ZERO_USD
    for rung in rungs:
        if rung.stopped_by is None:
            total = Usd(EXACT.add(total, rung.size))
    return total
