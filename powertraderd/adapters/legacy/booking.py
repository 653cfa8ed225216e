"""Booking the desktop bot's positions into our ledger: all of them or none.

The work is done on a copy that takes the ledger's place when it is complete; the ledger as it was
stays in the folder of backups.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from decimal import Decimal
from enum import Enum
from pathlib import Path

from powertraderd.adapters.legacy.orders import OldOrder
from powertraderd.adapters.sqlite.ledger import SqliteLedger
from powertraderd.adapters.sqlite.ledger_reader import LedgerReader
from powertraderd.errors import DataUnavailable
from powertraderd.model.candle import Coin
from powertraderd.model.money import EXACT, Base, Usd
from powertraderd.model.order import OrderIntent, OrderSide, OrderState
from powertraderd.ports import Bookkeeper, Ledger

BEFORE_IMPORT = "ledger-before-import.db"
REASON = "imported"
_ALL = 10**9


class Standing(Enum):
    """Whether orders are in the ledger."""

    NEW = "new"
    BOOKED = "booked before"
    IN_THE_WAY = "the coin is held already, or only some of the orders are known"


def standing(path: Path, coin: Coin, orders: Sequence[OldOrder]) -> Standing:
    """How ``orders`` of ``coin`` stand against the ledger at ``path``, which need not exist."""
    reader = LedgerReader(path)
    try:
        known = {record.intent.client_order_id for record in reader.orders(_ALL)}
        holds = coin in reader.books().positions
    except DataUnavailable:
        return Standing.NEW
    finally:
        reader.close()
    ours = {order.client_order_id for order in orders}
    if ours <= known:
        return Standing.BOOKED
    return Standing.IN_THE_WAY if holds or ours & known else Standing.NEW


def book(ledger: Ledger, coin: Coin, orders: Sequence[OldOrder], quote: str) -> None:
    """Book the orders of one coin, oldest first, and pay in what they cost.

    Cash stays as it was: the coins were paid for before our books began. Raises InvariantBroken
    where they cannot be booked.
    """
    for order in orders:
        ledger.record_intent(_intent(order, quote))
        ledger.record_fills(order.client_order_id, order.fills, OrderState.FILLED, order.at)
    bought = [order for order in orders if order.side is OrderSide.BUY]
    sold = [order for order in orders if order.side is OrderSide.SELL]
    cost = _sum(EXACT.add(order.value, order.fees) for order in bought)
    proceeds = _sum(EXACT.subtract(order.value, order.fees) for order in sold)
    paid = Usd(EXACT.subtract(cost, proceeds))
    ledger.pay_in(paid, orders[-1].at, f"{coin} position of PowerTrader_AI")


def _sum(amounts: Iterator[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def _intent(order: OldOrder, quote: str) -> OrderIntent:
    buy = order.side is OrderSide.BUY
    quantity = _sum(fill.quantity for fill in order.fills)
    return OrderIntent(
        client_order_id=order.client_order_id,
        coin=order.coin,
        product_id=f"{order.coin}-{quote}",
        side=order.side,
        tag=order.tag,
        created_at=order.at,
        quote_size=Usd(EXACT.add(order.value, order.fees)) if buy else None,
        base_size=None if buy else Base(quantity),
        reason_code=REASON,
    )


@contextmanager
def on_a_copy(path: Path, backup_dir: Path, keeper: Bookkeeper) -> Iterator[SqliteLedger]:
    """A ledger to work on, which takes the place of ``path`` when the block ends without error."""
    copy = path.with_name(f"{path.name}.importing")
    _remove(copy)
    if path.exists():
        _copied(path, copy)
    ledger = SqliteLedger(copy, keeper)
    with ExitStack() as undo:
        undo.callback(_remove, copy)
        undo.callback(ledger.close)
        yield ledger
        undo.pop_all()
    ledger.close()
    if path.exists():
        backup_dir.mkdir(mode=0o700, exist_ok=True)
        _copied(path, backup_dir / BEFORE_IMPORT)
    for log in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        log.unlink(missing_ok=True)  # its content is in the copy
    copy.replace(path)
    _sync_folder(path.parent)


def _copied(path: Path, copy: Path) -> None:
    _remove(copy)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    copy.chmod(0o600)


def _remove(path: Path) -> None:
    for each in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        each.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
