"""The pictures of a report, as SVG text."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from powertraderd.backtest.book import BacktestTrade
from powertraderd.backtest.figures import drawdown
from powertraderd.backtest.outcome import Outcome
from powertraderd.backtest.track import Seconds, Track
from powertraderd.model.candle import HOUR_S
from powertraderd.model.order import OrderSide, Tag

MOST_POINTS = 1_500
CLOSE_UP = timedelta(days=14)
_MARKS = {
    Tag.ENTRY: ("^", "#2a7de1", "entry"),
    Tag.DCA: ("v", "#d18b00", "averaging down"),
    Tag.TRAIL_SELL: ("o", "#1f9d55", "sale"),
}
_LOW, _HIGH, _LINE, _FALL, _GREY = "#2a7de1", "#d1711c", "#22303c", "#c0392b", "#8795a1"

mpl.rcParams["svg.fonttype"] = "none"
mpl.rcParams["svg.hashsalt"] = "powertraderd"
mpl.rcParams["font.size"] = 9
mpl.rcParams["axes.grid"] = True
mpl.rcParams["grid.alpha"] = 0.25
mpl.rcParams["axes.spines.top"] = mpl.rcParams["axes.spines.right"] = False


def equity(outcome: Outcome) -> str:
    """Account value with its peak, cash and exposure below, drawdown at the bottom."""
    figure = Figure(figsize=(9, 6.2), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(3, 2, 1.3))
    at = _times(outcome.at)
    keep = _thin(len(at))
    top.plot(at[keep], outcome.value[keep], color=_LINE, lw=1.2)
    top.axhline(float(outcome.plan.cash), color=_GREY, lw=0.8, ls="--")
    top.set_ylabel(f"account value, {outcome.plan.quote}")
    middle.stackplot(
        at[keep],
        outcome.cash[keep],
        outcome.exposure[keep],
        colors=("#cfe3f7", "#f2c79b"),
        labels=("cash", "in coins"),
    )
    middle.set_ylabel(outcome.plan.quote)
    _legend(middle)
    fall = -100 * drawdown(outcome.value, float(outcome.plan.cash))
    bottom.fill_between(at[keep], fall[keep], 0, color=_FALL, alpha=0.45, lw=0)
    bottom.set_ylabel("below peak, %")
    _dates(bottom)
    return _svg(figure)


def coin(track: Track, outcome: Outcome) -> str:
    """All of a coin's trades on its price."""
    figure = Figure(figsize=(9, 3), layout="constrained")
    axes = figure.subplots()
    inside = _inside(track, outcome, int(outcome.at[0]) - HOUR_S, int(outcome.at[-1]))
    keep = inside[_thin(len(inside))]
    axes.plot(_times(track.opened[keep]), track.close[keep], color=_LINE, lw=0.8)
    _marks(axes, [trade for trade in outcome.trades if trade.coin == track.coin], size=14)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:,.6g}")
    axes.yaxis.set_minor_formatter("{x:,.6g}")
    axes.set_ylabel(f"{track.coin}, {outcome.plan.quote}")
    _legend(axes)
    _dates(axes)
    return _svg(figure)


def close_up(track: Track, outcome: Outcome) -> str | None:
    """The busiest fortnight of a coin with the low and high levels of all timeframes.

    None for a coin without a trade.
    """
    trades = [trade for trade in outcome.trades if trade.coin == track.coin]
    if not trades:
        return None
    begin = _busiest(trades)
    shown = [trade for trade in trades if begin <= trade.at < begin + CLOSE_UP]
    begin_s = int(begin.timestamp())
    rows = _inside(track, outcome, begin_s, begin_s + int(CLOSE_UP.total_seconds()))
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots()
    at = _times(track.opened[rows])
    share = outcome.plan.rules.of(track.coin).signal.bound_distance_pct / 100
    for column in range(track.predicted_low.shape[1]):
        lows, highs = track.predicted_low[rows, column], track.predicted_high[rows, column]
        for prices, colour in ((lows * (1 - share), _LOW), (highs * (1 + share), _HIGH)):
            axes.step(at, prices, where="post", color=colour, lw=0.5, alpha=0.6)
    axes.plot([], [], color=_LOW, lw=0.8, label="low levels")
    axes.plot([], [], color=_HIGH, lw=0.8, label="high levels")
    axes.vlines(at, track.low[rows], track.high[rows], color=_GREY, lw=0.7)
    axes.plot(at, track.close[rows], color=_LINE, lw=0.9)
    _marks(axes, shown, size=32)
    spread = 0.02 * (track.high[rows].max() - track.low[rows].min()) + 1e-12
    axes.set_ylim(track.low[rows].min() - 6 * spread, track.high[rows].max() + 6 * spread)
    axes.set_ylabel(f"{track.coin}, {outcome.plan.quote}")
    _legend(axes)
    _dates(axes)
    return _svg(figure)


def control(ends: Sequence[float], value: float) -> str:
    """Where the run ended among runs whose entries were random."""
    figure = Figure(figsize=(9, 2.2), layout="constrained")
    axes = figure.subplots()
    axes.hist(ends, bins=min(30, max(5, len(ends) // 3)), color="#b8c2cc")
    axes.axvline(value, color=_FALL, lw=1.6, label="this run")
    axes.set_xlabel("account value at the end")
    axes.set_ylabel("random runs")
    axes.legend(frameon=False)
    return _svg(figure)


def _marks(axes: Axes, trades: Sequence[BacktestTrade], size: float) -> None:
    for tag, (mark, colour, name) in _MARKS.items():
        of_tag = [trade for trade in trades if trade.tag is tag]
        axes.scatter(
            [trade.at for trade in of_tag],  # type: ignore[arg-type] # matplotlib takes datetimes
            [float(trade.price) for trade in of_tag],
            marker=mark,
            s=size,
            color=colour,
            label=name,
            zorder=3,
            linewidths=0,
        )


def _busiest(trades: Sequence[BacktestTrade]) -> datetime:
    """A day before the trade that the most others follow within a fortnight."""
    times = np.array([trade.at.timestamp() for trade in trades])
    sales = np.array([trade.side is OrderSide.SELL for trade in trades])
    ends = np.searchsorted(times, times + (CLOSE_UP - timedelta(days=1)).total_seconds())
    busy = ends - np.arange(len(times)) + np.where(sales, 0, 1)
    return trades[int(busy.argmax())].at - timedelta(days=1)


def _inside(track: Track, outcome: Outcome, begin_s: int, end_s: int) -> Seconds:
    first = int(outcome.at[0]) - HOUR_S
    inside = (track.opened >= max(begin_s, first)) & (track.opened < end_s)
    return np.flatnonzero(inside)


def _thin(count: int) -> Seconds:
    """Indices of at most MOST_POINTS points, the last one among them."""
    return np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).astype(np.int64))


def _times(seconds: Seconds) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    return seconds.astype("datetime64[s]")


def _legend(axes: Axes) -> None:
    """Above the picture, where it hides nothing."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=5, frameon=False, borderpad=0)


def _dates(axes: Axes) -> None:
    locator = AutoDateLocator(tz=UTC)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator, tz=UTC)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(formatter)


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()[text.getvalue().index("<svg") :]
