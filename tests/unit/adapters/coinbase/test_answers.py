"""The documented and recorded answers become values; what cannot be true does not."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from powertraderd.adapters.coinbase import answers, market, reports
from powertraderd.errors import InvalidAnswer
from powertraderd.model.candle import Coin
from powertraderd.model.order import OrderSide, OrderState
from powertraderd.testing.examples import BTC

NOW = datetime(2026, 11, 23, 0, 29, tzinfo=UTC)
ID = "aaaaaaaa-0000-4000-8000-000000000001"

# A recorded real fill, with its quirks: sizes finer than the increment, a price off the tick,
# nanoseconds, and an empty fee.
ORDER = json.loads("""
{"order_id":"aaaaaaaa-0000-4000-8000-000000000001","product_id":"BTC-USD",
"order_configuration":{"market_market_ioc":{"quote_size":"1.5","rfq_enabled":false}},"side":"BUY",
"client_order_id":"835443cc-1535-4eee-be06-5f6def060efc","status":"FILLED",
"time_in_force":"IMMEDIATE_OR_CANCEL","created_time":"2024-12-05T14:01:07.278515Z",
"completion_percentage":"100","filled_size":"0.0000144833961948",
"average_filled_price":"102795.8999998081720639","fee":"","number_of_fills":"2",
"filled_value":"1.488833746898263","pending_cancel":false,"size_in_quote":true,
"total_fees":"0.011166253101737","total_value_after_fees":"1.5","settled":true,
"cancel_message":"Internal error","last_fill_time":"2024-12-05T14:01:07.345053156Z"}
""")
LISTED = json.loads("""
{"order_id":"aaaaaaaa-0000-4000-8000-000000000002","product_id":"ETH-USD","client_order_id":"c-2",
"side":"SELL","status":"OPEN","filled_size":"0","average_filled_price":"0","total_fees":"0",
"created_time":"2026-11-23T10:00:00Z","last_fill_time":null,"reject_reason":"","settled":false}
""")
FILL = json.loads("""
{"entry_id":"e-1","trade_id":"t-1","order_id":"aaaaaaaa-0000-4000-8000-000000000001",
"trade_time":"2026-11-23T10:30:00Z","trade_type":"FILL","price":"45123.45","size":"0.005",
"commission":"1.14","product_id":"BTC-USD","sequence_timestamp":"2026-11-23T10:30:00.123456Z",
"liquidity_indicator":"TAKER","size_in_quote":false,"side":"BUY","retail_portfolio_id":""}
""")
PRODUCT = json.loads("""
{"product_id":"BTC-USD","price":"68923.67","base_increment":"0.00000001","quote_increment":"0.01",
"quote_min_size":"1","quote_max_size":"150000000","base_min_size":"0.00000001",
"base_max_size":"3400","is_disabled":false,"status":"online","cancel_only":false,
"limit_only":false,"post_only":false,"trading_disabled":false,"auction_mode":false,
"mid_market_price":"","view_only":false,"alias_to":["BTC-USDC"]}
""")
BOOK = json.loads("""
{"product_id":"BTC-USD","bids":[{"price":"68923.66","size":"0.17"}],
"asks":[{"price":"68923.67","size":"0.16"}],"time":"2026-11-23T00:28:59.662782Z"}
""")


def order(**changes: Any) -> answers.OrderAnswer:  # noqa: ANN401 - JSON
    """The recorded order, changed."""
    return answers.read(answers.OrderAnswer, {**ORDER, **changes}, "order")


def fill(**changes: Any) -> answers.FillAnswer:  # noqa: ANN401 - JSON
    """The documented fill, changed."""
    return answers.read(answers.FillAnswer, {**FILL, **changes}, "fills")


def quotes(*books: dict[str, Any]) -> dict[Coin, Any]:
    """The quotes of some books."""
    read = answers.read(answers.BestBidAsk, {"pricebooks": list(books)}, "quotes")
    return market.quotes(read.pricebooks, {"BTC-USD": BTC}, NOW)


def product(**changes: Any) -> Any:  # noqa: ANN401 - JSON
    """The documented product, changed."""
    read = answers.read(answers.ProductAnswer, {**PRODUCT, **changes}, "products")
    return dict(market.products([read], {"BTC-USD": BTC}))[BTC]


def test_the_recorded_order_is_read_to_the_last_digit() -> None:
    """Its value and fees add up to its size."""
    report = reports.report("order", order())
    assert report.filled_quantity == Decimal("0.0000144833961948")
    assert report.filled_value + report.fees == Decimal("1.5")
    assert (report.state, report.settled) == (OrderState.FILLED, True)
    assert report.created_at == datetime(2024, 12, 5, 14, 1, 7, 278515, tzinfo=UTC)
    assert report.side is OrderSide.BUY


def test_an_order_of_the_list_may_lack_fields() -> None:
    """A list shows less; what was not filled has no value."""
    report = reports.report("orders", answers.read(answers.OrderAnswer, LISTED, "orders"))
    assert (report.state, report.settled) == (OrderState.PLACED, False)
    assert report.filled_value == 0


@pytest.mark.parametrize(
    ("status", "size", "settled", "expected"),
    [
        ("PENDING", "0", False, (OrderState.PLACED, False)),
        ("OPEN", "0", False, (OrderState.PLACED, False)),
        ("OPEN", "1", False, (OrderState.PARTIAL, False)),
        ("QUEUED", "0", False, (OrderState.PLACED, False)),
        ("CANCEL_QUEUED", "1", False, (OrderState.PARTIAL, False)),
        ("UNKNOWN_ORDER_STATUS", "0", False, (OrderState.PLACED, False)),
        ("STATUS_OF_TOMORROW", "0", True, (OrderState.PLACED, False)),
        ("FILLED", "1", False, (OrderState.FILLED, False)),
        ("FILLED", "1", True, (OrderState.FILLED, True)),
        ("CANCELLED", "0", False, (OrderState.CANCELLED, True)),
        ("CANCELLED", "1", False, (OrderState.CANCELLED, False)),
        ("EXPIRED", "1", True, (OrderState.EXPIRED, True)),
        ("FAILED", "", False, (OrderState.REJECTED, True)),
        ("FAILED", "1", True, (OrderState.CANCELLED, True)),
    ],
)
def test_a_status_means_what_it_says_and_unknown_ones_are_not_final(
    status: str, size: str, *, settled: bool, expected: tuple[OrderState, bool]
) -> None:
    """Nothing filled needs no settling; an order with fills was never refused."""
    report = reports.report("order", order(status=status, filled_size=size, settled=settled))
    assert (report.state, report.settled) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"filled_size": "-1"},
        {"filled_size": ""},
        {"filled_size": "NaN"},
        {"filled_size": "1e-5"},
        {"filled_size": 1},
        {"filled_size": None},
        {"filled_size": "1" * 60},
        {"filled_size": "\N{ARABIC-INDIC DIGIT ONE}"},
        {"total_fees": "-0.1"},
        {"total_fees": ""},
        {"filled_value": "-1"},
        {"filled_value": "0"},
        {"filled_value": None, "average_filled_price": None},
        {"side": "HOLD"},
        {"side": None},
        {"order_id": ""},
        {"order_id": 7},
        {"client_order_id": None},
        {"status": None},
        {"created_time": "yesterday"},
        {"created_time": "2024-12-05T14:01:07"},
        {"created_time": "1970-01-01T00:00:00Z"},
        {"created_time": 1733407267},
        {"settled": "true"},
        {"settled": 1},
    ],
    ids=str,
)
def test_an_order_that_cannot_be_true_is_no_order(changes: dict[str, Any]) -> None:
    """Classified, with the field's name, and never a value."""
    with pytest.raises(InvalidAnswer, match=next(iter(changes)).removesuffix("_value")):
        reports.report("order", order(**changes))


