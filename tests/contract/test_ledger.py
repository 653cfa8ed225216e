"""What every ledger promises, with the real rules of the books."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from powertraderd.adapters.sqlite.ledger import SqliteLedger
from powertraderd.errors import InvariantBroken
from powertraderd.model.decision import Action, ReasonCode
from powertraderd.model.money import Base, Price, Usd
from powertraderd.model.order import Fill, OrderIntent, OrderSide, OrderState, Tag
from powertraderd.model.position import Position, Trail
from powertraderd.ports import Ledger
from powertraderd.strategy import ledgering
from powertraderd.testing.examples import (
    BTC,
    ETH,
    NOW,
    buy_intent,
    decision,
    fill_of,
    sell_intent,
)

SECOND = timedelta(seconds=1)


@dataclass
class Books:
    """A ledger into which 1000 dollars were paid; ``reopen`` is what a restarted trader does."""

    ledger: Ledger
    reopen: Callable[[], Ledger]

    def before_and_after_a_restart(self) -> Iterator[Ledger]:
        """The same promises hold for both."""
        yield self.ledger
        yield self.reopen()


@pytest.fixture(params=["sqlite"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    """Each ledger in turn."""
    assert request.param == "sqlite"
    opened: list[SqliteLedger] = []

    def reopen() -> Ledger:
        if opened:
            opened[-1].close()
        opened.append(SqliteLedger(tmp_path / "ledger.db", ledgering))
        return opened[-1]

    ledger = reopen()
    ledger.pay_in(Usd(Decimal(1000)), NOW, "start")
    yield Books(ledger, reopen)
    opened[-1].close()


def two_fills(intent: OrderIntent) -> list[Fill]:
    """0.003 BTC for 180.9 dollars and 1.1 dollars of fees."""
    return [
        fill_of(intent, "t-1", "0.001", "60000", fee="0.4"),
        fill_of(intent, "t-2", "0.002", "60450", fee="0.7"),
    ]


def bought(ledger: Ledger, client_order_id: str = "b-1") -> OrderIntent:
    """A whole entry, filled twice."""
    intent = buy_intent(client_order_id)
    ledger.record_intent(intent)
    ledger.record_fills(client_order_id, two_fills(intent), OrderState.FILLED, NOW + SECOND)
    return intent


def test_a_new_ledger_has_what_was_paid_in(kept: Books) -> None:
    """Cash, and nothing else."""
    books = kept.ledger.books()
    assert [books.paid_in, books.cash, books.realised] == [Decimal(n) for n in (1000, 1000, 0)]
    assert books.positions == {}
    assert books.dust == {}


def test_cash_can_be_taken_back(kept: Books) -> None:
    """A negative amount."""
    kept.ledger.pay_in(Usd(Decimal("-0.01")), NOW, "fee of the bank")
    assert kept.ledger.books().cash == Decimal("999.99")
    assert kept.reopen().books().paid_in == Decimal("999.99")


def test_an_intent_is_known_before_it_is_sent(kept: Books) -> None:
    """With everything that led to it, in state INTENDED, also after a restart."""
    intent = buy_intent("b-1", "12.345", request_id="r-1")
    kept.ledger.record_intent(intent)
    for ledger in kept.before_and_after_a_restart():
        record = ledger.order("b-1")
        assert record is not None
        assert record.intent == intent
        assert record.state is OrderState.INTENDED
        assert record.updated_at == intent.created_at
        assert (record.order_id, record.refusal, record.realised) == (None, None, None)
        assert not any((record.filled_quantity, record.filled_value, record.fees))
        assert ledger.open_orders() == (record,)


def test_an_unknown_order_is_none(kept: Books) -> None:
    """By our own id and by request."""
    assert kept.ledger.order("nope") is None
    assert kept.ledger.order_by_request("nope") is None


def test_an_intent_is_written_once(kept: Books) -> None:
    """A known id is refused, even for another product."""
    kept.ledger.record_intent(buy_intent("b-1"))
    with pytest.raises(InvariantBroken, match="client order id is known"):
        kept.ledger.record_intent(buy_intent("b-1", coin=ETH))


def test_a_request_leads_to_one_order(kept: Books) -> None:
    """And repeating it finds that order."""
    intent = buy_intent("b-1", request_id="r-1", tag=Tag.MANUAL_BUY)
    kept.ledger.record_intent(intent)
    with pytest.raises(InvariantBroken, match="request"):
        kept.ledger.record_intent(buy_intent("b-2", request_id="r-1", coin=ETH))
    found = kept.ledger.order_by_request("r-1")
    assert found is not None
    assert found.intent == intent


def test_a_product_has_one_order_in_flight(kept: Books) -> None:
    """The second one is refused until the first one is final; other products are free."""
    kept.ledger.record_intent(buy_intent("b-1"))
    kept.ledger.record_intent(buy_intent("e-1", coin=ETH))
    with pytest.raises(InvariantBroken, match="not final"):
        kept.ledger.record_intent(buy_intent("b-2"))
    kept.ledger.set_order_state("b-1", OrderState.NOT_PLACED, NOW)
    kept.ledger.record_intent(buy_intent("b-2"))
    open_orders = kept.ledger.open_orders()
    assert [record.intent.client_order_id for record in open_orders] == ["e-1", "b-2"]


def test_an_order_moves_on(kept: Books) -> None:
    """State, time, the exchange's id and the refusal; what is None stays."""
    kept.ledger.record_intent(buy_intent("b-1"))
    kept.ledger.set_order_state("b-1", OrderState.PLACED, NOW + SECOND, order_id="x-1")
    kept.ledger.set_order_state("b-1", OrderState.REJECTED, NOW + 2 * SECOND, refusal="NO: why")
    for ledger in kept.before_and_after_a_restart():
        record = ledger.order("b-1")
        assert record is not None
        assert record.state is OrderState.REJECTED
        assert record.updated_at == NOW + 2 * SECOND
        assert (record.order_id, record.refusal) == ("x-1", "NO: why")
        assert ledger.open_orders() == ()


