"""Prediction of the next candle's high and low from a memory (MODEL.md, Prediction)."""

from collections.abc import Sequence

from powertraderd.model.candle import Candle, Timeframe
from powertraderd.model.memory import Memory
from powertraderd.model.pattern import matches, move_pct
from powertraderd.model.prediction import Prediction


def predict(memory: Memory, candle: Candle, timeframe: Timeframe) -> Prediction:
    """What ``memory`` says after ``candle``, the newest closed one."""
    pattern = move_pct(candle.open, candle.close)
    hits = [
        place
        for place, other in enumerate(memory.patterns.tolist())
        if matches(pattern, other, memory.threshold)
    ]
    return from_hits(
        candle,
        timeframe,
        (memory.close_moves[hits].tolist(), memory.close_weights[hits].tolist()),
        (memory.high_moves[hits].tolist(), memory.high_weights[hits].tolist()),
        (memory.low_moves[hits].tolist(), memory.low_weights[hits].tolist()),
    )


Weighed = tuple[Sequence[float], Sequence[float]]
"""Moves in percent and their weights, in order of learning."""


def from_hits(
    candle: Candle, timeframe: Timeframe, closes: Weighed, highs: Weighed, lows: Weighed
) -> Prediction:
    """The prediction after ``candle`` from the moves of the entries that match it.

    Inactive (no figures) when no entry matches, or when for the close, the high or the low every
    matching entry has lost its weight.
    """
    close, high, low = _mean_move(*closes), _mean_move(*highs), _mean_move(*lows)
    closed_at = candle.opened_at + timeframe.length
    if close is None or high is None or low is None:
        return Prediction(timeframe, closed_at, None, None)
    return Prediction(
        timeframe, closed_at, candle.close * (1 + high / 100), candle.close * (1 + low / 100)
    )


def _mean_move(moves: Sequence[float], weights: Sequence[float]) -> float | None:
    """Mean of move times weight over the entries that have a weight; None where none has."""
    weighed = [move * weight for move, weight in zip(moves, weights, strict=True) if weight != 0]
    return sum(weighed) / len(weighed) if weighed else None