def test_a_fill_has_the_order_it_belongs_to() -> None:
    """The value is price times size."""
    made = reports.fill("fills", fill(), reports.report("order", order()), BTC)
    assert made.client_order_id == ORDER["client_order_id"]
    assert (made.quantity, made.fee) == (Decimal("0.005"), Decimal("1.14"))
    assert made.value == Decimal("225.61725")


def test_a_fill_whose_size_is_in_quote_currency_is_turned_round() -> None:
    """The value is the size, the quantity is what it buys, in the exchange's finest step."""
    given = fill(size="225.61725", size_in_quote=True)
    made = reports.fill("fills", given, reports.report("order", order()), BTC)
    assert (made.quantity, made.value) == (Decimal("0.005"), Decimal("225.61725"))
    odd = fill(size="1", price="3", size_in_quote=True)
    made = reports.fill("fills", odd, reports.report("order", order()), BTC)
    assert made.quantity == Decimal("0.3333333333333333")


@pytest.mark.parametrize(
    "changes",
    [
        {"size": "0"},
        {"size": "-1"},
        {"price": "0"},
        {"price": "Infinity"},
        {"commission": "-1"},
        {"commission": ""},
        {"side": "SELL"},
        {"order_id": "another"},
        {"product_id": "ETH-USD"},
        {"trade_type": "REVERSAL"},
        {"trade_id": None},
        {"size_in_quote": "false"},
    ],
    ids=str,
)
def test_a_fill_that_cannot_be_true_is_no_fill(changes: dict[str, Any]) -> None:
    """Also one of another order, of the other side, and one that takes a fill back."""
    with pytest.raises(InvalidAnswer):
        reports.fill("fills", fill(**changes), reports.report("order", order()), BTC)


