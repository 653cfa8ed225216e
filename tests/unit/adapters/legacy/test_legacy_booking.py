"""Positions of the desktop bot in our own ledger, by estimates or by the exchange's fills."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from powertraderd.adapters.legacy import booking, folder
from powertraderd.adapters.legacy.booking import Standing
from powertraderd.adapters.legacy.finding import Outcome
from powertraderd.adapters.legacy.folder import Contents
from powertraderd.adapters.legacy.orders import OldOrder, checked, estimated
from powertraderd.adapters.sqlite.ledger import SqliteLedger
from powertraderd.adapters.sqlite.ledger_reader import LedgerReader
from powertraderd.errors import InvariantBroken
from powertraderd.model.candle import Coin
from powertraderd.model.money import Base, Price, Usd
from powertraderd.model.order import Fill, OrderReport, OrderSide, OrderState
from powertraderd.strategy import ledgering
from powertraderd.testing import legacy_folder
from powertraderd.testing.examples import NOW, buy_intent

ETH = Coin("ETH")


@pytest.fixture
def contents(small: Path) -> Contents:
    """What the small folder holds."""
    return folder.read(small)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger is."""
    return tmp_path / "ledger.db"


def book(path: Path, orders: tuple[OldOrder, ...]) -> None:
    """As the import does it."""
    with booking.on_a_copy(path, path.parent / "backups", ledgering) as ledger:
        booking.book(ledger, ETH, orders, "USD")


def test_a_position_is_booked_with_its_stage_and_the_times_of_its_buys(
    path: Path, contents: Contents
) -> None:
    """The books add up, cash stays what it was, and the real ledger opens them again."""
    book(path, estimated(contents.positions[0]))
    ledger = SqliteLedger(path, ledgering)
    books = ledger.books()
    position = books.positions[ETH]
    assert (position.quantity, position.cost) == (Decimal("0.06"), Decimal("116.25"))
    assert position.fees == 0
    assert position.stage == 1
    assert position.opened_at == datetime.fromtimestamp(1_700_007_200, UTC)
    assert position.dca_bought_at == (datetime.fromtimestamp(1_700_010_800.5, UTC),)
    assert books.paid_in == Decimal("116.25")
    assert books.cash == books.realised == 0
    assert ledgering.residual(books) == 0
    ledger.close()


def test_a_position_whose_trades_do_not_add_up_is_booked_as_one_buy(
    path: Path, contents: Contents
) -> None:
    """With the bot's total, at stage 0."""
    book(path, estimated(replace(contents.positions[0], trades=())))
    position = LedgerReader(path).books().positions[ETH]
    assert (position.quantity, position.cost, position.stage) == (
        Decimal("0.06"),
        Decimal("116.25"),
        0,
    )


def test_what_was_booked_is_known_the_second_time(path: Path, contents: Contents) -> None:
    """Also after the daemon has traded on."""
    orders = estimated(contents.positions[0])
    assert booking.standing(path, ETH, orders) is Standing.NEW
    book(path, orders)
    assert booking.standing(path, ETH, orders) is Standing.BOOKED
    assert booking.standing(path, ETH, orders[:1]) is Standing.BOOKED


def test_a_coin_that_we_hold_already_is_in_the_way(path: Path, contents: Contents) -> None:
    """Two positions are never mixed."""
    orders = estimated(contents.positions[0])
    book(path, orders)
    other = replace(orders[0], order_id="another")
    assert booking.standing(path, ETH, (other,)) is Standing.IN_THE_WAY


def test_a_booking_that_fails_leaves_the_ledger_as_it_was(path: Path, contents: Contents) -> None:
    """Nothing half done, no file left behind; the first order would have gone through."""
    ledger = SqliteLedger(path, ledgering)
    ledger.pay_in(Usd(Decimal(5)), NOW, "cash")
    ledger.close()
    before = path.read_bytes()
    first, second = estimated(contents.positions[0])
    twice = replace(second, order_id=first.order_id)
    with pytest.raises(InvariantBroken, match="known already"):
        book(path, (first, twice))
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.glob("ledger*")] == ["ledger.db"]


def test_the_ledger_before_the_import_is_kept(path: Path, contents: Contents) -> None:
    """With what was only in its log; the copy has everything."""
    ledger = SqliteLedger(path, ledgering)
    ledger.pay_in(Usd(Decimal(5)), NOW, "cash")
    book(path, estimated(contents.positions[0]))
    ledger.close()
    assert LedgerReader(path.parent / "backups" / booking.BEFORE_IMPORT).books().cash == 5
    assert LedgerReader(path).books().cash == 5
    assert ETH in LedgerReader(path).books().positions


def test_an_order_of_the_coin_in_flight_stops_the_booking(path: Path, contents: Contents) -> None:
    """One order in flight per product, here too."""
    ledger = SqliteLedger(path, ledgering)
    ledger.record_intent(buy_intent("ours", coin=ETH))
    ledger.close()
    with pytest.raises(InvariantBroken, match="not final yet"):
        book(path, estimated(contents.positions[0]))