def test_an_unknown_or_final_order_does_not_move(kept: Books) -> None:
    """What is final stays final."""
    with pytest.raises(InvariantBroken, match="b-1 is unknown"):
        kept.ledger.set_order_state("b-1", OrderState.SENDING, NOW)
    bought(kept.ledger)
    with pytest.raises(InvariantBroken, match="final"):
        kept.ledger.set_order_state("b-1", OrderState.UNKNOWN, NOW)


def test_an_order_that_counted_as_never_placed_can_be_found(kept: Books) -> None:
    """It is PLACED under the exchange's id, once, and blocks its product like any order."""
    ledger = kept.ledger
    ledger.record_intent(buy_intent("b-1"))
    ledger.set_order_state("b-1", OrderState.SENDING, NOW)
    ledger.set_order_state("b-1", OrderState.NOT_PLACED, NOW, refusal="absent")
    ledger.revive_order("b-1", "x-1", NOW)
    (order,) = ledger.open_orders()
    assert (order.state, order.order_id) == (OrderState.PLACED, "x-1")
    with pytest.raises(InvariantBroken, match="not final"):
        ledger.record_intent(buy_intent("b-2"))
    with pytest.raises(InvariantBroken, match="found late"):
        ledger.revive_order("b-1", "x-2", NOW)


def test_an_order_is_not_found_while_another_is_in_flight(kept: Books) -> None:
    """Nothing is written; it is found when the other one is final."""
    ledger = kept.ledger
    ledger.record_intent(buy_intent("b-1"))
    ledger.set_order_state("b-1", OrderState.NOT_PLACED, NOW)
    ledger.record_intent(buy_intent("b-2"))
    with pytest.raises(InvariantBroken, match="not final"):
        ledger.revive_order("b-1", "x-1", NOW)
    found = ledger.order("b-1")
    assert found is not None
    assert found.state is OrderState.NOT_PLACED