def test_a_book_becomes_a_quote_with_the_exchanges_own_time() -> None:
    """The best of each side."""
    deeper = [{"price": "68923.00", "size": "9"}, *BOOK["bids"]]
    (quote,) = quotes({**BOOK, "bids": deeper}).values()
    assert (quote.bid, quote.ask) == (Decimal("68923.66"), Decimal("68923.67"))
    assert quote.at == datetime(2026, 11, 23, 0, 28, 59, 662782, tzinfo=UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"bids": []},
        {"asks": []},
        {"bids": BOOK["asks"], "asks": BOOK["bids"]},
        {"bids": [{"price": "0", "size": "1"}]},
        {"time": "2026-11-23T01:29:00Z"},
        {"product_id": "ETH-USD"},
    ],
    ids=["no bids", "no asks", "crossed", "zero", "of the future", "another product"],
)
def test_a_book_that_is_no_quote_leaves_the_coin_out(changes: dict[str, Any]) -> None:
    """Missing, which is not zero."""
    assert quotes({**BOOK, **changes}) == {}


def test_two_books_that_contradict_each_other_are_no_quote() -> None:
    """The same one twice is fine."""
    assert set(quotes(BOOK, BOOK)) == {BTC}
    assert quotes(BOOK, {**BOOK, "time": "2026-11-23T00:28:58Z"}) == {}


@pytest.mark.parametrize(
    "level", [{"price": "-1", "size": "1"}, {"price": "NaN", "size": "1"}, {"price": 1}, "1", None]
)
def test_a_price_that_is_no_price_spoils_the_answer(level: object) -> None:
    """Nobody knows what else is wrong with it."""
    with pytest.raises(InvalidAnswer, match="pricebooks"):
        quotes({**BOOK, "bids": [level]})


def test_a_product_has_its_steps_and_limits() -> None:
    """A blank limit is none."""
    assert product().base_max_size == 3400
    assert product(base_max_size="", quote_max_size="").base_max_size is None
    assert product().closed_because == ""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"trading_disabled": True}, "trading_disabled"),
        ({"is_disabled": True}, "is_disabled"),
        ({"cancel_only": True}, "cancel_only"),
        ({"limit_only": True}, "limit_only"),
        ({"post_only": True}, "post_only"),
        ({"view_only": True}, "view_only"),
        ({"auction_mode": True}, "auction_mode"),
        ({"status": "delisted"}, "status 'delisted'"),
        ({"status": ""}, "status ''"),
    ],
)
def test_every_flag_closes_the_product(changes: dict[str, Any], why: str) -> None:
    """With its name."""
    assert product(**changes).closed_because == why


@pytest.mark.parametrize(
    "changes",
    [
        {"base_increment": "0"},
        {"base_increment": ""},
        {"quote_increment": "-0.01"},
        {"base_min_size": ""},
        {"status": None},
        {"trading_disabled": None},
        {"is_disabled": "False"},
    ],
    ids=str,
)
def test_a_product_without_steps_or_flags_is_unknown(changes: dict[str, Any]) -> None:
    """A blank flag is not an open product."""
    with pytest.raises(InvalidAnswer):
        product(**changes)


def test_an_error_names_the_place_and_shows_little() -> None:
    """A huge value is cut."""
    with pytest.raises(InvalidAnswer) as caught:
        answers.read(answers.OrderPage, {"orders": [{**ORDER, "side": "x" * 9999}]}, "orders")
    assert "orders: orders.0.side" in str(caught.value)
    assert len(str(caught.value)) < 300
