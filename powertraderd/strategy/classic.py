"""The classic learner, candle by candle: learns, and says at once what comes next (MODEL.md)."""

from collections.abc import Sequence

from powertraderd.model.candle import Candle, Timeframe
from powertraderd.model.pattern import move_pct
from powertraderd.model.prediction import Prediction
from powertraderd.strategy.predict import Weighed, from_hits
from powertraderd.strategy.train import Pupil, empty
from powertraderd.strategy.weights import Weights


class Classic:
    """A memory that grows with each candle; predicts as `predict` does from the same memory."""

    def __init__(self, timeframe: Timeframe) -> None:
        """Begin with nothing."""
        self._timeframe = timeframe
        self._pupil = Pupil(empty(), timeframe)

    def learn(self, candle: Candle) -> Prediction:
        """Learn ``candle``, which has closed, and predict the one after it."""
        pupil = self._pupil
        pupil.learn(candle)
        hits = sorted(pupil.hits(move_pct(candle.open, candle.close)))
        return from_hits(
            candle,
            self._timeframe,
            _of(pupil.closes, hits),
            _of(pupil.highs, hits),
            _of(pupil.lows, hits),
        )


def _of(weights: Weights, hits: Sequence[int]) -> Weighed:
    pairs = weights.at(hits)
    return [move for move, _ in pairs], [weight for _, weight in pairs]
