"""The trader on real stores and the paper exchange."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from powertraderd.errors import TransientExchangeError
from powertraderd.model.candle import Coin
from powertraderd.model.order import OrderState, Tag
from powertraderd.supervision.channel import TradingState
from powertraderd.testing.faulty_broker import Fault

BTC, ETH = Coin("BTC"), Coin("ETH")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
World = Any  # see conftest.py


def last_decision(world: World, coin: Coin = BTC) -> tuple[str, str]:
    """Action and reason of the coin's newest decision as reported."""
    decision = world.ears.reports()[-1]["coins"][coin]["decision"]
    return decision["action"], decision["reason_code"]


def test_the_first_start_pays_in_the_paper_cash_once(world: World) -> None:
    """Starting again does not pay in again."""
    world.start()
    world.start()
    books = world.own_ledger().books()
    assert books.paid_in == books.cash == Decimal(10_000)
    world.assert_equal_books()


def test_a_long_signal_becomes_a_position_that_both_books_know(world: World) -> None:
    """Entry: intent, order, fills, ledger; the next tick holds."""
    trader = world.start()
    world.say_long()
    world.tick(trader)
    position = world.own_ledger().books().positions[BTC]
    assert position.cost + position.fees == Decimal(50)
    (record,) = world.own_ledger().orders_since(LONG_AGO)
    assert (record.state, record.intent.tag) == (OrderState.FILLED, Tag.ENTRY)
    world.tick(trader, 3)
    assert len(world.reports()) == 1
    assert last_decision(world)[0] == "HOLD"
    world.assert_equal_books()


def test_averaging_down_and_the_trailing_exit_end_with_a_profit(world: World) -> None:
    """A whole life of a position: entry, DCA, armed exit, sale, dust-free books."""
    trader = world.start()
    world.say_long()
    world.tick(trader)
    world.market.put(BTC, "97")
    world.tick(trader)
    position = world.own_ledger().books().positions[BTC]
    assert position.stage == 1
    world.say_long(BTC, long=0)
    for bid in ("103", "105", "104"):
        world.market.put(BTC, bid)
        world.tick(trader)
    books = world.own_ledger().books()
    assert BTC not in books.positions
    assert books.realised > 0
    tags = {r.intent.tag for r in world.own_ledger().orders_since(LONG_AGO)}
    assert tags == {Tag.ENTRY, Tag.DCA, Tag.TRAIL_SELL}
    world.assert_equal_books()


def test_the_armed_exit_survives_a_restart(world: World) -> None:
    """Peak and line are in the ledger: a new trader sells where the old one would have."""
    trader = world.start()
    world.say_long()
    world.tick(trader)
    world.say_long(BTC, long=0)
    world.market.put(BTC, "110")
    world.tick(trader)
    trader = world.start()
    world.market.put(BTC, "108")
    world.tick(trader)
    assert BTC not in world.own_ledger().books().positions
    world.assert_equal_books()


@pytest.mark.parametrize("field", ["paused", "safe_mode", "halted"])
def test_nothing_is_opened_while_the_owner_or_the_supervisor_forbids_it(
    world: World, field: str
) -> None:
    """The context's newest state counts, whenever it came."""
    trader = world.start()
    world.context.trading = TradingState(**{field: True})
    world.say_long()
    world.tick(trader, 2)
    assert world.reports() == ()
    assert last_decision(world) == ("SKIP", field)
    world.context.trading = TradingState()
    world.say_long()
    world.tick(trader)
    assert len(world.reports()) == 1


def test_a_stale_signal_opens_nothing(world: World) -> None:
    """The thinker has been silent for longer than signal.max_age_seconds."""
    trader = world.start()
    world.say_long()
    world.clock.advance(301)
    world.tick(trader)
    assert world.reports() == ()
    assert last_decision(world) == ("SKIP", "signal_stale")


def test_a_difference_with_the_venue_holds_back_entries_and_says_what_differs(
    world: World,
) -> None:
    """Cash that the ledger does not know of; gone, trading goes on by itself."""
    trader = world.start()
    world.own_ledger().pay_in(Decimal(5), world.clock.now(), "a slip")
    answer = world.ask(trader, "reconcile")
    assert (answer.ok, answer.code) == (False, "differences")
    assert "5 missing" in answer.message
    world.say_long()
    world.tick(trader)
    assert last_decision(world) == ("SKIP", "differences")
    world.own_ledger().pay_in(Decimal(-5), world.clock.now(), "put right")
    world.tick(trader, 7)
    assert len(world.reports()) == 1


def test_a_venue_that_is_down_at_the_start_kills_nobody(world: World) -> None:
    """The trader starts, waits, and trades once the venue answers."""
    world.line.failing_reads = 1
    world.market.down = True
    trader = world.start()
    world.market.down = False
    world.say_long()
    world.tick(trader)
    assert len(world.reports()) == 1
    world.assert_equal_books()


def test_a_refused_order_is_not_asked_for_again_at_once(world: World) -> None:
    """The venue said no; half a minute later it may be asked again."""
    trader = world.start()
    world.line.faults = [Fault.REFUSED]
    for _ in range(5):
        world.say_long()
        world.tick(trader)
    assert len(world.line.asked) == 1
    world.clock.advance(30)
    world.say_long()
    world.tick(trader)
    assert len(world.reports()) == 1
    world.assert_equal_books()


