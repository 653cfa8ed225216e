"""F34: SIGKILL of the real trader at every crash point around an order, on the paper exchange."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from powertraderd.adapters.sqlite.ledger_reader import LedgerReader
from powertraderd.model.order import OrderRecord, OrderState
from powertraderd.strategy import ledgering
from powertraderd.supervision.protocol import Answer
from powertraderd.testing.rig import Daemon, until
from powertraderd.workers.wiring import LEDGER_DB, PAPER_DB

# Each step of the order path, before and after; numbers tell the moves of one order apart.
CRASH_POINTS = [
    "kill_before ledger.record_intent",
    "kill_after ledger.record_intent",
    "kill_before ledger.set_order_state 1",  # to SENDING
    "kill_after ledger.set_order_state 1",
    "kill_before broker.place",
    "kill_after broker.place",
    "kill_before ledger.set_order_state 2",  # the outcome
    "kill_after ledger.set_order_state 2",
    "kill_before broker.order",
    "kill_after broker.fills",
    "kill_before ledger.record_fills",
    "kill_after ledger.record_fills",
]
BEFORE_THE_INTENT = CRASH_POINTS[0]
NEVER_SENT = CRASH_POINTS[1:5]


@pytest.fixture(scope="module")
def _trading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    under_test = Daemon(tmp_path_factory.mktemp("trading"), "trainer", "trader")
    under_test.configure(breaker_fast_deaths=1000, breaker_slow_deaths=1000)
    under_test.start()
    until(under_test.bought, "the first candles")
    yield under_test
    under_test.clean_up()


@pytest.fixture
def trading(_trading: Daemon) -> Iterator[Daemon]:
    """A daemon with the real trader; exporter and thinker only act."""
    until(_trading.all_running, "all workers to run")
    until(_trading.bought, "a trader that has compared its books and trades")
    _trading.forget()
    yield _trading
    _trading.order("trader", "")


def _orders(daemon: Daemon, request_id: str) -> list[OrderRecord]:
    reader = LedgerReader(daemon.state_dir / LEDGER_DB)
    try:
        return [each for each in reader.orders(1000) if each.intent.request_id == request_id]
    finally:
        reader.close()


def _at_the_exchange(daemon: Daemon) -> dict[str, Decimal]:
    """Client order id to the quantity that the paper exchange gave, from its own book."""
    found: dict[str, Decimal] = {}
    with closing(_paper(daemon.state_dir / PAPER_DB)) as book:
        rows = book.execute(
            "SELECT o.client_order_id, f.quantity FROM orders o LEFT JOIN fill f USING (order_id)"
        ).fetchall()
    for client_order_id, quantity in rows:
        found[client_order_id] = found.get(client_order_id, Decimal(0)) + Decimal(quantity or 0)
    return found


def _paper(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)


def _final(daemon: Daemon, request_id: str) -> Answer:
    """Ask again with the same id until there is an answer that stays."""
    daemon.replaced("trader", 0)
    open_ended = {"order_unsettled", "not_ready", "timed_out", "exchange_unavailable"}

    def asked() -> Answer | None:
        answer = daemon.buy(request_id)
        return None if answer.code in open_ended else answer

    return until(asked, f"an answer to {request_id} that stays")


@pytest.mark.parametrize("point", CRASH_POINTS)
def test_f34_a_trader_killed_at_any_point_orders_once_and_forgets_nothing(
    trading: Daemon, point: str
) -> None:
    """The same request again: one order at most, and the ledger holds what the exchange gave."""
    request_id = point.replace(" ", ":")
    pid = trading.worker("trader")["pid"]
    trading.order("trader", f"once {point}")
    trading.buy(request_id)
    died = trading.logged("worker_died", "trader")
    assert (died["reason"], died["signal"]) == ("signalled", 9)
    trading.replaced("trader", pid)
    answer = _final(trading, request_id)
    [record] = _orders(trading, request_id)
    given = _at_the_exchange(trading)
    assert record.state.final
    if point in NEVER_SENT:
        assert (answer.code, record.state) == ("order_refused", OrderState.NOT_PLACED)
        assert record.intent.client_order_id not in given
    else:
        assert (answer.ok, record.state) == (True, OrderState.FILLED)
        assert given[record.intent.client_order_id] == record.filled_quantity > 0
    _books_agree(trading, given)


def _books_agree(daemon: Daemon, given: dict[str, Decimal]) -> None:
    """Nothing at the exchange that the ledger does not know, and the identity holds to zero."""
    reader = LedgerReader(daemon.state_dir / LEDGER_DB)
    try:
        booked = {r.intent.client_order_id: r.filled_quantity for r in reader.orders(1000)}
        assert given == {key: booked[key] for key in given}
        assert ledgering.residual(reader.books()) == 0
    finally:
        reader.close()
