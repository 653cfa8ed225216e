"""What every broker promises; one suite for the paper exchange and for the real one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce
from pathlib import Path

import pytest

from powertraderd.adapters.coinbase.broker import CoinbaseBroker
from powertraderd.adapters.paper import PaperBroker
from powertraderd.adapters.synthetic import SyntheticMarket
from powertraderd.clock import Clock, FrozenClock
from powertraderd.model.candle import Coin
from powertraderd.model.money import EXACT, floor_to, plain
from powertraderd.model.order import Fill, OrderReport, OrderSide, OrderState, Placed, Refused
from powertraderd.ports import Broker
from powertraderd.settings import CandleSettings, PaperSettings
from powertraderd.testing.examples import BTC, DOGE, buy_intent, sell_intent
from powertraderd.testing.venue import Algorithm
from powertraderd.testing.venue import Venue as Fakex
from powertraderd.testing.venue_broker import PatientClock, VenueClock, coinbase_broker

SOME_TIME = datetime(2024, 5, 1, 12, 20, tzinfo=UTC)
CASH = Decimal(10_000)
LATENCY_S = 0.05


@dataclass
class Venue:
    """A broker with 10,000 USD and nothing else, trading BTC and DOGE.

    ``settle`` waits until what was placed is filled and visible; ``reopen`` is what a restarted
    trader does.
    """

    broker: Broker
    clock: Clock
    settle: Callable[[], None]
    reopen: Callable[[], Broker]


@pytest.fixture(params=["paper", "coinbase-ES256", "coinbase-EdDSA"])
def venue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Venue]:
    """Each broker in turn."""
    name, _, algorithm = request.param.partition("-")
    if name == "paper":
        yield from paper(tmp_path)
    else:
        yield from coinbase(request.getfixturevalue("fakex"), algorithm)


def paper(folder: Path) -> Iterator[Venue]:
    """The paper exchange."""
    clock = FrozenClock(SOME_TIME)
    candles = CandleSettings(history_start=SOME_TIME - timedelta(days=2))
    settings = PaperSettings(starting_cash=CASH, latency_ms=int(LATENCY_S * 1000))
    market = SyntheticMarket(clock, candles, settings.spread_pct)
    opened: list[PaperBroker] = []

    def reopen() -> Broker:
        if opened:
            opened[-1].close()
        broker = PaperBroker(
            market, clock, settings, book=folder / "paper.db", quote="USD", coins=[BTC, DOGE]
        )
        opened.append(broker)
        return broker

    yield Venue(reopen(), clock, lambda: clock.advance(LATENCY_S), reopen)
    opened[-1].close()


def coinbase(fakex: Fakex, algorithm: Algorithm) -> Iterator[Venue]:
    """The Coinbase adapter over TLS against fakex."""
    clock = VenueClock(fakex, SOME_TIME)
    opened: list[CoinbaseBroker] = []

    def reopen() -> Broker:
        if opened:
            opened[-1].close()
        opened.append(coinbase_broker(fakex, PatientClock(clock), algorithm=algorithm))
        return opened[-1]

    yield Venue(reopen(), clock, lambda: clock.advance(1), reopen)
    opened[-1].close()


def total(amounts: Iterator[Decimal]) -> Decimal:
    """The exact sum."""
    return reduce(EXACT.add, amounts, Decimal(0))


def bought(venue: Venue, client_order_id: str = "b-1", size: str = "100") -> tuple[str, Decimal]:
    """Buy BTC and wait; returns the order id and the quantity."""
    placed = venue.broker.place(buy_intent(client_order_id, size))
    assert isinstance(placed, Placed)
    venue.settle()
    return placed.order_id, total(fill.quantity for fill in venue.broker.fills(placed.order_id))


def report_of(venue: Venue, order_id: str) -> OrderReport:
    """The order, which must be known."""
    report = venue.broker.order(order_id)
    assert report is not None
    return report


def test_quotes_have_two_sides_and_are_of_now(venue: Venue) -> None:
    """The bid is never above the ask, and the time is not ahead of the clock."""
    quotes = venue.broker.quotes([BTC, DOGE])
    assert set(quotes) == {BTC, DOGE}
    for coin, quote in quotes.items():
        assert quote.coin == coin
        assert 0 < quote.bid <= quote.ask
        assert quote.at <= venue.clock.now()


def test_products_have_steps_and_minimums(venue: Venue) -> None:
    """All above zero, open for trading; a coin that is not traded is missing."""
    products = venue.broker.products([BTC, DOGE, Coin("NOPE")])
    assert set(products) == {BTC, DOGE}
    for coin, product in products.items():
        assert product.coin == coin
        assert product.product_id == f"{coin}-USD"
        assert product.closed_because == ""
        assert product.base_increment > 0
        assert product.quote_increment > 0
        assert product.base_min_size > 0
        assert product.quote_min_size > 0


def test_products_do_not_change_while_the_price_moves(venue: Venue) -> None:
    """A restart does not change them either."""
    before = venue.broker.products([BTC, DOGE])
    venue.clock.sleep(5 * 3600)
    assert venue.reopen().products([BTC, DOGE]) == before


def test_the_fee_rate_is_a_fraction(venue: Venue) -> None:
    """0.006 means 0.6 percent."""
    assert Decimal(0) < venue.broker.fee_rate() < Decimal("0.1")


def test_a_placed_order_is_known_at_once(venue: Venue) -> None:
    """By its order id and in the list of its product, with our own id."""
    placed = venue.broker.place(buy_intent("b-1"))
    assert isinstance(placed, Placed)
    (listed,) = venue.broker.orders_since("BTC-USD", venue.clock.now() - timedelta(seconds=60))
    assert listed == report_of(venue, placed.order_id)
    assert listed.order_id == placed.order_id
    assert listed.client_order_id == "b-1"
    assert listed.product_id == "BTC-USD"
    assert listed.side is OrderSide.BUY


def test_an_order_that_is_not_settled_claims_nothing_final(venue: Venue) -> None:
    """Before its fills show, an order is not final, not settled, and has moved no money."""
    placed = venue.broker.place(buy_intent("b-1"))
    assert isinstance(placed, Placed)
    report = report_of(venue, placed.order_id)
    assert not report.state.final
    assert not report.settled
    assert report.filled_quantity == 0
    assert venue.broker.fills(placed.order_id) == ()
    assert venue.broker.balances().get("USD") == CASH


def test_a_buy_has_its_fees_inside(venue: Venue) -> None:
    """Values and fees of the fills add up to the size to the last digit."""
    order_id, _ = bought(venue, size="123.45")
    fills = venue.broker.fills(order_id)
    assert total(fill.value for fill in fills) + total(fill.fee for fill in fills) == Decimal(
        "123.45"
    )
    assert len(fills) >= 2, "nobody may rely on one fill per order"
    rate = total(fill.fee for fill in fills) / total(fill.value for fill in fills)
    assert abs(rate - venue.broker.fee_rate()) < Decimal("1e-9")


def test_a_settled_order_agrees_with_its_fills(venue: Venue) -> None:
    """Quantity, value and fees of the report are the sums of the fills."""
    order_id, quantity = bought(venue)
    report, fills = report_of(venue, order_id), venue.broker.fills(order_id)
    assert report.settled
    assert report.state is OrderState.FILLED
    assert report.filled_quantity == quantity
    assert report.filled_value == total(fill.value for fill in fills)
    assert report.fees == total(fill.fee for fill in fills)


def test_fills_say_whose_they_are(venue: Venue) -> None:
    """Each has its own trade id and names order, coin and side; the price is the ask."""
    ask = venue.broker.quotes([BTC])[BTC].ask
    order_id, _ = bought(venue)
    fills = venue.broker.fills(order_id)
    assert len({fill.trade_id for fill in fills}) == len(fills)
    for fill in fills:
        assert (fill.order_id, fill.client_order_id) == (order_id, "b-1")
        assert (fill.coin, fill.side) == (BTC, OrderSide.BUY)
        assert fill.price == ask
        assert fill.quantity > 0
        assert fill.at <= venue.clock.now()


def test_a_buy_moves_the_balances_exactly(venue: Venue) -> None:
    """Cash falls by the size, the coin rises by the fills."""
    _, quantity = bought(venue, size="250")
    assert venue.broker.balances()["USD"] == CASH - 250
    assert venue.broker.balances()["BTC"] == quantity


def test_a_sell_brings_value_less_fees_at_the_bid(venue: Venue) -> None:
    """The quantities of the fills add up to the size exactly."""
    _, quantity = bought(venue)
    product = venue.broker.products([BTC])[BTC]
    size = floor_to(quantity, product.base_increment)
    bid = venue.broker.quotes([BTC])[BTC].bid
    cash = venue.broker.balances()["USD"]
    placed = venue.broker.place(sell_intent("s-1", plain(size)))
    assert isinstance(placed, Placed)
    venue.settle()
    fills = venue.broker.fills(placed.order_id)
    assert total(fill.quantity for fill in fills) == size
    assert {fill.price for fill in fills} == {bid}
    earned = total(fill.value for fill in fills) - total(fill.fee for fill in fills)
    assert venue.broker.balances()["USD"] == EXACT.add(cash, earned)
    assert venue.broker.balances()["BTC"] == EXACT.subtract(quantity, size)


def test_a_known_client_order_id_returns_the_first_order(venue: Venue) -> None:
    """Sending an intent again, even a changed one, places nothing."""
    first = venue.broker.place(buy_intent("b-1", "100"))
    assert venue.broker.place(buy_intent("b-1", "200")) == first
    venue.settle()
    assert venue.broker.place(buy_intent("b-1", "100")) == first
    assert len(venue.broker.orders_since("BTC-USD", SOME_TIME)) == 1
    assert venue.broker.balances()["USD"] == CASH - 100


@pytest.mark.parametrize(
    ("size", "code"),
    [
        ("100.001", "INVALID_SIZE_PRECISION"),
        ("0.5", "INVALID_REQUEST"),
        ("100000000", "INVALID_REQUEST"),
        ("10000.01", "INSUFFICIENT_FUND"),
    ],
)
def test_a_buy_that_cannot_be_is_refused(venue: Venue, size: str, code: str) -> None:
    """Too precise, too small, too large, too dear: a value with a code, and nothing has changed."""
    refused = venue.broker.place(buy_intent("b-1", size))
    assert isinstance(refused, Refused)
    assert refused.code == code
    assert refused.message
    venue.settle()
    assert venue.broker.orders_since("BTC-USD", SOME_TIME - timedelta(days=1)) == ()
    assert venue.broker.balances()["USD"] == CASH


@pytest.mark.parametrize(
    ("size", "code"),
    [("0.000000001", "INVALID_SIZE_PRECISION"), ("1", "INSUFFICIENT_FUND")],
)
def test_a_sell_that_cannot_be_is_refused(venue: Venue, size: str, code: str) -> None:
    """What is not held cannot be sold."""
    bought(venue)
    refused = venue.broker.place(sell_intent("s-1", size))
    assert isinstance(refused, Refused)
    assert refused.code == code
    assert len(venue.broker.orders_since("BTC-USD", SOME_TIME)) == 1


def test_an_unknown_product_is_refused(venue: Venue) -> None:
    """Not an error: the exchange answered."""
    refused = venue.broker.place(buy_intent("b-1", coin=Coin("NOPE")))
    assert isinstance(refused, Refused)
    assert refused.code == "INVALID_PRODUCT_ID"


def test_an_unknown_order_is_none_and_has_no_fills(venue: Venue) -> None:
    """Unknown is not an error: it may be late."""
    order_id = "aaaaaaaa-0000-4000-8000-000000000001"
    assert venue.broker.order(order_id) is None
    assert venue.broker.fills(order_id) == ()


def test_the_list_of_orders_starts_at_the_time_asked_for(venue: Venue) -> None:
    """An order created exactly then is in it, an older one and another product's are not."""
    bought(venue, "b-1")
    venue.clock.sleep(10)
    middle = venue.clock.now()
    bought(venue, "b-2")
    venue.broker.place(buy_intent("d-1", coin=DOGE))
    since = venue.broker.orders_since("BTC-USD", middle)
    assert [report.client_order_id for report in since] == ["b-2"]