def test_manual_orders_answer_what_was_filled_and_repeat_the_answer_only(world: World) -> None:
    """The same request id twice is one order; so it is after a restart."""
    trader = world.start()
    first = world.ask(trader, "buy", "once", coin="BTC", usd="100")
    assert first.ok
    assert first.data["state"] == "FILLED"
    assert Decimal(first.data["value"]) + Decimal(first.data["fees"]) == Decimal(100)
    again = world.ask(world.start(), "buy", "once", coin="BTC", usd="100")
    assert again.data == first.data
    assert len(world.reports()) == 1
    world.assert_equal_books()


def test_selling_by_hand_sells_only_what_the_daemon_bought(world: World) -> None:
    """Half, too much, all, and then nothing is left."""
    trader = world.start()
    world.ask(trader, "buy", "b", coin="BTC", usd="100")
    held = world.own_ledger().books().positions[BTC].quantity
    too_much = world.ask(trader, "sell", "s0", coin="BTC", qty=str(held + 1))
    assert (too_much.ok, too_much.code) == (False, "more_than_held")
    assert world.ask(trader, "sell", "s1", coin="BTC", pct="50").ok
    assert world.ask(trader, "sell", "s2", coin="BTC", all=True).ok
    world.tick(trader)
    assert BTC not in world.own_ledger().books().positions
    nothing = world.ask(trader, "sell", "s3", coin="BTC", all=True)
    assert not nothing.ok
    world.assert_equal_books()


def test_the_rest_below_an_increment_becomes_dust(world: World) -> None:
    """A finer fill than can be sold does not keep the position open for ever."""
    trader = world.start()
    world.ask(trader, "buy", "b", coin="ETH", usd="100")
    world.ask(trader, "sell", "s", coin="ETH", all=True)
    world.tick(trader)
    books = world.own_ledger().books()
    assert ETH not in books.positions
    assert 0 < books.dust[ETH] < Decimal("0.000001")
    world.assert_equal_books()


def test_an_increment_that_cannot_be_writes_no_position_off(world: World) -> None:
    """A venue that says for once that coins are sold by the million: the position is kept."""
    trader = world.start()
    world.ask(trader, "buy", coin="BTC", usd="100")
    bought = world.own_ledger().books()
    told = world.exchange.products

    def absurd(coins: Any) -> Any:  # noqa: ANN401 - passed on
        million = Decimal(1_000_000)
        return {coin: replace(each, base_increment=million) for coin, each in told(coins).items()}

    world.line.products = absurd
    world.tick(trader, 3, seconds=400)
    assert last_decision(world)[0] == "HOLD"
    kept = world.own_ledger().books()
    assert kept.positions[BTC].quantity == bought.positions[BTC].quantity
    assert (kept.realised, kept.dust) == (bought.realised, {})
    world.line.products = told
    world.tick(trader, 2, seconds=400)
    assert world.ask(trader, "sell", request_id="s", coin="BTC", all=True).ok
    world.assert_equal_books()


def test_an_unknown_coin_is_refused_with_the_known_ones(world: World) -> None:
    """The answer says what may be traded."""
    answer = world.ask(world.start(), "buy", coin="DOGE", usd="10")
    assert (answer.ok, answer.code) == (False, "unknown_coin")
    assert "BTC, ETH" in answer.message


def test_books_that_do_not_add_up_halt_trading_and_keep_the_trader_alive(world: World) -> None:
    """An order that became two at the venue: halted, said to the supervisor, nothing more sent."""
    trader = world.start()
    world.line.faults = [Fault.ANSWER_LOST]
    find = world.exchange.orders_since

    def doubled(product_id: str, start: Any) -> Any:  # noqa: ANN401 - passed on
        found = find(product_id, start)
        return (*found, *(replace(each, order_id=f"{each.order_id}-2") for each in found))

    world.line._inner = type(
        "Doubled", (), {"__getattr__": lambda _s, n: getattr(world.exchange, n)}
    )()
    world.line._inner.orders_since = doubled
    world.say_long()
    world.tick(trader, 3)
    assert len(world.ears.halts()) == 1
    assert "several orders" in world.ears.halts()[0]
    refused = world.ask(trader, "buy", coin="ETH", usd="10")
    assert (refused.ok, refused.code) == (False, "halted")
    assert len(world.line.asked) == 1


def test_every_figure_of_the_status_is_reported(world: World) -> None:
    """Account and coins as `ptctl status` shows them, decimals as text."""
    trader = world.start()
    world.say_long()
    world.tick(trader, 2)
    report = world.ears.reports()[-1]
    assert report["account"]["paid_in"] == "10000"
    assert report["account"]["residual"] == "0"
    position = report["coins"][BTC]["position"]
    assert position["stage"] == 0
    assert position["next_dca_source"] in {"hard", "neural N4"}
    assert Decimal(position["average_cost"]) == Decimal(100)
    assert report["coins"][ETH]["position"] is None


def test_the_report_says_how_long_ago_books_and_venue_were_compared(world: World) -> None:
    """A comparison that fails does not count as one."""
    trader = world.start()
    world.tick(trader, 2, seconds=60)
    assert world.ears.reports()[-1]["venue"]["reconciled_age_s"] == 60

    def fail() -> None:
        raise TransientExchangeError

    world.line.balances = fail
    world.tick(trader, 1, seconds=600)
    assert world.ears.reports()[-1]["venue"]["reconciled_age_s"] == 660
    assert world.ears.reports()[-1]["vitals"]["phases"]["broker.balances"]["failed"] == 1
