"""The exporter's messenger: looks for news, queues them, hands them to the courier.

Nothing here waits. What does not fit into the queue, fails or takes too long is dropped and
counted; trading knows nothing of any of it.
"""

import json
from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from powertraderd import log
from powertraderd.clock import Clock
from powertraderd.errors import PowertraderError
from powertraderd.model.money import EXACT, Usd
from powertraderd.model.news import News, Receipt
from powertraderd.ports import LedgerView
from powertraderd.settings import NotifySettings
from powertraderd.workers import news

CURSOR = "notified.json"
_LOOK_BACK = 100
_DAY = timedelta(days=1)
_LOOK_S = 0.05


class Carrier(Protocol):
    """What carries messages; see adapters/courier.py."""

    @property
    def busy(self) -> bool:
        """Whether a delivery is on its way."""
        ...

    def send(self, news: News) -> None:
        """Begin a delivery; raises OSError when it cannot."""
        ...

    def outcome(self) -> tuple[Receipt, ...] | None:
        """Receipts once it is over."""
        ...

    def close(self) -> None:
        """End a delivery that is on its way."""
        ...


class Notifier:
    """One turn for each cycle of the exporter."""

    def __init__(
        self,
        *,
        settings: NotifySettings,
        carrier: Carrier,
        ledger: LedgerView,
        status: Callable[[], Mapping[str, Any]],
        clock: Clock,
        state_dir: Path,
    ) -> None:
        """``status`` asks the supervisor; the cursor file remembers what was told."""
        self._settings = settings
        self._carrier = carrier
        self._ledger = ledger
        self._status = status
        self._clock = clock
        self._path = state_dir / CURSOR
        self._told_until, self._day = self._read_cursor()
        self._before: Mapping[str, Any] = {}
        self._queue: deque[News] = deque()
        self.counts: Counter[str] = Counter()
        self._log = log.get(__name__)

    @property
    def enabled(self) -> bool:
        """Whether there is an address."""
        return bool(self._settings.urls)

    @property
    def waiting(self) -> int:
        """Messages in the queue."""
        return len(self._queue)

    def turn(self) -> None:
        """Look, queue, and see to the delivery; an unreadable source is looked at next time."""
        if not self.enabled:
            return
        self._settle()
        try:
            self._gather()
        except PowertraderError as error:
            self._log.debug("news_unknown", error=str(error))
        if self._queue and not self._carrier.busy:
            self._send(self._queue.popleft())

    def test(self) -> tuple[Receipt, ...]:
        """Deliver a message now and wait for the receipts; the courier's deadline bounds it."""
        while self._carrier.busy:
            self._settle()
            self._clock.sleep(_LOOK_S)
        self._carrier.send(News("test", "test", "this is what messages will look like"))
        while (receipts := self._carrier.outcome()) is None:
            self._clock.sleep(_LOOK_S)
        for receipt in receipts:
            self._count(receipt)
        return receipts

    def close(self) -> None:
        """A delivery on its way is given up."""
        self._carrier.close()

    def _gather(self) -> None:
        status = self._status()
        for each in news.changes(self._before, status):
            self._put(each)
        self._before = status
        self._gather_fills()
        self._gather_summary(status)

    def _gather_fills(self) -> None:
        ended = [
            order
            for order in self._ledger.orders(_LOOK_BACK)
            if order.state.final and order.filled_quantity and order.updated_at > self._told_until
        ]
        if not ended:
            return
        ended.sort(key=lambda order: order.updated_at)
        for each in news.fills(ended):
            self._put(each)
        self._told_until = ended[-1].updated_at
        self._write_cursor()

    def _gather_summary(self, status: Mapping[str, Any]) -> None:
        """Of the day before, once its midnight (UTC, market time) is past."""
        now = self._clock.now()
        if now.date() <= self._day:
            return
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        yesterday = midnight - _DAY
        since, of_today = map(self._ledger.realised_since, (yesterday, midnight))
        realised = Usd(EXACT.subtract(since, of_today))
        filled = sum(
            yesterday <= trade.at < midnight for trade in self._ledger.trades(10 * _LOOK_BACK)
        )
        self._put(news.summary(yesterday.date(), realised, filled, status))
        self._day = now.date()
        self._write_cursor()

    def _put(self, each: News) -> None:
        if each.kind not in self._settings.events:
            return
        if len(self._queue) >= self._settings.queue:
            self.counts["dropped"] += 1
            self._log.warning("news_dropped", kind=each.kind, title=each.title)
            return
        self._queue.append(each)

    def _send(self, each: News) -> None:
        try:
            self._carrier.send(each)
        except OSError as error:
            self.counts["failed"] += 1
            self._log.warning("news_not_sent", error=str(error))

    def _settle(self) -> None:
        for receipt in self._carrier.outcome() or ():
            self._count(receipt)

    def _count(self, receipt: Receipt) -> None:
        self.counts["delivered" if receipt.delivered else "failed"] += 1
        if not receipt.delivered:
            self._log.warning(
                "news_not_delivered", address=receipt.address, trouble=receipt.trouble
            )

    # What was told already

    def _read_cursor(self) -> tuple[datetime, date]:
        """From now on where there is no cursor yet, or one that cannot be read."""
        now = self._clock.now()
        try:
            cursor = json.loads(self._path.read_text(encoding="utf-8"))
            return datetime.fromisoformat(cursor["until"]), date.fromisoformat(cursor["day"])
        except (OSError, ValueError, KeyError, TypeError):
            return now, now.date()

    def _write_cursor(self) -> None:
        cursor = {"until": self._told_until.isoformat(), "day": self._day.isoformat()}
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(cursor), encoding="utf-8")
        fresh.replace(self._path)
