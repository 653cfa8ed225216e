"""The exporter: metrics over HTTP, and answers to questions that change nothing.

It may die without any effect on trading.
"""

from dataclasses import asdict, dataclass
from typing import Protocol

from powertraderd.model.news import Receipt
from powertraderd.supervision.channel import TradingState
from powertraderd.supervision.protocol import Answer, Code, refusal
from powertraderd.workers.notifier import Notifier
from powertraderd.workers.queries import Queries
from powertraderd.workers.role import Command, Context

NOTIFY_BUDGET_S = 15.0
"""Looking for news reads the supervisor's status and the ledger; deliveries are not waited for."""
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
    notifier: Notifier


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
        """Say where the page is, and see to the messages for the owner."""
        notifier = self._ports.notifier
        with self._context.heart.phase("notify", NOTIFY_BUDGET_S):
            notifier.turn()
        told = {"enabled": notifier.enabled, "waiting": notifier.waiting, **notifier.counts}
        self._context.report({"exporter": {"listen": self._address}, "notify": told})
        return CYCLE_S

    def command(self, command: Command) -> Answer:
        """Answer from the stores; a test message is delivered."""
        if command.verb == "notify_test":
            return self._notify_test(command.id)
        return self._ports.queries.answer(command)

    def _notify_test(self, request_id: str) -> Answer:
        notifier = self._ports.notifier
        if not notifier.enabled:
            message = "[notify] urls is empty: name at least one apprise address there"
            return refusal(request_id, "notify_off", message)
        budget_s = 2 * self._context.settings.notify.timeout_seconds + NOTIFY_BUDGET_S
        with self._context.heart.phase("notify test", budget_s):
            receipts = notifier.test()
        rows = [asdict(receipt) for receipt in receipts]
        message = "; ".join(_words(receipt) for receipt in receipts)
        delivered = all(receipt.delivered for receipt in receipts)
        code = Code.OK if delivered else "notify_failed"
        return Answer(request_id, delivered, code, message, {"receipts": rows})

    def trading(self, state: TradingState) -> None:
        """What is exported is asked of the supervisor."""

    def close(self) -> None:
        """Stop listening."""
        self._ports.notifier.close()
        self._ports.page.close()


def _words(receipt: Receipt) -> str:
    return f"{receipt.address}: {'delivered' if receipt.delivered else receipt.trouble}"
