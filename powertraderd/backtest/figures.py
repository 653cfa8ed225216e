"""The figures of a run: pure functions of its outcome and of the candles behind it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from powertraderd.backtest.outcome import Outcome
from powertraderd.backtest.track import Floats, Track
from powertraderd.model.candle import HOUR_S, Coin
from powertraderd.model.order import OrderSide, Tag

_DAY_S = 24 * HOUR_S


@dataclass(frozen=True, slots=True)
class Figures:
    """Money in the quote currency, shares in percent, times in hours or days.

    ``drawdown_pct``: the deepest fall of the hourly account value below its peak so far.
    ``under_water_days``: the longest time below a peak; ``under_water_pct``: the share of hours
    below one. ``worst_ladder``: the most averaging down buys in one position, ``most_in_a_coin``
    and ``most_invested`` what was spent at most, ``unsold``: positions at the end.
    """

    start: datetime
    end: datetime
    cash: float
    value: float
    gain_pct: float
    drawdown_pct: float
    under_water_days: float
    under_water_pct: float
    entries: int
    dca_buys: int
    sells: int
    realised: float
    fees: float
    most_invested: float
    most_in_a_coin: float
    mean_exposure_pct: float
    worst_ladder: int
    unsold: int
    buy_and_hold: float | None
    refusals: Mapping[str, int]
    halted_at: datetime | None

    def json(self) -> dict[str, Any]:
        """For machines: times in ISO 8601."""
        return {
            key: value.isoformat() if isinstance(value, datetime) else value
            for key, value in asdict(self).items()
        }


def figures(outcome: Outcome, tracks: Sequence[Track]) -> Figures:
    """All figures of one run. Raises ValueError for a run without a single hour."""
    if not len(outcome.at):
        msg = "no candle lies between the start and the end"
        raise ValueError(msg)
    cash, value = float(outcome.plan.cash), float(outcome.value[-1])
    fall = drawdown(outcome.value, cash)
    tags = [trade.tag for trade in outcome.trades]
    return Figures(
        start=datetime.fromtimestamp(int(outcome.at[0]) - HOUR_S, UTC),
        end=datetime.fromtimestamp(int(outcome.at[-1]), UTC),
        cash=cash,
        value=value,
        gain_pct=100 * (value / cash - 1),
        drawdown_pct=100 * float(fall.max()),
        under_water_days=_longest(fall > 0) / 24,
        under_water_pct=100 * float((fall > 0).mean()),
        entries=tags.count(Tag.ENTRY),
        dca_buys=tags.count(Tag.DCA),
        sells=sum(trade.side is OrderSide.SELL for trade in outcome.trades),
        realised=float(outcome.books.realised),
        fees=float(sum((trade.fee for trade in outcome.trades), Decimal(0))),
        most_invested=float(outcome.invested.max()),
        most_in_a_coin=_most_in_a_coin(outcome),
        mean_exposure_pct=100 * float((outcome.exposure / outcome.value).mean()),
        worst_ladder=max((trade.stage for trade in outcome.trades), default=0),
        unsold=len(outcome.books.positions),
        buy_and_hold=buy_and_hold(outcome, tracks),
        refusals=outcome.refusals,
        halted_at=outcome.halted_at,
    )


def drawdown(value: Floats, cash: float) -> Floats:
    """The fall below the highest value so far, as a fraction; the start counts as a peak."""
    peak = np.maximum(np.maximum.accumulate(value), cash)
    return 1 - value / peak


def buy_and_hold(outcome: Outcome, tracks: Sequence[Track]) -> float | None:
    """The cash spread evenly over all coins at the first opening, at its last close, after fees.

    None where a coin has no candle at the beginning: then there is nothing to compare with.
    """
    first_s = int(outcome.at[0]) - HOUR_S
    cost = 1 + float(outcome.plan.fee_rate)
    half = float(outcome.plan.spread_pct) / 200
    share, total = float(outcome.plan.cash) / len(tracks), 0.0
    for track in tracks:
        begin = int(np.searchsorted(track.opened, first_s))
        end = int(np.searchsorted(track.opened, int(outcome.at[-1]))) - 1
        if begin >= len(track) or track.opened[begin] - first_s > _DAY_S:
            return None
        quantity = share / cost / (float(track.open[begin]) * (1 + half))
        total += quantity * float(track.close[end]) * (1 - half)
    return total


@dataclass(frozen=True, slots=True)
class Month:
    """One calendar month, UTC; ``value`` at its end."""

    month: str
    value: float
    gain_pct: float
    entries: int
    dca_buys: int
    sells: int
    realised: float
    fees: float


def months(outcome: Outcome) -> list[Month]:
    """The monthly table, oldest first."""
    ends: dict[str, float] = {}
    for at, value in zip(outcome.at.tolist(), outcome.value.tolist(), strict=True):
        ends[_month(datetime.fromtimestamp(at - 1, UTC))] = value
    by_month = defaultdict(list)
    for trade in outcome.trades:
        by_month[_month(trade.at)].append(trade)
    table, before = [], float(outcome.plan.cash)
    for month, value in ends.items():
        trades = by_month[month]
        tags = [trade.tag for trade in trades]
        table.append(
            Month(
                month=month,
                value=value,
                gain_pct=100 * (value / before - 1),
                entries=tags.count(Tag.ENTRY),
                dca_buys=tags.count(Tag.DCA),
                sells=sum(trade.side is OrderSide.SELL for trade in trades),
                realised=float(sum((trade.realised or 0 for trade in trades), Decimal(0))),
                fees=float(sum((trade.fee for trade in trades), Decimal(0))),
            )
        )
        before = value
    return table


@dataclass(frozen=True, slots=True)
class Group:
    """All trades of one coin and tag."""

    coin: Coin
    tag: Tag
    count: int
    value: float
    fees: float
    realised: float


def groups(outcome: Outcome) -> list[Group]:
    """The table by coin and tag, in the coins' order."""
    by_group = defaultdict(list)
    for trade in outcome.trades:
        by_group[trade.coin, trade.tag].append(trade)
    return [
        Group(
            coin=coin,
            tag=tag,
            count=len(trades),
            value=float(sum((trade.value for trade in trades), Decimal(0))),
            fees=float(sum((trade.fee for trade in trades), Decimal(0))),
            realised=float(sum((trade.realised or 0 for trade in trades), Decimal(0))),
        )
        for coin in outcome.coins
        for tag in Tag
        if (trades := by_group.get((coin, tag)))
    ]


def _most_in_a_coin(outcome: Outcome) -> float:
    """The most that was ever tied up in one coin: what its buys cost since it was last sold."""
    spent: dict[Coin, Decimal] = defaultdict(Decimal)
    most = Decimal(0)
    for trade in outcome.trades:
        if trade.side is OrderSide.SELL:
            spent[trade.coin] = Decimal(0)
        else:
            spent[trade.coin] += trade.value + trade.fee
            most = max(most, spent[trade.coin])
    return float(most)


def _longest(flags: np.ndarray[Any, np.dtype[np.bool_]]) -> int:
    """The longest run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _month(moment: datetime) -> str:
    return f"{moment:%Y-%m}"
