"""In which order a tick serves what has become ready: deaths first, clients last."""

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple


class Order(IntEnum):
    """Earlier numbers are served first."""

    SIGNAL = 0
    EXIT = 1
    CHANNEL = 2
    CONTROL = 3


class Turn(NamedTuple):
    """What a selector key carries."""

    order: Order
    serve: Callable[[], None]
