"""The collector: every figure is read when Prometheus asks, and a part that fails says so."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from powertraderd import __version__
from powertraderd.adapters.prometheus import (
    books,
    daemon,
    disk,
    safeguards,
    training,
    trust,
    workers,
)
from powertraderd.adapters.prometheus import signals as board
from powertraderd.adapters.prometheus.figures import Status, figure
from powertraderd.adapters.prometheus.sheet import Sheet
from powertraderd.adapters.sqlite.ledger_tally import LedgerTally
from powertraderd.clock import Clock
from powertraderd.errors import PowertraderError
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.money import Usd
from powertraderd.model.position import Books, Position
from powertraderd.model.rules import StrategyRules
from powertraderd.ports import LedgerView, SignalBoard


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the figures come from; used by the thread that serves scrapes and by no other.

    ``status`` and ``training`` ask the supervisor and may raise PowertraderError; ``residual`` and
    what follows are the strategy's own rules.
    """

    clock: Clock
    coins: Sequence[Coin]
    rules: StrategyRules
    status: Callable[[], Status]
    training: Callable[[], Status]
    ledger: LedgerView
    ledger_path: Path
    backup_dir: Path
    ca_file: Path | None
    key_renew_by: date | None
    signals: SignalBoard
    residual: Callable[[Books], Usd]
    dca_buys: Callable[[Position], int]
    affordable: Callable[[Usd], Mapping[str, int]]
    candles_late: Callable[[Timeframe], timedelta]
    worst_case: Callable[[Status], Mapping[str, Decimal]]


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
            "training": self._training,
            "risk": self._risk,
            "ledger": self._books,
            "tally": self._totals,
            "signals": self._signals,
            "disk": self._disk,
            "trust": self._trust,
        }
        errors = Sheet()
        for name, part in parts.items():
            sheet = Sheet()
            failed = _fails(part, sheet)
            errors.put("scrape_error", int(failed), part=name)
            if not failed:
                yield from sheet.families()
        yield from errors.families()

    def _settings(self, sheet: Sheet) -> None:
        rules = self._sources.rules
        sheet.put("build_info", 1, version=__version__)
        sheet.put("market_time_seconds", self._sources.clock.now().timestamp())
        sheet.put("entry_min_long_level", rules.entry.min_long_level)
        sheet.put("dca_max_24h", rules.dca.max_per_24h)
        sheet.put("signal_max_age_seconds", rules.signal.max_age_seconds)
        sheet.put("quote_max_age_seconds", rules.risk.quote_max_age_seconds)
        stale_after = timedelta(days=rules.training.stale_days)
        sheet.put("training_max_age_seconds", stale_after.total_seconds())
        for timeframe in Timeframe:
            late_s = self._sources.candles_late(timeframe).total_seconds()
            sheet.put("candle_max_age_seconds", late_s, timeframe=timeframe.value)

    def _supervisor(self, sheet: Sheet) -> None:
        status, now = self._sources.status(), self._sources.clock.now()
        workers.supervision(sheet, status)
        daemon.trading(sheet, status)
        safeguards.standing(sheet, status)
        safeguards.measures(sheet, status, self._sources.rules.risk)
        safeguards.messages(sheet, status)
        daemon.venue(sheet, status)
        daemon.market(sheet, status, now, self._sources.rules.dca.multiplier)
        training.skill(sheet, status)
        value = figure((status.get("account") or {}).get("value"))
        if value is None:
            return
        for mode, levels in self._sources.affordable(Usd(value)).items():
            sheet.put("dca_affordable_levels", levels, mode=mode)

    def _training(self, sheet: Sheet) -> None:
        training.training(sheet, self._sources.training(), self._sources.clock.now())

    def _risk(self, sheet: Sheet) -> None:
        safeguards.worst_case(sheet, self._sources.worst_case(self._sources.status()))

    def _books(self, sheet: Sheet) -> None:
        found = self._sources.ledger.books()
        books.money(sheet, found, self._sources.residual(found))
        books.recent_dca(
            sheet, {p.coin: self._sources.dca_buys(p) for p in found.positions.values()}
        )

    def _totals(self, sheet: Sheet) -> None:
        self._tally.refresh()
        books.tally(sheet, self._tally, self._sources.coins, self._sources.clock.now())

    def _signals(self, sheet: Sheet) -> None:
        board.signals(sheet, self._sources.signals.signals(), self._sources.clock.now())

    def _disk(self, sheet: Sheet) -> None:
        disk.disk(sheet, self._sources.ledger_path.parent)
        disk.backups(sheet, self._sources.backup_dir, datetime.now(UTC))

    def _trust(self, sheet: Sheet) -> None:
        wall = datetime.now(UTC)
        trust.certificates(sheet, self._sources.ca_file, wall)
        trust.key(sheet, self._sources.key_renew_by, wall)


def _fails(part: Callable[[Sheet], None], sheet: Sheet) -> bool:
    """Whether a part could not be read, or what it read has not the shape that it should have."""
    try:
        part(sheet)
    except (PowertraderError, OSError, LookupError, TypeError, ValueError, AttributeError):
        return True
    return False
