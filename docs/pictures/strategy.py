"""docs/pictures/strategy.svg: averaging down and the trailing exit, made by the strategy itself.

Run `python docs/pictures/strategy.py`. The prices are made up; every line and every order is what
the daemon's own decisions say to them, with default settings, a fee of 0.6 % and no signal.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import matplotlib as mpl
import numpy as np

from powertraderd.model.decision import Action
from powertraderd.model.position import Position, Trail
from powertraderd.model.rules import StrategyRules
from powertraderd.strategy import dca, trailing
from powertraderd.testing.coin_views import NOW, a_position, a_quote, coin_view

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "powertraderd"  # the same picture, the same file
FILE = Path(__file__).with_name("strategy.svg")
FEE = Decimal("0.006")
TURNS = ((0, 100), (40, 96), (90, 87), (130, 91), (170, 97), (190, 96.2), (235, 102), (262, 98))
"""(hour, price): where the made-up price turns."""

_ORDERS = {
    Action.DCA: {"color": "tab:red", "marker": "^"},
    Action.TRAIL_SELL: {"color": "tab:green", "marker": "v"},
}


@dataclass(frozen=True, slots=True)
class Step:
    """One hour: what was seen, and what was decided."""

    hour: int
    bid: float
    average: float
    next_dca: float
    line: float
    armed: bool
    action: Action


def steps() -> Iterator[Step]:
    """Hour by hour until the position is sold."""
    hours, prices = zip(*TURNS, strict=True)
    position = a_position(
        quantity=Decimal(1), cost=Decimal(100), fees=Decimal("0.6"), trail=Trail()
    )
    rules = StrategyRules()
    for hour in range(hours[-1]):
        now = NOW + timedelta(hours=hour)
        bid = f"{np.interp(hour, hours, prices):.2f}"
        view = coin_view(position, now=now, quote=a_quote(bid, at=now), signal=None, fee_rate=FEE)
        decision = trailing.tend(view, position, rules)
        if decision.action is Action.HOLD and not (decision.trail or Trail()).armed:
            decision = dca.consider(decision, view, position, rules)
        trail = decision.trail or position.trail
        yield Step(
            hour,
            float(bid),
            float(position.cost / position.quantity),
            float(dca.next_line(view, position, rules)[0]),
            float(trail.line or 0),
            trail.armed,
            decision.action,
        )
        if decision.action is Action.TRAIL_SELL:
            return
        position = replace(position, trail=trail)
        if decision.action is Action.DCA:
            position = _bought(position, decision.quote_size or Decimal(0), Decimal(bid), now)


def _bought(position: Position, spent: Decimal, price: Decimal, now: datetime) -> Position:
    """The position after a fill of the whole amount, fees inside, at the price."""
    value = spent / (1 + FEE)
    return replace(
        position,
        quantity=position.quantity + value / price,
        cost=position.cost + value,
        fees=position.fees + spent - value,
        stage=position.stage + 1,
        dca_bought_at=(*position.dca_bought_at, now),
        trail=Trail(),
    )


def main() -> None:
    """Write the picture."""
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    walk = list(steps())
    hours = [step.hour for step in walk]
    figure, axes = plt.subplots(figsize=(9, 4.8))
    axes.plot(hours, [step.bid for step in walk], color="black", label="bid")
    average = [step.average for step in walk]
    axes.step(hours, average, where="post", color="grey", ls="--", label="average cost")
    unarmed = [np.nan if step.armed else step.next_dca for step in walk]
    axes.step(hours, unarmed, where="post", color="tab:red", lw=1, label="next DCA")
    start = [np.nan if step.armed else step.line for step in walk]
    axes.step(
        hours,
        start,
        where="post",
        color="tab:green",
        lw=1,
        ls=":",
        label="start line: arms the exit",
    )
    armed = [step.line if step.armed else np.nan for step in walk]
    axes.plot(hours, armed, color="tab:green", lw=2, label="trail line: follows the bid")
    for action, look in _ORDERS.items():
        shown = [step for step in walk if step.action is action]
        places = [step.hour for step in shown], [step.bid for step in shown]
        axes.scatter(*places, s=80, zorder=3, label=str(action), **look)
    axes.set_ylim(82, 112)
    axes.set_xlabel("hours")
    axes.set_ylabel("price")
    axes.legend(loc="upper center", ncol=4, fontsize=8)
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(FILE, metadata={"Date": None})


if __name__ == "__main__":
    main()
