"""How far off a forecast was, and the simple guess that a learner must beat (MODEL.md, Honesty).

Moves are percent of the close before. Nothing here knows a candle before it has closed.
"""

from collections.abc import Sequence
from itertools import pairwise

from powertraderd.model.candle import Candle
from powertraderd.model.pattern import move_pct

GUESS_SPAN = 20
"""Candles whose mean range makes the volatility guess."""

Moves = tuple[float, float]
"""High and low move, percent of the close before."""


def moves_after(close: float, candle: Candle) -> Moves:
    """How far ``candle`` went up and down from the ``close`` before it."""
    return move_pct(close, candle.high), move_pct(close, candle.low)


def volatility_guess(candles: Sequence[Candle]) -> Moves | None:
    """The mean moves of the last twenty candles, from the close before each: what the recent range
    alone says about the next candle. None for fewer than two candles.
    """  # noqa: D205 - one sentence
    recent = candles[-GUESS_SPAN - 1 :]
    if len(recent) < 2:  # noqa: PLR2004 - a move needs two candles
        return None
    moves = [moves_after(before.close, candle) for before, candle in pairwise(recent)]
    return sum(high for high, _ in moves) / len(moves), sum(low for _, low in moves) / len(moves)


def error_pct(forecast: Moves, actual: Moves) -> float:
    """Mean absolute error of the two moves, percent of the close."""
    return (abs(forecast[0] - actual[0]) + abs(forecast[1] - actual[1])) / 2
