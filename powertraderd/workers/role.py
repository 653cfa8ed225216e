"""What a role is, and what it is given to work with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from structlog.stdlib import BoundLogger

from powertraderd import log
from powertraderd.clock import Clock
from powertraderd.settings import Settings
from powertraderd.supervision.channel import TradingState
from powertraderd.supervision.page import Page
from powertraderd.supervision.protocol import Answer, jsonable
from powertraderd.supervision.quarantine import Quarantine
from powertraderd.supervision.verbs import Args
from powertraderd.workers.heart import PageHeart

Send = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Command:
    """A request relayed to this worker; ``id`` is the client's request id."""

    id: str
    verb: str
    args: Args
    uid: int


class Role(Protocol):
    """What a worker does."""

    def start(self, context: "Context") -> None:
        """Everything until ready, within the boot budget and inside phases."""
        ...

    def cycle(self) -> float:
        """One cycle; returns the machine seconds to pause until the next one."""
        ...

    def command(self, command: Command) -> Answer:
        """Do what was asked and say how it went."""
        ...

    def trading(self, state: TradingState) -> None:
        """The owner or the supervisor holds trading back, or lets it go on."""
        ...

    def close(self) -> None:
        """Finish cleanly; no exchange calls any more."""
        ...


@dataclass(slots=True)
class Context:
    """What a role is given.

    ``last_page`` is the page on which the previous incarnation died; ``quarantines`` the calls to
    avoid for a while. ``poll()`` serves what has arrived, between two coins for example, and is
    False when the cycle should come to its end. ``trading`` is always the newest state.
    """

    settings: Settings
    clock: Clock
    heart: PageHeart
    trading: TradingState
    incarnation: int
    last_page: Page | None
    quarantines: tuple[Quarantine, ...]
    log: BoundLogger
    send: Send
    poll: Callable[[], bool]

    def report(self, report: Mapping[str, Any]) -> None:
        """Hand the supervisor a small state for `ptctl status`; the newest one counts.

        With it go the worker's vitals: phases by outcome, and log lines by level.
        """
        vitals = {"phases": self.heart.counts.rows(), "log_lines": log.lines()}
        self.send({"type": "report", "report": jsonable({**report, "vitals": vitals})})

    def halt(self, reason: str) -> None:
        """Ask the supervisor to halt trading durably; for what only the owner can put right."""
        self.send({"type": "halt", "reason": reason})