def test_the_exchange_outlives_the_trader(venue: Venue) -> None:
    """Orders, fills, balances and known ids are the same for a new incarnation."""
    order_id, _ = bought(venue)
    report, fills = report_of(venue, order_id), venue.broker.fills(order_id)
    balances = venue.broker.balances()
    again = venue.reopen()
    assert again.order(order_id) == report
    assert again.fills(order_id) == fills
    assert again.balances() == balances
    assert again.place(buy_intent("b-1")) == Placed(order_id)


def test_money_is_neither_made_nor_lost(venue: Venue) -> None:
    """After many orders of two coins the balances are exactly what the fills add up to."""
    cash, held = CASH, dict.fromkeys((BTC, DOGE), Decimal(0))
    products = venue.broker.products([BTC, DOGE])
    for number in range(30):
        coin = (BTC, DOGE)[number % 2]
        size = floor_to(held[coin] / 2, products[coin].base_increment)
        selling = number % 3 == 2 and size > 0
        placed = venue.broker.place(
            sell_intent(f"o-{number}", plain(size), coin=coin)
            if selling
            else buy_intent(f"o-{number}", plain(Decimal(number) / 10 + 7), coin=coin)
        )
        assert isinstance(placed, Placed)
        venue.settle()
        for fill in venue.broker.fills(placed.order_id):
            cash, held[coin] = after(fill, cash, held[coin])
        venue.clock.sleep(1800)
    balances = venue.broker.balances()
    assert balances["USD"] == cash
    assert {coin: balances[coin] for coin in held} == held


def after(fill: Fill, cash: Decimal, held: Decimal) -> tuple[Decimal, Decimal]:
    """Cash and holding after a fill."""
    sign = Decimal(1) if fill.side is OrderSide.BUY else Decimal(-1)
    cash = EXACT.subtract(EXACT.subtract(cash, EXACT.multiply(sign, fill.value)), fill.fee)
    return cash, EXACT.add(held, EXACT.multiply(sign, fill.quantity))