def test_an_order_keeps_the_id_that_the_exchange_gave(kept: Books) -> None:
    """Another id would be another order; and two orders never share one."""
    kept.ledger.record_intent(buy_intent("b-1"))
    kept.ledger.set_order_state("b-1", OrderState.PLACED, NOW, order_id="x-1")
    with pytest.raises(InvariantBroken, match="x-2"):
        kept.ledger.set_order_state("b-1", OrderState.PARTIAL, NOW, order_id="x-2")
    kept.ledger.record_intent(buy_intent("e-1", coin=ETH))
    with pytest.raises(InvariantBroken, match="exchange id"):
        kept.ledger.set_order_state("e-1", OrderState.PLACED, NOW, order_id="x-1")


def test_fills_become_a_position(kept: Books) -> None:
    """Quantity, cost and fees are their sums; the order shows them too."""
    intent = bought(kept.ledger)
    for ledger in kept.before_and_after_a_restart():
        books = ledger.books()
        assert books.positions == {
            BTC: Position(
                coin=BTC,
                quantity=Base(Decimal("0.003")),
                cost=Usd(Decimal("180.9")),
                fees=Usd(Decimal("1.1")),
                opened_at=NOW,
            )
        }
        assert books.cash == Decimal(818)
        assert ledgering.residual(books) == 0
        record = ledger.order(intent.client_order_id)
        assert record is not None
        assert record.state is OrderState.FILLED
        assert record.order_id == "order-of-b-1"
        assert (record.filled_quantity, record.fees) == (Decimal("0.003"), Decimal("1.1"))
        assert record.filled_value == Decimal("180.9")
        assert record.realised is None


def test_a_fill_is_booked_once(kept: Books) -> None:
    """Whatever is read again, in whatever portions, also after a restart."""
    intent = buy_intent("b-1")
    fills = two_fills(intent)
    kept.ledger.record_intent(intent)
    kept.ledger.record_fills("b-1", fills[:1], OrderState.PARTIAL, NOW)
    kept.ledger.record_fills("b-1", fills[:1], OrderState.PARTIAL, NOW)
    ledger = kept.reopen()
    ledger.record_fills("b-1", [*fills, *fills], OrderState.FILLED, NOW)
    after = ledger.record_fills("b-1", fills, OrderState.FILLED, NOW)
    assert after.cash == 818
    assert kept.reopen().books() == after


def test_a_final_order_takes_no_new_fills(kept: Books) -> None:
    """Known ones may be read again, but nothing may come after the end."""
    intent = bought(kept.ledger)
    late = fill_of(intent, "t-3", "0.001", "60000")
    before = kept.ledger.books()
    with pytest.raises(InvariantBroken, match="final"):
        kept.ledger.record_fills("b-1", [late], OrderState.FILLED, NOW)
    with pytest.raises(InvariantBroken, match="final"):
        kept.ledger.record_fills("b-1", [], OrderState.PARTIAL, NOW)
    assert kept.ledger.books() == before
    assert kept.reopen().books() == before


@pytest.mark.parametrize(
    "change",
    [
        {"price": Price(Decimal(60001))},
        {"fee": Usd(Decimal("0.5"))},
        {"quantity": Base(Decimal("0.0010000000000001"))},
        {"at": NOW + SECOND},
    ],
)
def test_a_fill_does_not_change(kept: Books, change: dict[str, object]) -> None:
    """A known trade id with other content is no correction but a contradiction."""
    intent = buy_intent("b-1")
    first, second = two_fills(intent)
    kept.ledger.record_intent(intent)
    kept.ledger.record_fills("b-1", [first], OrderState.PARTIAL, NOW)
    changed = replace(first, **change)  # type: ignore[arg-type]  # one field, by name
    with pytest.raises(InvariantBroken, match="t-1"):
        kept.ledger.record_fills("b-1", [changed, second], OrderState.FILLED, NOW)
    with pytest.raises(InvariantBroken, match="t-2"):
        kept.ledger.record_fills("b-1", [second, replace(second, at=NOW + SECOND)],
                                 OrderState.FILLED, NOW)  # fmt: skip
    order = kept.ledger.order("b-1")
    assert order is not None
    assert order.state is OrderState.PARTIAL
    assert order.filled_quantity == Decimal("0.001")


