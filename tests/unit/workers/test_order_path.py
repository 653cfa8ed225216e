"""The order path under every failure: at most one order for an intent, and none forgotten.

The exchange's own book is the witness. A death is taken at every step of the path, and the line
to the exchange loses requests and answers, and shows orders late.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from powertraderd.model.candle import Coin
from powertraderd.model.order import OrderState
from powertraderd.supervision.quarantine import Quarantine
from powertraderd.testing.dying import Killed
from powertraderd.testing.faulty_broker import Fault
from powertraderd.testing.heart import RecordedHeart
from powertraderd.workers.order_desk import FILLS, ORDER, OrderDesk, Patience

BTC = Coin("BTC")
World = Any  # see conftest.py
Trader = Any

DEATHS = (
    ("ledger", "record_intent", "before", 1),
    ("ledger", "record_intent", "after", 1),
    ("ledger", "set_order_state", "before", 1),
    ("ledger", "set_order_state", "after", 1),
    ("broker", "place", "before", 1),
    ("broker", "place", "after", 1),
    ("ledger", "set_order_state", "before", 2),
    ("ledger", "set_order_state", "after", 2),
    ("broker", "order", "before", 1),
    ("broker", "order", "after", 1),
    ("broker", "fills", "after", 1),
    ("ledger", "record_fills", "before", 1),
    ("ledger", "record_fills", "after", 1),
    ("ledger", "record_fills", "before", 2),
    ("ledger", "record_fills", "after", 2),
)
LAGS_S = (0.0, 2.0, 40.0)


def orders(world: World) -> list[Any]:
    """All that the ledger knows."""
    return list(world.own_ledger().orders_since(world.clock.now() - timedelta(days=1)))


def live_until_quiet(world: World, trader: Trader) -> None:
    """No signal any more; the trader, or its next incarnation, finds out what became of all."""
    world.say_long(BTC, long=0)
    for _ in range(30):
        try:
            world.tick(trader, seconds=5)
        except Killed:
            trader = world.start()
    assert world.own_ledger().open_orders() == ()


@pytest.mark.parametrize("lag_s", LAGS_S)
@pytest.mark.parametrize("death", DEATHS, ids=lambda d: "-".join(map(str, d)))
def test_a_death_at_any_step_of_an_entry_loses_and_repeats_nothing(
    world: World, death: tuple[str, str, str, int], lag_s: float
) -> None:
    """Killed, restarted, and the signal still says LONG: still one order for one intent."""
    world.line.lag = timedelta(seconds=lag_s)
    world.exchange._latency = timedelta(seconds=1)  # so that fills come in a later look
    trader = world.start(dying=death)
    world.say_long()
    try:
        world.tick(trader, 3)
    except Killed:
        trader = world.start()
        world.say_long()
        world.tick(trader, 3)
    live_until_quiet(world, trader)
    world.assert_equal_books()
    placed = [r for r in orders(world) if r.state is OrderState.FILLED]
    assert len(world.reports()) == len(placed) <= 1
    assert len(world.line.asked) <= 1


@pytest.mark.parametrize("death", DEATHS, ids=lambda d: "-".join(map(str, d)))
def test_a_death_at_any_step_of_a_sale_sells_once(
    world: World, death: tuple[str, str, str, int]
) -> None:
    """What was bought is sold at most once, and the books say the same as the exchange."""
    trader = world.start()
    world.ask(trader, "buy", "b", coin="BTC", usd="100")
    trader = world.start(dying=death)
    try:
        world.ask(trader, "sell", "s", coin="BTC", all=True)
    except Killed:
        trader = world.start()
    live_until_quiet(world, trader)
    world.assert_equal_books()
    trader = world.start()
    answer = world.ask(trader, "sell", "s", coin="BTC", all=True)
    assert answer.ok or answer.code == "order_refused"
    world.tick(trader)
    world.assert_equal_books()
    assert len(world.reports()) <= 2


@pytest.mark.parametrize("lag_s", [0.0, 2.0, 55.0])
@pytest.mark.parametrize(
    ("fault", "placed"),
    [(Fault.ANSWER_LOST, 1), (Fault.ANSWER_GARBLED, 1), (Fault.REQUEST_LOST, 0)],
)
def test_an_answer_that_is_lost_is_found_by_reading_and_never_sent_again(
    world: World, fault: Fault, placed: int, lag_s: float
) -> None:
    """LONG all the time: no second order for the coin while the first one's fate is unknown."""
    world.line.faults = [fault]
    world.line.lag = timedelta(seconds=lag_s)
    trader = world.start()
    for _ in range(50):
        world.say_long()
        world.tick(trader)
        assert len(world.line.asked) == 1 or not world.own_ledger().open_orders()
        if placed == 0:
            assert len(world.line.asked) == 1
    live_until_quiet(world, trader)
    world.assert_equal_books()
    first = orders(world)[0]
    assert first.state is (OrderState.FILLED if placed else OrderState.NOT_PLACED)


