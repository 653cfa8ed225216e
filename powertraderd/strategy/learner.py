"""The learners by name; all of them learn candle by candle and predict the next one."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, Protocol

from powertraderd.model.candle import Candle, Timeframe
from powertraderd.model.prediction import Prediction
from powertraderd.strategy.classic import Classic

LearnerName = Literal["classic"]


class Student(Protocol):
    """Who learns one timeframe of one coin."""

    def learn(self, candle: Candle) -> Prediction:
        """Learn the next closed candle and predict the one after it."""
        ...


LEARNERS: Mapping[LearnerName, Callable[[Timeframe], Student]] = MappingProxyType(
    {"classic": Classic}
)


def student(name: LearnerName, timeframe: Timeframe) -> Student:
    """A new student of the learner called ``name``."""
    return LEARNERS[name](timeframe)
