"""Predictions of all memories, each made once for each state of its memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from powertraderd import log
from powertraderd.errors import StoreDamaged
from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.model.memory_file import AnyMemory
from powertraderd.model.prediction import Prediction
from powertraderd.ports import CandleArchive, Heart, MemoryStore
from powertraderd.strategy import learner
from powertraderd.strategy.skill import GUESS_SPAN
from powertraderd.workers.forecast_scores import ForecastScores

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Forecast:
    """A prediction, and when the memory behind it was trained."""

    prediction: Prediction
    trained_at: datetime


class Forecasts:
    """Follows the memories as the trainer replaces them.

    A prediction is made from the candle that its memory learned last, so that candle and memory
    always belong together; the signal says how old that candle is.
    """

    def __init__(
        self, memories: MemoryStore, candles: CandleArchive, heart: Heart, budget_s: float
    ) -> None:
        """``budget_s`` bounds the reading of one memory, machine seconds."""
        self._memories = memories
        self._candles = candles
        self._heart = heart
        self._budget_s = budget_s
        self._stamps: dict[tuple[Coin, Timeframe], str] = {}
        self._known: dict[tuple[Coin, Timeframe], Forecast] = {}
        self.scores = ForecastScores()
        self._log = log.get(__name__)

    def of(self, coin: Coin) -> Mapping[Timeframe, Forecast]:
        """The newest forecasts; a timeframe without a usable memory is missing."""
        for timeframe in Timeframe:
            self._refresh(coin, timeframe)
        return {
            timeframe: self._known[coin, timeframe]
            for timeframe in Timeframe
            if (coin, timeframe) in self._known
        }

    def _refresh(self, coin: Coin, timeframe: Timeframe) -> None:
        key = coin, timeframe
        stamp = self._memories.stamp(*key)  # asked before loading: what is missed comes next time
        if stamp == self._stamps.get(key, ""):
            return
        name = f"{coin} {timeframe.value}"
        with self._heart.phase("load_memory", self._budget_s, name):
            try:
                forecast = self._forecast(coin, timeframe)
            except StoreDamaged as error:
                self._log.warning("memory_refused", memory=name, reason=str(error))
                forecast = None
        self._stamps[key] = stamp
        if forecast is None:
            self._known.pop(key, None)
        else:
            self._known[key] = forecast

    def _forecast(self, coin: Coin, timeframe: Timeframe) -> Forecast | None:
        loaded = self._memories.load(coin, timeframe)
        if loaded is None:
            return None
        memory, trained_at = loaded
        learned_at = self._learned_last(memory, coin, timeframe)
        if learned_at is None:
            return None
        candles = self._candles.load(coin, timeframe, learned_at, learned_at + _INSTANT)
        if not candles:
            return None
        self._score(coin, candles[0], timeframe)
        return Forecast(learner.predict(memory, candles[0], timeframe), trained_at)

    def _score(self, coin: Coin, candle: Candle, timeframe: Timeframe) -> None:
        """Hold what was said before against the candle that has closed since."""
        known = self._known.get((coin, timeframe))
        if known is None or known.prediction.closed_at != candle.opened_at:
            return
        start = candle.opened_at - (GUESS_SPAN + 1) * timeframe.length
        before = self._candles.load(coin, timeframe, start, candle.opened_at)
        self.scores.note(known.prediction, candle, before)

    def _learned_last(self, memory: AnyMemory, coin: Coin, timeframe: Timeframe) -> datetime | None:
        """An imported memory does not say which candle it learned last: take the newest."""
        if memory.pending is not None:
            return memory.pending.opened_at
        return self._candles.newest(coin, timeframe)
