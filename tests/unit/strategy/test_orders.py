"""Promises of the order table and of the intent."""

from decimal import Decimal
from itertools import product as combinations
from typing import Any

import pytest

from powertraderd.errors import InvariantBroken
from powertraderd.model.decision import Action, Decision, ReasonCode
from powertraderd.model.money import Base, Usd
from powertraderd.model.order import OrderEvent, OrderSide, OrderState, Tag
from powertraderd.strategy.orders import TABLE, advance, intent
from powertraderd.testing.coin_views import BTC, ETH, NOW, a_product

SIZE = Decimal("1.5")


def test_the_table_knows_every_state() -> None:
    """A new state must say what may follow it."""
    assert set(TABLE) == set(OrderState)


def test_every_event_leads_somewhere() -> None:
    """A new event must have at least one place in the table."""
    assert {event for row in TABLE.values() for event in row} == set(OrderEvent)


@pytest.mark.parametrize(("state", "event"), list(combinations(OrderState, OrderEvent)))
def test_every_move_is_either_known_or_impossible(state: OrderState, event: OrderEvent) -> None:
    """There is no third way: the table's state, or InvariantBroken that names both."""
    if event in TABLE[state]:
        assert advance(state, event) is TABLE[state][event]
        return
    with pytest.raises(InvariantBroken, match=f"{state}.*{event}"):
        advance(state, event)


def test_exactly_the_final_states_are_left_by_nothing() -> None:
    """What is final stays, unless it turns out to exist; what is not final can go on."""
    found = {OrderEvent.FOUND: OrderState.PLACED}
    assert {state for state, row in TABLE.items() if row in ({}, found)} == {
        state for state in OrderState if state.final
    }


def test_only_what_counted_as_never_placed_can_be_found() -> None:
    """An order that had an end at the exchange keeps it."""
    found = {state for state, row in TABLE.items() if OrderEvent.FOUND in row}
    assert found == {OrderState.NOT_PLACED, OrderState.REJECTED}


def test_every_order_can_reach_its_end() -> None:
    """From each state a final one can be reached, and each state from INTENDED."""
    reached = {OrderState.INTENDED}
    while True:
        more = reached | {target for state in reached for target in TABLE[state].values()}
        if more == reached:
            break
        reached = more
    assert reached == set(OrderState)
    ending = {state for state in OrderState if state.final}
    while True:
        more = ending | {state for state, row in TABLE.items() if ending & set(row.values())}
        if more == ending:
            break
        ending = more
    assert ending == set(OrderState)


def test_an_order_is_sent_once() -> None:
    """Only an intent that was never sent can be sent."""
    assert [state for state, row in TABLE.items() if OrderEvent.SEND in row] == [
        OrderState.INTENDED
    ]


def test_only_reading_declares_an_order_absent() -> None:
    """A request that may have left is UNKNOWN before it can be NOT_PLACED."""
    assert [state for state, row in TABLE.items() if OrderEvent.ABSENT in row] == [
        OrderState.UNKNOWN
    ]


def test_no_read_takes_a_fill_back() -> None:
    """From PARTIAL there is no way back to a state without fills."""
    assert set(TABLE[OrderState.PARTIAL].values()) == {
        OrderState.PARTIAL,
        OrderState.FILLED,
        OrderState.CANCELLED,
        OrderState.EXPIRED,
    }


def decided(action: Action, **sizes: Any) -> Decision:  # noqa: ANN401 - any size
    """A decision at NOW with its numbers."""
    return Decision(BTC, NOW, action, ReasonCode.MANUAL_COMMAND, {"bid": "100"}, **sizes)


@pytest.mark.parametrize("action", [Action.ENTRY, Action.DCA, Action.MANUAL_BUY])
def test_a_buy_is_meant_in_quote_currency(action: Action) -> None:
    """The intent carries the decision's time, reason and numbers."""
    order = intent(decided(action, quote_size=Usd(SIZE)), "id-1", a_product(), "request-1")
    assert (order.side, order.tag, order.quote_size, order.base_size) == (
        OrderSide.BUY,
        Tag(action),
        SIZE,
        None,
    )
    assert (order.client_order_id, order.request_id) == ("id-1", "request-1")
    assert (order.coin, order.product_id, order.created_at) == (BTC, "BTC-USD", NOW)
    assert (order.reason_code, order.inputs) == ("manual_command", {"bid": "100"})


@pytest.mark.parametrize("action", [Action.TRAIL_SELL, Action.MANUAL_SELL])
def test_a_sell_is_meant_in_coins(action: Action) -> None:
    """Without a request the intent names none."""
    order = intent(decided(action, base_size=Base(SIZE)), "id-1", a_product())
    assert (order.side, order.tag, order.quote_size, order.base_size) == (
        OrderSide.SELL,
        Tag(action),
        None,
        SIZE,
    )
    assert order.request_id is None


@pytest.mark.parametrize("action", [Action.HOLD, Action.SKIP, Action.DCA_SKIP, Action.MANUAL_SKIP])
def test_what_is_no_order_becomes_no_intent(action: Action) -> None:
    """Whatever sizes it carries."""
    with pytest.raises(InvariantBroken, match=action):
        intent(decided(action, base_size=SIZE, quote_size=SIZE), "id-1", a_product())


@pytest.mark.parametrize(
    "decision",
    [
        decided(Action.ENTRY, base_size=SIZE),
        decided(Action.TRAIL_SELL, quote_size=SIZE),
        decided(Action.ENTRY, quote_size=Decimal(0)),
        decided(Action.TRAIL_SELL, base_size=Decimal(-1)),
    ],
)
def test_an_order_needs_a_size_on_its_own_side(decision: Decision) -> None:
    """A buy of coins and a sell of dollars are mistakes."""
    with pytest.raises(InvariantBroken, match="is no order for BTC-USD"):
        intent(decision, "id-1", a_product())


def test_an_order_is_for_the_decided_coin() -> None:
    """Another coin's product is a mistake."""
    with pytest.raises(InvariantBroken, match="ETH-USD"):
        intent(
            decided(Action.ENTRY, quote_size=SIZE),
            "id-1",
            a_product(product_id="ETH-USD", coin=ETH),
        )
