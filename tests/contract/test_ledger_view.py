"""What those who only look at the ledger may rely on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from powertraderd.adapters.sqlite import decision_rows
from powertraderd.adapters.sqlite.ledger import SqliteLedger
from powertraderd.adapters.sqlite.ledger_reader import LedgerReader
from powertraderd.errors import DataUnavailable
from powertraderd.model.candle import Coin
from powertraderd.model.decision import Action, ReasonCode
from powertraderd.model.history import AccountValue, Trade
from powertraderd.model.money import Base, Price, Usd
from powertraderd.model.order import OrderSide, OrderState, Tag
from powertraderd.ports import Ledger, LedgerView
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
EVER = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass
class Both:
    """The writer's ledger, with 1000 dollars, and the view of somebody else."""

    ledger: Ledger
    view: LedgerView


@pytest.fixture(params=["sqlite"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Both]:
    """Each ledger in turn; the view is there first, as the exporter is."""
    assert request.param == "sqlite"
    view = LedgerReader(tmp_path / "ledger.db")
    with pytest.raises(DataUnavailable, match=r"ledger\.db"):
        view.books()
    ledger = SqliteLedger(tmp_path / "ledger.db", ledgering)
    ledger.pay_in(Usd(Decimal(1000)), NOW, "start")
    yield Both(ledger, view)
    ledger.close()
    view.close()


def bought_and_sold(ledger: Ledger) -> None:
    """Buy 0.003 BTC in two fills, sell 0.002 of it."""
    buy = buy_intent("b-1")
    ledger.record_intent(buy)
    fills = [
        fill_of(buy, "t-1", "0.001", "60000", fee="0.4"),
        fill_of(buy, "t-2", "0.002", "60450", fee="0.7", at=NOW + SECOND),
    ]
    ledger.record_fills("b-1", fills, OrderState.FILLED, NOW + SECOND)
    sell = sell_intent("s-1", "0.002")
    ledger.record_intent(sell)
    fill = fill_of(sell, "t-3", "0.002", "66000", fee="0.8", at=NOW + 2 * SECOND)
    ledger.record_fills("s-1", [fill], OrderState.FILLED, NOW + 2 * SECOND)


def test_the_newest_commit_is_seen(both: Both) -> None:
    """Books are the same for both sides after every change."""
    assert both.view.books() == both.ledger.books()
    bought_and_sold(both.ledger)
    assert both.view.books() == both.ledger.books()
    assert ledgering.residual(both.view.books()) == 0


def test_orders_are_listed_newest_first(both: Both) -> None:
    """As the ledger itself tells them, no more than asked for."""
    bought_and_sold(both.ledger)
    both.ledger.record_intent(buy_intent("e-1", coin=ETH))
    orders = both.view.orders(10)
    assert [order.intent.client_order_id for order in orders] == ["e-1", "s-1", "b-1"]
    assert [both.ledger.order(order.intent.client_order_id) for order in orders] == list(orders)
    assert both.view.orders(2) == orders[:2]


def test_a_trade_is_an_order_with_fills(both: Both) -> None:
    """With the sums of its fills, the time of the last one and the profit of a sell."""
    bought_and_sold(both.ledger)
    both.ledger.record_intent(buy_intent("e-1", coin=ETH))
    sold, bought = both.view.trades(10)
    assert bought == Trade(
        client_order_id="b-1",
        at=NOW + SECOND,
        coin=BTC,
        side=OrderSide.BUY,
        tag=Tag.ENTRY,
        quantity=Base(Decimal("0.003")),
        average_price=Price(Decimal(60300)),
        value=Usd(Decimal("180.9")),
        fees=Usd(Decimal("1.1")),
        realised=None,
    )
    assert sold.tag is Tag.TRAIL_SELL
    assert sold.realised == both.ledger.books().realised > 0
    assert both.view.trades(1) == (sold,)


def test_fills_of_an_order_are_listed_oldest_first(both: Both) -> None:
    """As they were booked; an unknown order has none."""
    bought_and_sold(both.ledger)
    assert [fill.trade_id for fill in both.view.fills("b-1")] == ["t-1", "t-2"]
    (fill,) = both.view.fills("s-1")
    assert fill == fill_of(
        sell_intent("s-1", "0.002"), "t-3", "0.002", "66000", fee="0.8", at=NOW + 2 * SECOND
    )
    assert both.view.fills("nope") == ()


def test_a_decision_is_kept_when_it_differs_from_the_one_before(both: Both) -> None:
    """Another action or another reason of the same coin; new numbers alone are no change."""
    kept = [
        decision(at=NOW),
        decision(reason_code=ReasonCode.TRAILING, at=NOW + 3 * SECOND),
        decision(coin=ETH, at=NOW + 4 * SECOND),
        decision(Action.DCA, ReasonCode.DCA_HARD, at=NOW + 5 * SECOND),
        decision(at=NOW + 7 * SECOND),
    ]
    both.ledger.record_decision(kept[0])
    both.ledger.record_decision(decision(at=NOW + SECOND))
    both.ledger.record_decision(kept[1])
    both.ledger.record_decision(kept[2])
    both.ledger.record_decision(kept[3])
    both.ledger.record_decision(decision(coin=ETH, at=NOW + 6 * SECOND))
    both.ledger.record_decision(kept[4])
    assert both.view.decisions(10) == tuple(reversed(kept))
    assert both.view.decisions(2) == (kept[4], kept[3])
    assert both.view.decisions(10, ETH) == (kept[2],)


def test_what_a_decision_was_made_from_is_kept_beside_it(both: Both) -> None:
    """Oldest first, within the span; a person's decision has none; old inputs are dropped."""
    for number in range(4):
        made = decision(coin=Coin(f"C{number}"), at=NOW + number * SECOND)
        both.ledger.record_decision(made, None if number == 2 else f"view {number}")
    found = both.view.decision_inputs(NOW + SECOND, NOW + 3 * SECOND)
    assert [(made.coin, text) for made, text in found] == [("C1", "view 1"), ("C2", None)]


def test_inputs_are_kept_for_the_newest_decisions_alone(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file stays small; the decisions themselves stay longer."""
    monkeypatch.setattr(decision_rows, "INPUTS_KEPT", 2)
    for number in range(5):
        both.ledger.record_decision(decision(coin=Coin(f"C{number}"), at=NOW), "view")
    found = both.view.decision_inputs(NOW, NOW + SECOND)
    assert [text for _, text in found] == [None, None, None, "view", "view"]


def test_the_account_history_is_read_by_time(both: Both) -> None:
    """Oldest first, from the start on, before the end; of too many the newest."""
    samples = [
        AccountValue(NOW + number * SECOND, Decimal(1000 + number), Decimal("818.5"))
        for number in range(5)
    ]
    for sample in samples:
        both.ledger.record_account_value(sample.at, Usd(sample.value), Usd(sample.cash))
    assert both.view.account_values(*EVER, limit=10) == tuple(samples)
    assert both.view.account_values(*EVER, limit=2) == tuple(samples[3:])
    span = samples[1].at, samples[3].at
    assert both.view.account_values(*span, limit=10) == tuple(samples[1:3])
