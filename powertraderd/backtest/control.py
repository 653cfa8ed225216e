"""Controls: the same machinery with entries that know nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from powertraderd.backtest.engine import Simulation
from powertraderd.backtest.outcome import Outcome
from powertraderd.backtest.plan import Plan
from powertraderd.backtest.track import TIMEFRAMES, Track
from powertraderd.model.order import OrderSide, Tag

_FAR = 1e3
"""How far above the price a level stands that is certainly not reached, as a factor."""


def random_entries(tracks: Sequence[Track], outcome: Outcome, runs: int, seed: int) -> list[float]:
    """End values of ``runs`` runs whose entries come at random hours, at the rate of ``outcome``.

    LONG stands at exactly the entry's level in the hours that the dice choose, so the neural
    trigger never fires: positions are averaged down by the hard levels alone.
    """
    source = np.random.default_rng(seed)
    plan = outcome.plan
    rates = {track.coin: _rate(track, outcome) for track in tracks}
    ends = []
    for _ in range(runs):
        blind = [_blind(track, rates[track.coin], plan, source) for track in tracks]
        ends.append(float(Simulation(blind, plan).run().value[-1]))
    return ends


def _rate(track: Track, outcome: Outcome) -> float:
    """Entries per hour without a position."""
    held, since, entries = 0.0, None, 0
    for trade in outcome.trades:
        if trade.coin != track.coin:
            continue
        if trade.tag is Tag.ENTRY:
            entries, since = entries + 1, trade.at
        elif trade.side is OrderSide.SELL and since is not None:
            held += (trade.at - since).total_seconds() / 3600
            since = None
    if since is not None:
        end = datetime.fromtimestamp(int(outcome.at[-1]), UTC)
        held += (end - since).total_seconds() / 3600
    flat = max(len(outcome.at) - held, 1.0)
    return min(entries / flat, 1.0)


def _blind(track: Track, rate: float, plan: Plan, source: np.random.Generator) -> Track:
    """The same candles under predictions that say LONG at random."""
    needed = plan.rules.of(track.coin).entry.min_long_level
    chosen = source.random(len(track)) < rate
    shape = (len(track), len(TIMEFRAMES))
    low, high = np.full(shape, np.nan), np.full(shape, np.nan)
    rows = np.flatnonzero(chosen)
    low[rows[:, None], np.arange(needed)] = (track.high[rows] * 2)[:, None]
    high[rows[:, None], np.arange(needed)] = (track.high[rows] * _FAR)[:, None]
    closed_at = np.repeat(track.opened[:, None], len(TIMEFRAMES), axis=1)
    return replace(track, predicted_low=low, predicted_high=high, closed_at=closed_at)
