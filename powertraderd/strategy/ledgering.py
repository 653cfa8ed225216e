"""Bookkeeping from fills alone, exact to the last digit (STRATEGY.md, Accounting).

Identity, after every change: paid in + realised - (cost + fees of open positions) = cash. Sums are
taken in 60 digits, and a figure that would not fit is refused instead of rounded.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal, Inexact, localcontext

from powertraderd.errors import InvariantBroken
from powertraderd.model.candle import Coin
from powertraderd.model.money import EXACT, Base, Usd, floor_to
from powertraderd.model.order import Fill, OrderSide, Tag
from powertraderd.model.position import Books, Position, Trail

RELEASE_STEP = Decimal("1e-16")
"""A partial sell releases cost and fees in whole multiples of this, the exchange's finest figure;
the rest of the position keeps the difference."""

_BUYS = frozenset({Tag.ENTRY, Tag.DCA, Tag.MANUAL_BUY})


def pay_in(books: Books, amount: Usd) -> Books:
    """``books`` after cash was handed over, or taken back when ``amount`` is negative."""
    with _exactly():
        return replace(books, paid_in=Usd(books.paid_in + amount), cash=Usd(books.cash + amount))


def book(books: Books, fill: Fill, tag: Tag, *, first_of_order: bool) -> tuple[Books, Usd | None]:
    """``books`` after ``fill``, and the profit that a sell realised (None for a buy).

    ``first_of_order``: no fill of the same order was booked before. What happens once per order
    and not once per fill hangs on it: a DCA buy raises the stage and counts towards the cap, and
    any buy starts the trailing exit anew. A buy without a position opens one at stage 0. Raises
    InvariantBroken for a sell of more than the position holds and for a fill that cannot be.
    """
    _refuse_impossible(fill, tag)
    with _exactly():
        if fill.side is OrderSide.BUY:
            return _bought(books, fill, tag, first_of_order=first_of_order), None
        return _sold(books, fill)


def close_remainder(books: Books, coin: Coin) -> tuple[Books, Usd]:
    """``books`` after the rest of a position became dust, and the (negative) profit realised.

    Cost and fees of the rest are booked as a loss; the quantity stays visible as dust. Raises
    InvariantBroken where there is no position.
    """
    position = _position(books, coin)
    with _exactly():
        loss = Usd(-(position.cost + position.fees))
        dust = books.dust.get(coin, Decimal(0)) + position.quantity
        closed = replace(
            books,
            realised=Usd(books.realised + loss),
            positions=_without(books.positions, coin),
            dust={**books.dust, coin: dust},
        )
        return closed, loss


def residual(books: Books) -> Usd:
    """What is missing from the identity; anything but zero means that the books are broken."""
    with _exactly():
        tied = sum(position.cost + position.fees for position in books.positions.values())
        return Usd(books.paid_in + books.realised - tied - books.cash)


@contextmanager
def _exactly() -> Iterator[None]:
    with localcontext(EXACT) as context:
        context.traps[Inexact] = True
        try:
            yield
        except Inexact:
            msg = "books: a figure has more than 60 digits and cannot be booked without rounding"
            raise InvariantBroken(msg) from None


def _refuse_impossible(fill: Fill, tag: Tag) -> None:
    if (fill.side is OrderSide.BUY) != (tag in _BUYS):
        msg = f"fill {fill.trade_id}: a {fill.side} cannot belong to an order tagged {tag}"
        raise InvariantBroken(msg)
    if fill.quantity <= 0 or fill.value < 0:
        msg = f"fill {fill.trade_id}: quantity {fill.quantity}, value {fill.value} cannot be"
        raise InvariantBroken(msg)


def _position(books: Books, coin: Coin) -> Position:
    position = books.positions.get(coin)
    if position is None:
        msg = f"{coin}: there is no position to sell from or to close; compare fills and ledger"
        raise InvariantBroken(msg)
    return position


def _bought(books: Books, fill: Fill, tag: Tag, *, first_of_order: bool) -> Books:
    held = books.positions.get(fill.coin)
    if held is None:
        position = Position(fill.coin, fill.quantity, fill.value, fill.fee, opened_at=fill.at)
    else:
        position = replace(
            held,
            quantity=Base(held.quantity + fill.quantity),
            cost=Usd(held.cost + fill.value),
            fees=Usd(held.fees + fill.fee),
            trail=Trail() if first_of_order else held.trail,
        )
        if first_of_order and tag is Tag.DCA:
            position = replace(
                position,
                stage=held.stage + 1,
                dca_bought_at=(*held.dca_bought_at, fill.at),
            )
    return replace(
        books,
        cash=Usd(books.cash - fill.value - fill.fee),
        positions={**books.positions, fill.coin: position},
    )


def _sold(books: Books, fill: Fill) -> tuple[Books, Usd]:
    position = _position(books, fill.coin)
    if fill.quantity > position.quantity:
        msg = (
            f"{fill.coin}: fill {fill.trade_id} sells {fill.quantity}, the position holds "
            f"{position.quantity}; compare fills and ledger"
        )
        raise InvariantBroken(msg)
    cost = _released(position.cost, fill.quantity, position.quantity)
    fees = _released(position.fees, fill.quantity, position.quantity)
    profit = Usd(fill.value - fill.fee - cost - fees)
    rest = replace(
        position,
        quantity=Base(position.quantity - fill.quantity),
        cost=Usd(position.cost - cost),
        fees=Usd(position.fees - fees),
    )
    positions = (
        {**books.positions, fill.coin: rest}
        if rest.quantity
        else _without(books.positions, fill.coin)
    )
    after = replace(
        books,
        cash=Usd(books.cash + fill.value - fill.fee),
        realised=Usd(books.realised + profit),
        positions=positions,
    )
    return after, profit


def _released(amount: Usd, sold: Base, held: Base) -> Usd:
    """The part of ``amount`` that leaves with ``sold`` of ``held``; all of it with all of them."""
    if sold == held:
        return amount
    share = EXACT.divide(EXACT.multiply(amount, sold), held)
    return Usd(floor_to(share, RELEASE_STEP))


def _without(positions: Mapping[Coin, Position], coin: Coin) -> dict[Coin, Position]:
    return {name: position for name, position in positions.items() if name != coin}
