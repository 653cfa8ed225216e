"""A heartbeat that remembers what was promised."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Promise:
    """One phase that was entered."""

    name: str
    budget_s: float
    detail: str


class RecordedHeart:
    """Implements ports.Heart; nobody dies of a broken promise here."""

    def __init__(self) -> None:
        """No promise yet."""
        self.promises: list[Promise] = []
        self.open: list[Promise] = []
        self.steps: list[tuple[int, int]] = []

    @contextmanager
    def phase(self, name: str, budget_s: float, detail: str = "") -> Iterator[None]:
        """Remember the promise; ``open`` is the stack of those not yet left."""
        promise = Promise(name, budget_s, detail)
        self.promises.append(promise)
        self.open.append(promise)
        try:
            yield
        finally:
            self.open.pop()

    def progress(self, done: int, total: int) -> None:
        """Remember the step."""
        self.steps.append((done, total))
