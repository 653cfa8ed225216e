"""Weights of the moves in a memory and how a candle turns them (MODEL.md, Learning, step 1)."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, nextafter

FIRST_WEIGHT, MAX_WEIGHT, WEIGHT_STEP = 1.0, 2.0, 0.25
TOLERATED_ERROR = 0.1
"""An error of at most this share of the prediction leaves a weight alone."""


class Weights:
    """One of the three moves of all entries, with its weights between ``least`` and 2."""

    def __init__(self, moves: Iterable[float], weights: Iterable[float], least: float) -> None:
        """Moves in percent and their weights, one for each entry."""
        self._least = least
        self._entries = [
            _Weighed(move, weight, least, {}) for move, weight in zip(moves, weights, strict=True)
        ]

    def append(self, move: float) -> None:
        """A new entry."""
        self._entries.append(_Weighed(move, FIRST_WEIGHT, self._least, {}))

    def turn(self, hits: Iterable[int], actual: float) -> None:
        """Turn the weights of the entries ``hits`` by the move that really happened, percent."""
        entries = self._entries
        for hit in hits:
            entry = entries[hit]
            if actual > entry.highest:
                entries[hit] = entry.above or entry.after_more()
            elif actual < entry.lowest:
                entries[hit] = entry.below or entry.after_less()

    def at(self, places: Iterable[int]) -> list[tuple[float, float]]:
        """Move in percent and weight of the entries at ``places``."""
        entries = self._entries
        return [(entries[place].move, entries[place].weight) for place in places]

    def moves(self) -> list[float]:
        """The moves, in order of learning."""
        return [entry.move for entry in self._entries]

    def weights(self) -> list[float]:
        """The weights, in order of learning."""
        return [entry.weight for entry in self._entries]


class _Weighed:
    """A move with one weight, and the actual moves that leave the weight as it is.

    The rule "unchanged if move = 0 or |error| <= 0.1 |prediction|; else up if error and move have
    the same sign, down if not" is monotone in the actual move. So it is worked out once, as the
    interval from ``lowest`` to ``highest``, and not again for each of the 60 comparisons that a
    candle needs. ``family`` holds the same move with the other weights that it has had.
    """

    __slots__ = ("above", "below", "family", "highest", "least", "lowest", "move", "weight")

    def __init__(
        self, move: float, weight: float, least: float, family: dict[float, _Weighed]
    ) -> None:
        self.move, self.weight, self.least, self.family = move, weight, least, family
        self.lowest, self.highest = _unchanged(move, weight)
        self.above: _Weighed | None = None
        self.below: _Weighed | None = None
        family[weight] = self

    def after_more(self) -> _Weighed:
        """What this becomes when the actual move was above ``highest``: the error is positive."""
        self.above = self._turned(up=self.move > 0)
        return self.above

    def after_less(self) -> _Weighed:
        """What this becomes when the actual move was below ``lowest``: the error is negative."""
        self.below = self._turned(up=self.move < 0)
        return self.below

    def _turned(self, *, up: bool) -> _Weighed:
        turned = self.weight + (WEIGHT_STEP if up else -WEIGHT_STEP)
        weight = min(max(turned, self.least), MAX_WEIGHT)
        return self.family.get(weight) or _Weighed(self.move, weight, self.least, self.family)


def _unchanged(move: float, weight: float) -> tuple[float, float]:
    """The lowest and the highest actual move that leave ``weight`` as it is, to the last bit.

    Rounding may carry an end one step out of the interval, never into it: the difference between
    an end and the prediction is exact, because they are within a factor of two.
    """
    if move == 0:
        return -inf, inf
    prediction = move * weight
    tolerated = TOLERATED_ERROR * abs(prediction)
    lowest, highest = prediction - tolerated, prediction + tolerated
    if prediction - lowest > tolerated:
        lowest = nextafter(lowest, inf)
    if highest - prediction > tolerated:
        highest = nextafter(highest, -inf)
    return lowest, highest
