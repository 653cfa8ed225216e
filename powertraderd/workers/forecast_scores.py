"""How far off the forecasts were, beside the guess that a learner must beat (strategy/skill.py).

Each forecast is scored once, when the candle that it was made for has closed; by then the next one
is due. Nothing is scored that was made after the fact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from powertraderd.model.candle import Candle, Timeframe
from powertraderd.model.pattern import move_pct
from powertraderd.model.prediction import Prediction
from powertraderd.strategy import skill


@dataclass(slots=True)
class _Score:
    """Sums over the forecasts of one timeframe, percent of the close before."""

    forecasts: int = 0
    error_pct: float = 0.0
    guess_error_pct: float = 0.0


class ForecastScores:
    """Of one incarnation, over all coins."""

    def __init__(self) -> None:
        """Nothing is scored yet."""
        self._scores = {timeframe: _Score() for timeframe in Timeframe}

    def note(self, forecast: Prediction, candle: Candle, before: Sequence[Candle]) -> bool:
        """Score ``forecast`` by ``candle``; ``before`` are the candles up to it, oldest first.

        False where it cannot be: the forecast is inactive or was made for another candle, or too
        little is known of the time before.
        """
        if forecast.high is None or forecast.low is None or not before:
            return False
        newest, length = before[-1], forecast.timeframe.length
        if not newest.opened_at + length == forecast.closed_at == candle.opened_at:
            return False
        guess = skill.volatility_guess(before)
        if guess is None:
            return False
        close = newest.close
        said = move_pct(close, forecast.high), move_pct(close, forecast.low)
        actual = skill.moves_after(close, candle)
        score = self._scores[forecast.timeframe]
        score.forecasts += 1
        score.error_pct += skill.error_pct(said, actual)
        score.guess_error_pct += skill.error_pct(guess, actual)
        return True

    def rows(self) -> Mapping[str, Mapping[str, Any]]:
        """By timeframe."""
        return {
            timeframe.value: {
                "forecasts": score.forecasts,
                "error_pct": round(score.error_pct, 6),
                "guess_error_pct": round(score.guess_error_pct, 6),
            }
            for timeframe, score in self._scores.items()
        }