class Asked:
    """An exchange that knows some orders; stands in for the real one, which is never contacted."""

    def __init__(self) -> None:
        """Know nothing."""
        self.known: dict[str, tuple[OrderReport, tuple[Fill, ...]]] = {}

    def knows(self, order_id: str, quantity: str, value: str, state: OrderState) -> None:
        """An order with one fill and a fee of 1 %, or without where the quantity is 0."""
        at = NOW
        amount, worth = Base(Decimal(quantity)), Usd(Decimal(value))
        fee = Usd(worth / 100)
        fill = Fill(
            trade_id=f"fill of {order_id}",
            order_id=order_id,
            client_order_id="the bot's own",
            coin=ETH,
            side=OrderSide.BUY,
            quantity=amount,
            price=Price(worth / amount) if amount else Price(Decimal(0)),
            value=worth,
            fee=fee,
            at=at,
        )
        report = OrderReport(
            order_id=order_id,
            client_order_id="the bot's own",
            product_id="ETH-USD",
            side=OrderSide.BUY,
            state=state,
            filled_quantity=amount,
            filled_value=worth,
            fees=fee,
            created_at=at,
            settled=state.final,
        )
        self.known[order_id] = report, (fill,) if amount else ()

    def order(self, order_id: str) -> OrderReport | None:
        """What it knows."""
        return self.known[order_id][0] if order_id in self.known else None

    def fills(self, order_id: str) -> tuple[Fill, ...]:
        """What it knows."""
        return self.known[order_id][1]


@pytest.fixture
def exchange() -> Asked:
    """It knows both buys, and better than the bot did."""
    asked = Asked()
    asked.knows(legacy_folder.FIRST, "0.0199", "39.6", OrderState.FILLED)
    asked.knows(legacy_folder.SECOND, "0.0397", "75.5", OrderState.FILLED)
    return asked


def test_the_exchanges_fills_count_and_not_the_estimates(
    path: Path, contents: Contents, exchange: Asked
) -> None:
    """Quantities, values and fees to the digit."""
    orders, _ = checked(contents.positions[0], (), exchange)
    book(path, orders)
    position = LedgerReader(path).books().positions[ETH]
    assert (position.quantity, position.cost, position.fees) == (
        Decimal("0.0596"),
        Decimal("115.1"),
        Decimal("1.151"),
    )
    assert position.stage == 1
    assert LedgerReader(path).books().cash == 0


def test_a_pending_order_that_was_filled_belongs_to_the_position(
    contents: Contents, exchange: Asked
) -> None:
    """The bot never saw it end; the coins are its own all the same."""
    exchange.knows(legacy_folder.PENDING, "0.1", "180", OrderState.FILLED)
    orders, findings = checked(contents.positions[0], contents.pending, exchange)
    assert [order.order_id for order in orders][-1] == legacy_folder.PENDING
    assert [each.outcome for each in findings] == [Outcome.CONVERTED]
    assert "was filled: 0.1 for 180" in findings[0].what


@pytest.mark.parametrize(
    ("state", "taken", "outcome"),
    [
        (OrderState.CANCELLED, 2, Outcome.NOT_NEEDED),
        (OrderState.PLACED, 0, Outcome.WAITING),
        (None, 2, Outcome.WAITING),
    ],
)
def test_a_pending_order_is_believed_only_at_its_end(
    contents: Contents, exchange: Asked, state: OrderState | None, taken: int, outcome: Outcome
) -> None:
    """Ended without fills, still open, unknown: each is told, and an open one stops the import."""
    if state is not None:
        exchange.knows(legacy_folder.PENDING, "0", "0", state)
    orders, findings = checked(contents.positions[0], contents.pending, exchange)
    assert len(orders) == taken
    assert [each.outcome for each in findings] == [outcome]
    assert legacy_folder.PENDING in findings[0].what


def test_a_position_with_an_order_that_the_exchange_does_not_know_is_not_taken(
    contents: Contents, exchange: Asked
) -> None:
    """A coin that may never have been bought must never be sold."""
    del exchange.known[legacy_folder.SECOND]
    orders, findings = checked(contents.positions[0], (), exchange)
    assert orders == ()
    assert legacy_folder.SECOND in findings[0].what


def test_fills_that_do_not_add_up_to_the_order_are_not_taken(
    contents: Contents, exchange: Asked
) -> None:
    """Some may not be visible yet."""
    report, fills = exchange.known[legacy_folder.FIRST]
    more = replace(report, filled_quantity=Base(Decimal("0.02")))
    exchange.known[legacy_folder.FIRST] = more, fills
    orders, findings = checked(contents.positions[0], (), exchange)
    assert orders == ()
    assert "fills of 0.0199 there, but says 0.02" in findings[0].what


def test_a_position_without_orders_cannot_be_checked(contents: Contents, exchange: Asked) -> None:
    """So it is not taken on the exchange's word."""
    orders, findings = checked(replace(contents.positions[0], trades=()), (), exchange)
    assert orders == ()
    assert "nothing could be checked" in findings[0].what