@pytest.mark.parametrize(
    "change",
    [
        {"client_order_id": "b-2"},
        {"coin": ETH},
        {"side": OrderSide.SELL},
        {"order_id": "another"},
    ],
)
def test_only_fills_of_the_order_are_booked(kept: Books, change: dict[str, object]) -> None:
    """Another order's fill is refused with everything that came along."""
    intent = buy_intent("b-1")
    kept.ledger.record_intent(intent)
    kept.ledger.set_order_state("b-1", OrderState.PLACED, NOW, order_id="order-of-b-1")
    first, second = two_fills(intent)
    foreign = replace(second, **change)  # type: ignore[arg-type]  # one field, by name
    with pytest.raises(InvariantBroken, match="t-2 is not one of order b-1"):
        kept.ledger.record_fills("b-1", [first, foreign], OrderState.FILLED, NOW)
    assert kept.ledger.books().cash == 1000
    with pytest.raises(InvariantBroken, match="nope is unknown"):
        kept.ledger.record_fills("nope", [], OrderState.FILLED, NOW)


def test_a_sell_realises_and_closes(kept: Books) -> None:
    """Profit after all fees; the position is gone and the time of its end is known."""
    bought(kept.ledger)
    assert kept.ledger.last_exit_at(BTC) is None
    intent = sell_intent("s-1", "0.003")
    kept.ledger.record_intent(intent)
    fills = [
        fill_of(intent, "t-3", "0.001", "66000", fee="0.4"),
        fill_of(intent, "t-4", "0.002", "66000", fee="0.8", at=NOW + SECOND),
    ]
    kept.ledger.record_fills("s-1", fills, OrderState.FILLED, NOW + 2 * SECOND)
    profit = Decimal(198) - Decimal("1.2") - Decimal("180.9") - Decimal("1.1")
    for ledger in kept.before_and_after_a_restart():
        books = ledger.books()
        assert books.positions == {}
        assert books.realised == profit
        assert books.cash == 1000 + profit
        record = ledger.order("s-1")
        assert record is not None
        assert record.realised == profit
        assert ledger.last_exit_at(BTC) == NOW + SECOND


def test_more_than_was_bought_is_never_sold(kept: Books) -> None:
    """The whole batch is refused, also the part that would have been possible."""
    bought(kept.ledger)
    before = kept.ledger.books()
    intent = sell_intent("s-1", "0.004")
    kept.ledger.record_intent(intent)
    fills = [
        fill_of(intent, "t-3", "0.002", "66000"),
        fill_of(intent, "t-4", "0.002", "66000"),
    ]
    with pytest.raises(InvariantBroken, match="t-4"):
        kept.ledger.record_fills("s-1", fills, OrderState.FILLED, NOW)
    assert kept.ledger.books() == before
    assert kept.reopen().books() == before


def test_a_dca_buy_is_one_stage_however_often_it_is_filled(kept: Books) -> None:
    """Its fills may come in several portions and across a restart."""
    bought(kept.ledger)
    intent = buy_intent("d-1", tag=Tag.DCA)
    kept.ledger.record_intent(intent)
    fills = [fill_of(intent, f"d-{n}", "0.001", "50000", fee="0.3") for n in range(3)]
    kept.ledger.record_fills("d-1", fills[:1], OrderState.PARTIAL, NOW)
    ledger = kept.reopen()
    ledger.record_fills("d-1", fills, OrderState.FILLED, NOW)
    for books in (ledger.books(), kept.reopen().books()):  # in this order
        position = books.positions[BTC]
        assert position.stage == 1
        assert position.dca_bought_at == (NOW,)
        assert position.quantity == Decimal("0.006")


