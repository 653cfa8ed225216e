"""The collector: every figure is read when Prometheus asks, and a part that fails says so."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from powertraderd import __version__
from powertraderd.adapters.prometheus import books, daemon
from powertraderd.adapters.prometheus import signals as board
from powertraderd.adapters.prometheus.sheet import Sheet
from powertraderd.adapters.sqlite.ledger_tally import LedgerTally
from powertraderd.clock import Clock
from powertraderd.errors import PowertraderError
from powertraderd.model.money import Usd
from powertraderd.model.position import Books, Position
from powertraderd.model.rules import StrategyRules
from powertraderd.ports import LedgerView, SignalBoard

Status = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the figures come from; used by the thread that serves scrapes and by no other.

    ``status`` asks the supervisor and may raise PowertraderError; the functions below it are the
    strategy's own rules.
    """

    clock: Clock
    rules: StrategyRules
    status: Callable[[], Status]
    ledger: LedgerView
    ledger_path: Path
    signals: SignalBoard
    residual: Callable[[Books], Usd]
    dca_buys: Callable[[Position], int]
    affordable: Callable[[Usd], Mapping[str, int]]


class DaemonCollector(Collector):
    """Collects all parts; one that fails leaves its figures out and sets its error flag."""

    def __init__(self, sources: Sources) -> None:
        """Nothing is read yet."""
        self._sources = sources
        self._tally = LedgerTally(sources.ledger_path)

    def describe(self) -> Iterator[Metric]:
        """Nothing beforehand: registering must not read anything."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """One scrape."""
        parts: Mapping[str, Callable[[Sheet], None]] = {
            "settings": self._settings,
            "supervisor": self._supervisor,
            "ledger": self._books,
            "tally": self._totals,
            "signals": self._signals,
        }
        errors = Sheet()
        for name, part in parts.items():
            sheet = Sheet()
            failed = _fails(part, sheet)
            errors.gauge(
                "scrape_error", "1 where a part could not be read.", int(failed), part=name
            )
            if not failed:
                yield from sheet.families()
        yield from errors.families()

    def _settings(self, sheet: Sheet) -> None:
        sheet.gauge("build_info", "The version that runs.", 1, version=__version__)
        sheet.gauge(
            "market_time_seconds",
            "Market time since 1970 UTC, by which candles and orders are dated.",
            self._sources.clock.now().timestamp(),
        )
        rules = self._sources.rules
        sheet.gauge(
            "entry_min_long_level",
            "Timeframes that must say LONG before a position is opened.",
            rules.entry.min_long_level,
        )
        sheet.gauge(
            "dca_max_24h",
            "Averaging-down buys allowed for a position within 24 hours.",
            rules.dca.max_per_24h,
        )

    def _supervisor(self, sheet: Sheet) -> None:
        status, now = self._sources.status(), self._sources.clock.now()
        daemon.supervision(sheet, status)
        daemon.market(sheet, status, now)
        daemon.training(sheet, status, now)
        value = daemon.figure((status.get("account") or {}).get("value"))
        if value is None:
            return
        for mode, levels in self._sources.affordable(Usd(value)).items():
            sheet.gauge(
                "dca_affordable_levels",
                "Averaging-down stages that the account's value pays for at constant price.",
                levels,
                mode=mode,
            )

    def _books(self, sheet: Sheet) -> None:
        found = self._sources.ledger.books()
        books.money(sheet, found, self._sources.residual(found))
        books.recent_dca(
            sheet, {p.coin: self._sources.dca_buys(p) for p in found.positions.values()}
        )

    def _totals(self, sheet: Sheet) -> None:
        self._tally.refresh()
        books.tally(sheet, self._tally, self._sources.clock.now())

    def _signals(self, sheet: Sheet) -> None:
        board.signals(sheet, self._sources.signals.signals(), self._sources.clock.now())


def _fails(part: Callable[[Sheet], None], sheet: Sheet) -> bool:
    """Whether a part could not be read, or what it read has not the shape that it should have."""
    try:
        part(sheet)
    except (PowertraderError, LookupError, TypeError, ValueError, AttributeError):
        return True
    return False
