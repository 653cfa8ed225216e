"""What a demo came to: from the last status, and from the ledger after the end."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from powertraderd.adapters.sqlite.ledger_reader import LedgerReader
from powertraderd.errors import DataUnavailable
from powertraderd.model.order import Tag
from powertraderd.strategy import ledgering

_EVERY_TRADE = 1_000_000


@dataclass(frozen=True, slots=True)
class Summary:
    """Cycles and restarts by worker, trades by tag; None for unknown."""

    cycles: dict[str, int]
    trades: dict[str, int]
    account_value: float | None
    ledger_residual: float | None
    restarts: dict[str, int]
    seconds: float

    def json(self) -> dict[str, Any]:
        """The last line of `powertraderd demo --json`."""
        return asdict(self)

    def words(self) -> str:
        """The same for people."""
        trades = ", ".join(f"{count} {tag}" for tag, count in self.trades.items() if count)
        value = "unknown" if self.account_value is None else f"{self.account_value:,.2f}"
        books = "balanced" if self.ledger_residual == 0 else f"off by {self.ledger_residual}"
        return (
            f"{self.seconds:.0f} s: {trades or 'no trades'}; account {value}; books {books}; "
            f"{sum(self.restarts.values())} restarts of workers"
        )


def summarise(status: Mapping[str, Any], ledger: Path, seconds: float) -> Summary:
    """``status`` is the last one that was seen; ``ledger`` is read after the daemon's end."""
    workers = status.get("workers", {})
    trades, residual = _from_ledger(ledger)
    value = status.get("account", {}).get("value")
    return Summary(
        cycles={name: int(each.get("loops") or 0) for name, each in workers.items()},
        trades=trades,
        account_value=None if value is None else float(value),
        ledger_residual=None if residual is None else float(residual) + 0.0,  # no minus zero
        restarts={name: int(each.get("restarts") or 0) for name, each in workers.items()},
        seconds=round(seconds, 1),
    )


def _from_ledger(path: Path) -> tuple[dict[str, int], Decimal | None]:
    """Trades by tag and the accounting identity's residual; unknown where there is no ledger."""
    reader = LedgerReader(path)
    try:
        counts = Counter(trade.tag for trade in reader.trades(_EVERY_TRADE))
        residual = ledgering.residual(reader.books())
    except DataUnavailable:
        return {}, None
    return {tag.value: counts[tag] for tag in Tag}, residual
