"""The trailing exit with its break-even guard (STRATEGY.md, Exit).

Prices made here are rounded up, so that a line never promises less than it says.
"""

from dataclasses import replace
from decimal import ROUND_CEILING, Context, Decimal

from powertraderd.model.decision import Action, CoinView, Decision, ReasonCode
from powertraderd.model.money import Base, Price
from powertraderd.model.position import Position, Trail
from powertraderd.model.rules import ExitRules, StrategyRules
from powertraderd.strategy import gates
from powertraderd.strategy.figures import figures, shown

_UP = Context(prec=28, rounding=ROUND_CEILING)
_HUNDRED = Decimal(100)


def tend(view: CoinView, position: Position, rules: StrategyRules) -> Decision:
    """TRAIL_SELL or HOLD, with the trail after this tick.

    The trail follows the bid whatever else is forbidden; only the order can be held back.
    """
    trail, numbers = _follow_bid(view, position, rules)
    held = Decision(
        view.coin,
        view.now,
        Action.HOLD,
        _reason(position.trail, trail),
        {**figures(view, rules), **numbers},
        trail=trail,
    )
    try:
        code = _due(view, position, trail, rules)
        size = None if code is None else _size(view, position)
    except gates.Blocked as blocked:
        return replace(held, reason_code=blocked.code, numbers={**held.numbers, **blocked.numbers})
    if code is None or size is None:
        return held
    return replace(
        held,
        action=Action.TRAIL_SELL,
        reason_code=code,
        numbers={**held.numbers, "size": shown(size)},
        base_size=size,
    )


def break_even(position: Position, fee_rate: Decimal) -> Price:
    """The bid at which selling everything returns cost, fees paid and the selling fee."""
    spent = position.cost + position.fees
    return Price(_UP.divide(spent, position.quantity * (1 - fee_rate)))


def profit_floor(position: Position, fee_rate: Decimal, rules: ExitRules) -> Price:
    """Break-even plus the least profit."""
    return _percent_above(break_even(position, fee_rate), rules.min_net_profit_pct)


def start_line(position: Position, floor: Price | None, rules: ExitRules) -> Price:
    """Where the exit is armed; never below ``floor`` (None: a loss is allowed)."""
    percent = rules.start_pct if position.stage == 0 else rules.start_pct_after_dca
    scaled = position.cost * (_HUNDRED + percent)
    start = Price(_UP.divide(scaled, position.quantity * _HUNDRED))
    return start if floor is None else max(start, floor)


def follow(trail: Trail, start: Price, floor: Price | None, bid: Price, gap_pct: Decimal) -> Trail:
    """The trail after ``bid``. Armed and no longer above its line: the exit is due.

    An armed line only rises. The trail starts anew when ``start`` has overtaken the line (a buy
    raised the cost, so the old line is no promise any more), and when the bid has fallen through
    ``floor`` at once, so that selling now would be the loss which the floor forbids.
    """
    if floor is not None and bid < floor:
        return Trail(line=start)
    if trail.armed and trail.line is not None and trail.line >= start:
        peak = max(bid, trail.peak or bid)
        line = max(trail.line, _percent_above(peak, -gap_pct))
    elif bid >= start:
        peak = bid
        line = max(start, _percent_above(peak, -gap_pct))
    else:
        return Trail(line=start)
    return Trail(armed=True, peak=peak, line=line, was_above=bid >= line)


def _follow_bid(
    view: CoinView, position: Position, rules: StrategyRules
) -> tuple[Trail, dict[str, str]]:
    try:
        quote = gates.usable_quote(view, rules.risk)
        floor = _floor(view, position, rules.exit)
    except gates.Blocked:
        return position.trail, {}
    start = start_line(position, floor, rules.exit)
    trail = follow(position.trail, start, floor, quote.bid, rules.exit.trailing_gap_pct)
    numbers = {"start_line": start, "line": trail.line, "peak": trail.peak, "floor": floor}
    return trail, {name: shown(price) for name, price in numbers.items() if price is not None}


def _floor(view: CoinView, position: Position, rules: ExitRules) -> Price | None:
    if rules.allow_loss:
        return None
    return profit_floor(position, gates.known_fee(view), rules)


def _reason(before: Trail, after: Trail) -> ReasonCode:
    if after.armed:
        return ReasonCode.TRAILING
    return ReasonCode.TRAIL_RESTARTED if before.armed else ReasonCode.WAITING


def _due(
    view: CoinView, position: Position, trail: Trail, rules: StrategyRules
) -> ReasonCode | None:
    """Why to sell now, or None. Raises Blocked where nothing may be concluded.

    The stop loss needs no fee: it sells below break-even, that is its purpose.
    """
    gates.refuse_when_busy(view)
    if view.product is not None:
        gates.sell_size(position.quantity, view.product)  # dust can neither be sold nor averaged
    bid = gates.usable_quote(view, rules.risk).bid
    gain = _HUNDRED * (bid * position.quantity - position.cost)
    stop, cap = rules.risk.stop_loss_pct, rules.exit.take_profit_pct
    if stop is not None and gain <= -stop * position.cost:
        return ReasonCode.STOP_LOSS
    floor = _floor(view, position, rules.exit)
    if cap is not None and gain >= cap * position.cost and (floor is None or bid >= floor):
        return ReasonCode.TAKE_PROFIT
    return ReasonCode.TRAIL_CROSSED if trail.armed and not trail.was_above else None


def _size(view: CoinView, position: Position) -> Base:
    product = gates.open_product(view)
    most = product.base_max_size
    return gates.sell_size(
        position.quantity if most is None else min(position.quantity, most), product
    )


def _percent_above(price: Price, percent: Decimal) -> Price:
    return Price(_UP.divide(price * (_HUNDRED + percent), _HUNDRED))
