"""A ledger to begin with: made once, copied for each case."""

import shutil
import threading
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from powertraderd.adapters.sqlite.ledger import SqliteLedger
from powertraderd.model.money import Usd
from powertraderd.strategy import ledgering

CASH = Usd(Decimal(10_000))
_MAKING = threading.Lock()


def fresh_ledger(path: Path) -> None:
    """A ledger with the cash that the exchange holds, and nothing else."""
    with _MAKING:
        template = _template()
    shutil.copyfile(template, path)


@cache
def _template() -> Path:
    path = Path(mkdtemp(prefix="proof-")) / "ledger.db"
    ledger = SqliteLedger(path, ledgering)
    ledger.pay_in(CASH, datetime.now(UTC), "the proof's budget")
    ledger.close()
    return path