def test_absence_counts_only_after_the_quiet_window(world: World) -> None:
    """59 seconds: still unknown; 61: not placed, and the reason says for how long it was absent."""
    world.line.faults = [Fault.REQUEST_LOST]
    trader = world.start()
    world.say_long()
    world.tick(trader)
    world.say_long(BTC, long=0)
    world.tick(trader, 53)  # the tick itself has waited five seconds for the answer
    assert orders(world)[0].state is OrderState.UNKNOWN
    world.tick(trader, 5)
    assert orders(world)[0].state is OrderState.NOT_PLACED
    assert "absent" in orders(world)[0].refusal


def test_a_jump_of_the_wall_clock_does_not_shorten_the_quiet_window(world: World) -> None:
    """An hour ahead in no time: the venue's lists have not become any fresher by that."""
    world.line.faults = [Fault.REQUEST_LOST]
    trader = world.start()
    world.say_long()
    world.tick(trader)
    world.clock._now += timedelta(hours=1)
    world.tick(trader, 2)
    assert orders(world)[0].state is OrderState.UNKNOWN


def test_an_order_that_shows_after_the_quiet_window_is_booked_all_the_same(world: World) -> None:
    """Not placed for all one could see, then found: entries wait until the books have it."""
    world.line.faults = [Fault.ANSWER_LOST]
    world.line.lag = timedelta(seconds=200)
    trader = world.start()
    world.say_long()
    world.tick(trader)
    world.say_long(BTC, long=0)
    world.tick(trader, 30, seconds=5)
    assert orders(world)[0].state is OrderState.NOT_PLACED
    world.tick(trader, 80, seconds=5)
    assert orders(world)[0].state is OrderState.FILLED
    world.assert_equal_books()
    assert len(world.line.asked) == 1


def test_what_is_found_late_waits_for_the_order_in_flight(world: World) -> None:
    """One order in flight per product: the late one is taken up when the other one is final."""
    world.line.faults = [Fault.ANSWER_LOST]
    world.line.lag = timedelta(seconds=200)
    trader = world.start()
    world.say_long()
    world.tick(trader)
    for _ in range(14):
        world.say_long(BTC, long=0)
        world.tick(trader, seconds=5)
    world.say_long()
    world.tick(trader)  # another entry, another intent
    assert len(world.line.asked) == 2
    world.say_long(BTC, long=0)
    world.tick(trader, 150, seconds=5)
    assert [record.state for record in orders(world)] == [OrderState.FILLED] * 2
    world.assert_equal_books()


def test_an_intent_that_became_two_orders_halts_trading(world: World) -> None:
    """The first one was answered and booked; the second one is only in the venue's list."""
    trader = world.start()
    world.say_long()
    world.tick(trader)
    world.say_long(BTC, long=0)
    listed = world.exchange.orders_since
    twin = "aaaaaaaa-0000-4000-8000-000000000002"

    def doubled(product_id: str, start: Any) -> Any:  # noqa: ANN401 - passed on
        found = listed(product_id, start)
        return (*found, *(replace(report, order_id=twin) for report in found))

    world.line.orders_since = doubled
    world.tick(trader, 80, seconds=5)
    assert any("several orders" in reason for reason in world.ears.halts())


def test_fills_that_come_after_the_end_of_an_order_are_a_difference(world: World) -> None:
    """What is final is not booked again: nothing more is opened, and it is said where."""
    trader = world.start()
    world.say_long()
    world.tick(trader, 3)
    (record,) = orders(world)
    assert record.state is OrderState.FILLED
    listed = world.exchange.orders_since

    def grown(product_id: str, start: Any) -> Any:  # noqa: ANN401 - passed on
        return tuple(
            replace(report, filled_quantity=2 * report.filled_quantity)
            for report in listed(product_id, start)
        )

    world.line.orders_since = grown
    answer = world.ask(trader, "reconcile")
    assert answer.code == "differences"
    assert f"order {record.order_id} is FILLED with" in answer.message
    assert "the venue's list says" in answer.message
    world.say_long(Coin("ETH"))
    world.tick(trader, 3)
    assert len(orders(world)) == 1
    assert world.ears.halts() == []
    world.line.orders_since = listed
    assert world.ask(trader, "reconcile", request_id="r2").ok


