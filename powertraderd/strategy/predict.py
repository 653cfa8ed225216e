"""Prediction of the next candle's high and low from a memory (MODEL.md, Prediction)."""

from powertraderd.model.candle import Candle, Timeframe
from powertraderd.model.memory import Floats, Memory
from powertraderd.model.pattern import matches, move_pct
from powertraderd.model.prediction import Prediction


def predict(memory: Memory, candle: Candle, timeframe: Timeframe) -> Prediction:
    """What ``memory`` says after ``candle``, the newest closed one.

    Inactive (no figures) when no entry matches, or when for the close, the high or the low every
    matching entry has lost its weight.
    """
    pattern = move_pct(candle.open, candle.close)
    hits = [
        place
        for place, other in enumerate(memory.patterns.tolist())
        if matches(pattern, other, memory.threshold)
    ]
    close = _mean_move(memory.close_moves, memory.close_weights, hits)
    high = _mean_move(memory.high_moves, memory.high_weights, hits)
    low = _mean_move(memory.low_moves, memory.low_weights, hits)
    closed_at = candle.opened_at + timeframe.length
    if close is None or high is None or low is None:
        return Prediction(timeframe, closed_at, None, None)
    return Prediction(
        timeframe, closed_at, candle.close * (1 + high / 100), candle.close * (1 + low / 100)
    )


def _mean_move(moves: Floats, weights: Floats, hits: list[int]) -> float | None:
    """Mean of move times weight over the hits that have a weight; None where none has."""
    weighed = [float(moves[hit] * weights[hit]) for hit in hits if weights[hit] != 0]
    return sum(weighed) / len(weighed) if weighed else None
