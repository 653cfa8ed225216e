"""Whether the daemon's books say what the exchange knows to be true, to the last digit."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from powertraderd.adapters.sqlite.ledger import SqliteLedger
from powertraderd.model.money import ZERO_BASE
from powertraderd.model.order import OrderRecord
from powertraderd.strategy import ledgering

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
Truth = Sequence[Mapping[str, Any]]


def disagreements(
    ledger: Path, truth: Truth, balances: Mapping[str, Decimal], journal: Truth
) -> list[str]:
    """Everything that breaks the promise, in words; opening the ledger proves its own sums."""
    file = SqliteLedger(ledger, ledgering)
    try:
        records = file.orders_since(_LONG_AGO)
        books = file.books()
    finally:
        file.close()
    found = [*_orders(records, truth), *_repeated(truth, journal)]
    if ledgering.residual(books):
        found.append(f"residual {ledgering.residual(books)}")
    if books.cash != balances["USD"]:
        found.append(f"cash {books.cash}, at the exchange {balances['USD']}")
    for coin in {*books.positions, *books.dust, *balances} - {"USD"}:
        position = books.positions.get(coin)  # type: ignore[call-overload]
        own = (position.quantity if position else ZERO_BASE) + books.dust.get(coin, ZERO_BASE)  # type: ignore[call-overload]
        if own != balances.get(coin, Decimal(0)):
            found.append(f"{coin}: {own}, at the exchange {balances.get(coin, Decimal(0))}")
    return found


def _orders(records: Sequence[OrderRecord], truth: Truth) -> Iterator[str]:
    known = {record.intent.client_order_id: record for record in records}
    for order in truth:
        record = known.get(order["client_order_id"])
        if record is None:
            yield f"order {order['order_id']} is not in the ledger"
            continue
        ours = (record.order_id, record.state.value, record.filled_quantity, record.filled_value)
        theirs = (
            order["order_id"],
            order["status"],
            Decimal(order["filled_size"]),
            Decimal(order["filled_value"]),
        )
        if ours != theirs or record.fees != Decimal(order["fees"]):
            yield f"order {order['order_id']}: ledger {ours}, exchange {theirs}"
    placed = {order["client_order_id"] for order in truth}
    for record in records:
        name, state = record.intent.client_order_id, record.state
        if not state.final:
            yield f"{name} is still {state.value}"
        if name not in placed and (record.filled_quantity or record.order_id):
            yield f"{name} is {state.value} in the ledger and not at the exchange"


def _repeated(truth: Truth, journal: Truth) -> Iterator[str]:
    orders = Counter(order["client_order_id"] for order in truth)
    for name, count in orders.items():
        if count > 1:
            yield f"intent {name} became {count} orders"
    posts = [entry for entry in journal if entry["method"] == "POST"]
    for name, count in Counter(entry["client_order_id"] for entry in posts).items():
        if count > 1:
            yield f"intent {name} was sent {count} times"