def test_a_rest_that_cannot_be_sold_becomes_dust(kept: Books) -> None:
    """Its cost is a loss, its quantity stays visible, its position is over."""
    intent = buy_intent("b-1")
    kept.ledger.record_intent(intent)
    fill = fill_of(intent, "t-1", "0.0000000012345678", "60000", fee="0.1")
    kept.ledger.record_fills("b-1", [fill], OrderState.FILLED, NOW)
    loss = fill.value + fill.fee
    kept.ledger.close_remainder(BTC, NOW + SECOND)
    for ledger in kept.before_and_after_a_restart():
        books = ledger.books()
        assert books.positions == {}
        assert books.dust == {BTC: Decimal("0.0000000012345678")}
        assert books.realised == -loss
        assert books.cash == 1000 - loss
        assert ledger.last_exit_at(BTC) == NOW + SECOND
    with pytest.raises(InvariantBroken, match="BTC"):
        kept.reopen().close_remainder(BTC, NOW)


def test_the_trailing_exit_survives(kept: Books) -> None:
    """Armed state, peak and line; a buy starts it anew, nobody else touches it."""
    bought(kept.ledger)
    trail = Trail(armed=True, peak=Price(Decimal("70000.5")), line=Price(Decimal("69650.4975")))
    kept.ledger.save_trail(BTC, trail)
    kept.ledger.pay_in(Usd(Decimal(5)), NOW, "more")
    assert kept.ledger.books().positions[BTC].trail == trail
    ledger = kept.reopen()
    assert ledger.books().positions[BTC].trail == trail
    intent = buy_intent("d-1", tag=Tag.DCA)
    ledger.record_intent(intent)
    ledger.record_fills("d-1", [fill_of(intent, "d-1", "1", "1")], OrderState.FILLED, NOW)
    assert ledger.books().positions[BTC].trail == Trail()


def test_a_trailing_exit_belongs_to_a_position(kept: Books) -> None:
    """Keeping one for nothing is a mistake of the caller."""
    with pytest.raises(InvariantBroken, match="BTC"):
        kept.ledger.save_trail(BTC, Trail())


def test_orders_are_found_by_time(kept: Books) -> None:
    """From the moment asked for on, oldest first, final or not."""
    for number, coin in enumerate((BTC, ETH)):
        kept.ledger.record_intent(buy_intent(f"b-{number}", coin=coin, at=NOW + number * SECOND))
    found = kept.ledger.orders_since(NOW)
    assert [record.intent.client_order_id for record in found] == ["b-0", "b-1"]
    found = kept.ledger.orders_since(NOW + timedelta(microseconds=1))
    assert [record.intent.client_order_id for record in found] == ["b-1"]


def test_a_broken_identity_writes_nothing(kept: Books) -> None:
    """A figure that no book can hold: refused, and the ledger is as it was."""
    intent = buy_intent("b-1")
    kept.ledger.record_intent(intent)
    for amount in (Usd(Decimal("NaN")), Usd(Decimal("Infinity"))):
        broken = replace(fill_of(intent, "t-1", "0.001", "60000"), fee=amount)
        with pytest.raises(InvariantBroken):
            kept.ledger.record_fills("b-1", [broken], OrderState.FILLED, NOW)
    assert kept.ledger.books().cash == 1000
    assert kept.reopen().books().cash == 1000


def test_decisions_and_account_values_are_taken(kept: Books) -> None:
    """They can be read by those who look (see the view's own promises)."""
    kept.ledger.record_decision(decision())
    kept.ledger.record_decision(decision(Action.DCA, ReasonCode.DCA_HARD))
    kept.ledger.record_account_value(NOW, Usd(Decimal("1000.5")), Usd(Decimal(818)))
