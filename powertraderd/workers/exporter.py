"""The exporter: metrics over HTTP, and answers to questions that change nothing.

It may die without any effect on trading.
"""

from dataclasses import dataclass
from typing import Protocol

from powertraderd.supervision.channel import TradingState
from powertraderd.supervision.protocol import Answer
from powertraderd.workers.queries import Queries
from powertraderd.workers.role import Command, Context

CYCLE_S = 5.0
"""Nothing needs doing between questions; a cycle says that it would be done."""


class MetricsPage(Protocol):
    """Where Prometheus reads."""

    def start(self, listen: str) -> str:
        """Listen on host:port; returns the address. Raises ConfigError when it cannot be used."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


@dataclass(frozen=True, slots=True)
class ExporterPorts:
    """What the exporter works on."""

    page: MetricsPage
    queries: Queries


class Exporter:
    """The role."""

    def __init__(self, ports: ExporterPorts) -> None:
        """Nothing listens yet."""
        self._ports = ports

    def start(self, context: Context) -> None:
        """Open the page; raises ConfigError when its address cannot be used."""
        self._context = context
        self._address = self._ports.page.start(context.settings.exporter.listen)
        context.log.info("metrics_served", address=self._address)

    def cycle(self) -> float:
        """Say where the page is."""
        self._context.report({"exporter": {"listen": self._address}})
        return CYCLE_S

    def command(self, command: Command) -> Answer:
        """Answer from the stores."""
        return self._ports.queries.answer(command)

    def trading(self, state: TradingState) -> None:
        """What is exported is asked of the supervisor."""

    def close(self) -> None:
        """Stop listening."""
        self._ports.page.close()
