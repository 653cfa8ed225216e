"""The learners behind one interface; which of them made a memory, the memory itself tells."""

from collections.abc import Callable, Sequence
from typing import Protocol

from powertraderd.model.candle import Candle, Timeframe
from powertraderd.model.memory import Memory
from powertraderd.model.memory_file import AnyMemory
from powertraderd.model.prediction import Prediction
from powertraderd.model.rules import TrainingRules
from powertraderd.model.volatility_memory import VolatilityMemory
from powertraderd.strategy import predict as classic_predict
from powertraderd.strategy import train, volatility
from powertraderd.strategy.classic import Classic


class Student(Protocol):
    """Who learns one timeframe of one coin, candle by candle."""

    def learn(self, candle: Candle) -> Prediction:
        """Learn the next closed candle and predict the one after it."""
        ...


def student(rules: TrainingRules, timeframe: Timeframe) -> Student:
    """A new student of the learner that ``rules`` name."""
    memory = empty(rules)
    if isinstance(memory, VolatilityMemory):
        return volatility.Volatility(timeframe, memory)
    return Classic(timeframe)


def empty(rules: TrainingRules) -> AnyMemory:
    """A memory before its first candle, of the learner that ``rules`` name."""
    if rules.learner == "volatility":
        return volatility.empty(rules.neighbour_average, hour_of_day=rules.hour_of_day)
    return train.empty()


def made_by(memory: AnyMemory, rules: TrainingRules) -> bool:
    """Whether ``memory`` was learned as ``rules`` say; if not, it must be learned anew."""
    if isinstance(memory, Memory):
        return rules.learner == "classic"
    options = memory.neighbour_average, memory.hour_of_day
    wanted = rules.neighbour_average, rules.hour_of_day
    return rules.learner == "volatility" and options == wanted


def learn(
    memory: AnyMemory,
    candles: Sequence[Candle],
    timeframe: Timeframe,
    progress: Callable[[int], None] | None = None,
) -> AnyMemory:
    """The memory after ``candles`` (closed, ascending, prices above zero) were learned as well.

    ``progress`` is called with the number of candles done, now and then and at the end. Raises
    ValueError for a candle that does not come after the newest one learned.
    """
    if isinstance(memory, Memory):
        return train.learn(memory, candles, timeframe, progress)
    return volatility.learn(memory, candles, timeframe, progress)


def predict(memory: AnyMemory, candle: Candle, timeframe: Timeframe) -> Prediction:
    """What ``memory`` says after ``candle``, the newest closed one."""
    if isinstance(memory, Memory):
        return classic_predict.predict(memory, candle, timeframe)
    return volatility.predict(memory, candle, timeframe)


def entries(memory: AnyMemory) -> int:
    """How many candles it can compare with."""
    return len(memory.patterns if isinstance(memory, Memory) else memory.highs)


def threshold(memory: AnyMemory) -> float:
    """The classic learner's own T, percent; 0 for a learner that has none."""
    return memory.threshold if isinstance(memory, Memory) else 0.0
