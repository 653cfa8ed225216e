"""Promises of the bookkeeping."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, localcontext

import pytest

from powertraderd.errors import InvariantBroken
from powertraderd.model.money import Usd
from powertraderd.model.order import OrderSide, Tag
from powertraderd.model.position import Books, Trail
from powertraderd.strategy.ledgering import book, close_remainder, pay_in, residual
from powertraderd.testing.coin_views import BTC, ETH, NOW, a_books, a_fill, a_position

EMPTY = Books(paid_in=Usd(Decimal(0)), cash=Usd(Decimal(0)))
RICH = pay_in(EMPTY, Usd(Decimal(1000)))
BUY, SELL = OrderSide.BUY, OrderSide.SELL


def exact(*figures: str | int) -> tuple[Decimal, ...]:
    """Figures as Decimals."""
    return tuple(Decimal(figure) for figure in figures)


def test_cash_is_paid_in_and_taken_back() -> None:
    """A negative amount is a withdrawal."""
    books = pay_in(RICH, Usd(Decimal(-400)))
    assert (books.paid_in, books.cash, residual(books)) == exact(600, 600, 0)


def test_a_buy_opens_a_position_at_stage_zero() -> None:
    """Cost without fees, fees beside it, cash less by both; a buy realises nothing."""
    books, profit = book(RICH, a_fill(BUY, "2", "100", "1.2"), Tag.ENTRY, first_of_order=True)
    position = books.positions[BTC]
    assert (position.quantity, position.cost, position.fees) == exact(2, 200, "1.2")
    assert (position.stage, position.dca_bought_at, position.opened_at) == (0, (), NOW)
    assert profit is None
    assert (books.cash, books.realised) == exact("798.8", 0)
    assert residual(books) == 0


@pytest.mark.parametrize("tag", [Tag.DCA, Tag.MANUAL_BUY])
def test_a_buy_without_a_position_opens_one_whatever_it_was_meant_to_be(tag: Tag) -> None:
    """A late fill is booked and never lost."""
    books, _ = book(RICH, a_fill(BUY, "2", "100"), tag, first_of_order=True)
    assert books.positions[BTC].stage == 0


def test_the_second_fill_of_an_entry_adds_to_the_position() -> None:
    """The trail that was armed in between stays."""
    armed = a_position(trail=Trail(armed=True))
    books, _ = book(a_books(armed), a_fill(BUY, "1", "110", "0.7"), Tag.ENTRY, first_of_order=False)
    position = books.positions[BTC]
    assert (position.quantity, position.cost, position.fees) == exact(3, 310, "1.9")
    assert (position.stage, position.trail) == (0, armed.trail)


def test_a_dca_order_is_one_stage_however_many_fills_it_has() -> None:
    """Stage, cap and trail change with the first fill of the order only."""
    position = a_position(
        stage=1, dca_bought_at=(NOW - timedelta(hours=5),), trail=Trail(armed=True)
    )
    books, _ = book(a_books(position), a_fill(BUY, "1", "90"), Tag.DCA, first_of_order=True)
    first = books.positions[BTC]
    assert (first.stage, first.trail) == (2, Trail())
    assert first.dca_bought_at == (NOW - timedelta(hours=5), NOW)
    books, _ = book(books, a_fill(BUY, "1", "90"), Tag.DCA, first_of_order=False)
    second = books.positions[BTC]
    assert (second.stage, second.dca_bought_at) == (2, first.dca_bought_at)
    assert second.quantity == 4


def test_a_manual_buy_is_no_stage_but_starts_the_trail_anew() -> None:
    """The old line belongs to the old cost."""
    position = a_position(stage=1, trail=Trail(armed=True))
    books, _ = book(a_books(position), a_fill(BUY, "1", "90"), Tag.MANUAL_BUY, first_of_order=True)
    after = books.positions[BTC]
    assert (after.stage, after.dca_bought_at, after.trail) == (1, (), Trail())


def test_a_full_sell_releases_everything() -> None:
    """Value less fee, cost and fees paid is the profit; the position is gone."""
    books, profit = book(
        a_books(a_position()), a_fill(SELL, "2", "110", "1.32"), Tag.TRAIL_SELL, first_of_order=True
    )
    assert profit == Decimal("17.48")
    assert (dict(books.positions), books.realised, books.cash) == (
        {},
        Decimal("17.48"),
        Decimal("10218.68"),
    )
    assert residual(books) == 0


def test_a_full_sell_leaves_no_digit_behind() -> None:
    """However fine the cost is."""
    position = a_position(cost=Usd(Decimal("200.00000000000000000001")))
    books, profit = book(
        a_books(position), a_fill(SELL, "2", "110"), Tag.TRAIL_SELL, first_of_order=True
    )
    assert profit == Decimal("18.79999999999999999999")
    assert residual(books) == 0


def test_a_partial_sell_releases_its_share_and_the_rest_keeps_the_difference() -> None:
    """A third of 200 dollars has no end; not a digit is lost."""
    position = a_position(quantity=Decimal(3), stage=2, trail=Trail(armed=True))
    books, profit = book(
        a_books(position), a_fill(SELL, "1", "100"), Tag.MANUAL_SELL, first_of_order=True
    )
    rest = books.positions[BTC]
    assert (rest.stage, rest.trail) == (2, position.trail)
    assert (rest.quantity, rest.cost, rest.fees) == exact(2, "133.3333333333333334", "0.8")
    assert profit == 100 - Decimal("66.6666666666666666") - Decimal("0.4")
    assert residual(books) == 0


def test_other_positions_are_not_touched_by_a_sell() -> None:
    """Only the coin of the fill."""
    both = a_books(a_position())
    both = replace(both, positions={**both.positions, ETH: a_position(coin=ETH)})
    books, _ = book(both, a_fill(SELL, "2", "100"), Tag.TRAIL_SELL, first_of_order=True)
    assert dict(books.positions) == {ETH: a_position(coin=ETH)}


def test_selling_more_than_the_position_holds_breaks_an_invariant() -> None:
    """The message names both quantities; nothing is booked."""
    with pytest.raises(InvariantBroken, match=r"sells 2\.01, the position holds 2"):
        book(a_books(a_position()), a_fill(SELL, "2.01", "1"), Tag.TRAIL_SELL, first_of_order=True)
    with pytest.raises(InvariantBroken, match="BTC: there is no position"):
        book(RICH, a_fill(SELL, "1", "1"), Tag.TRAIL_SELL, first_of_order=True)


@pytest.mark.parametrize(
    ("side", "tag"), [(BUY, Tag.TRAIL_SELL), (BUY, Tag.MANUAL_SELL), (SELL, Tag.DCA)]
)
def test_a_fill_on_the_wrong_side_breaks_an_invariant(side: OrderSide, tag: Tag) -> None:
    """A buy order cannot have sold."""
    with pytest.raises(InvariantBroken, match="cannot belong"):
        book(a_books(a_position()), a_fill(side, "1", "1"), tag, first_of_order=True)


@pytest.mark.parametrize(("quantity", "price"), [("0", "1"), ("-1", "1"), ("1", "-1")])
def test_a_fill_of_nothing_breaks_an_invariant(quantity: str, price: str) -> None:
    """Zero or negative quantities and negative values are no fills."""
    with pytest.raises(InvariantBroken, match="cannot be"):
        book(RICH, a_fill(BUY, quantity, price), Tag.ENTRY, first_of_order=True)


def test_a_remainder_becomes_dust_and_its_cost_a_loss() -> None:
    """The quantity stays visible and adds up."""
    position = a_position(quantity=Decimal("0.000000001"), cost=Decimal("0.1"), fees=Decimal(0))
    books, profit = close_remainder(
        replace(a_books(position), dust={BTC: Decimal("0.000000002")}), BTC
    )
    assert profit == books.realised == Decimal("-0.1")
    assert (dict(books.positions), dict(books.dust)) == ({}, {BTC: Decimal("0.000000003")})
    assert residual(books) == 0


def test_there_is_no_remainder_without_a_position() -> None:
    """Closing what is not there breaks an invariant."""
    with pytest.raises(InvariantBroken, match="BTC: there is no position"):
        close_remainder(RICH, BTC)


def test_a_figure_that_cannot_be_booked_exactly_is_refused() -> None:
    """Rather no entry than a rounded one."""
    with pytest.raises(InvariantBroken, match="60 digits"):
        pay_in(RICH, Usd(Decimal("1e-58")))


def test_the_callers_decimal_context_does_not_matter() -> None:
    """A thread with six digits of precision books to the last digit."""
    with localcontext() as context:
        context.prec = 6
        books = pay_in(RICH, Usd(Decimal("0.1234567890123456")))
    assert books.cash == Decimal("1000.1234567890123456")


def test_the_residual_shows_what_is_missing() -> None:
    """Books that lost a cent say so."""
    broken = replace(a_books(a_position()), cash=Usd(Decimal("9999.99")))
    assert residual(broken) == Decimal("0.01")