def test_late_fills_are_told_beside_an_order_of_unknown_outcome(world: World) -> None:
    """One difference does not hide the other."""
    trader = world.start()
    world.say_long()
    world.tick(trader, 3)
    world.line.faults = [Fault.REQUEST_LOST]
    world.say_long(Coin("ETH"))
    world.tick(trader)
    listed = world.exchange.orders_since
    world.line.orders_since = lambda product_id, start: tuple(
        replace(report, filled_quantity=2 * report.filled_quantity)
        for report in listed(product_id, start)
    )
    message = world.ask(trader, "reconcile").message
    assert "the venue's list says" in message
    assert "its outcome is not known yet" in message


def test_reads_that_fail_delay_the_booking_and_change_nothing(world: World) -> None:
    """The venue goes down right after the order."""
    trader = world.start()
    world.line.failing_reads = 100
    world.say_long()
    world.tick(trader)
    assert orders(world)[0].state is OrderState.PLACED
    world.line.failing_reads = 0
    world.tick(trader)
    assert orders(world)[0].state is OrderState.FILLED
    world.assert_equal_books()


def test_fills_that_come_one_by_one_are_booked_one_by_one(world: World) -> None:
    """PARTIAL with what is known, FILLED when order and fills agree."""
    trader = world.start()
    hidden = {"left": 1}
    read = world.exchange.fills

    def some(order_id: str) -> Any:  # noqa: ANN401 - passed on
        fills = read(order_id)
        hidden["left"] -= bool(fills)
        return fills[: 1 if hidden["left"] >= 0 else None]

    world.line.fills = some
    states = []
    book = world.own_ledger().record_fills

    def noted(*args: Any) -> Any:  # noqa: ANN401 - passed on
        states.append(args[2])
        return book(*args)

    world.own_ledger().record_fills = noted
    world.say_long()
    world.tick(trader)
    assert states == [OrderState.PARTIAL, OrderState.FILLED]
    world.assert_equal_books()


def test_a_fill_of_another_order_is_refused(world: World) -> None:
    """The order stays open and nothing is booked."""
    trader = world.start()
    world.ask(trader, "buy", "eth", coin="ETH", usd="20")
    others = world.exchange.fills(world.reports(Coin("ETH"))[0].order_id)
    world.line.fills = lambda _order_id: others
    world.say_long()
    world.tick(trader)
    assert orders(world)[-1].state is OrderState.PLACED
    assert BTC not in world.own_ledger().books().positions


def test_every_call_to_the_venue_is_a_promise_that_names_the_order(world: World) -> None:
    """A hang in any of them can be blamed on this very order."""
    world.start()
    heart = RecordedHeart()
    desk = a_desk(world, heart)
    record = desk.submit(world.an_entry(), world.exchange.products([BTC])[BTC])
    names = {promise.name: promise for promise in heart.promises}
    assert names["broker.place"].detail == record.intent.client_order_id
    assert names["broker.order"].detail == names["broker.fills"].detail == record.order_id
    assert heart.open == []


def test_an_order_that_hung_its_reader_is_read_by_another_route(world: World) -> None:
    """The quarantined call is not made; the list of orders tells the same."""
    world.start()
    desk = a_desk(world, RecordedHeart(), {ORDER})
    world.exchange.order = None  # would raise
    record = desk.submit(world.an_entry(), world.exchange.products([BTC])[BTC])
    assert record.state is OrderState.FILLED


def test_an_order_whose_fills_hung_the_reader_is_left_for_later(world: World) -> None:
    """There is no other route to fills: the order stays open, and nothing is invented."""
    world.start()
    desk = a_desk(world, RecordedHeart(), {FILLS})
    record = desk.submit(world.an_entry(), world.exchange.products([BTC])[BTC])
    assert record.state is OrderState.PLACED


def test_the_trader_hands_its_quarantines_to_the_desk(world: World) -> None:
    """The key is the phase with its detail; it holds until its time is over."""
    trader = world.start()
    until_ns = world.clock.monotonic_ns() + 10
    world.context.quarantines = (Quarantine(ORDER, "o1", until_ns, 1),)
    assert trader._avoid(ORDER, "o1")
    assert not trader._avoid(ORDER, "o2")
    world.clock.advance(1)
    assert not trader._avoid(ORDER, "o1")


def a_desk(world: World, heart: RecordedHeart, avoided: Collection[str] = ()) -> OrderDesk:
    """A desk of its own on the world's stores."""
    return OrderDesk(
        broker=world.line,
        ledger=world.own_ledger(),
        clock=world.clock,
        heart=heart,
        budgets=world.settings.supervisor.budgets,
        patience=Patience(settle_s=5, quiet_window_s=60),
        avoid=lambda phase, _detail: phase in avoided,
        forbidden=lambda _side: "",
    )
