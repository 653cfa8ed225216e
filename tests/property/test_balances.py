"""Which differences between books and venue count, against the rule worked out in fractions."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from powertraderd.model.money import Base, Usd
from powertraderd.model.position import Books, Position
from powertraderd.strategy.balances import Holdings, differences
from powertraderd.testing.coin_views import BTC, ETH, NOW, a_product

STEPS = st.sampled_from([Decimal(text) for text in ("1e-16", "0.00000001", "0.01", "1", "5")])
AMOUNTS = st.decimals("0", "1000", places=16)
SHIFTS = st.decimals("-12", "12", places=16)
ALONE = Holdings("USD", (BTC,), shared=False)
SHARED = Holdings("USD", (BTC,), shared=True)


def found(
    *,
    cash: Decimal,
    cash_held: Decimal,
    coins: Decimal,
    coins_held: Decimal,
    step: Decimal,
    quote_step: Decimal,
    holdings: Holdings,
) -> set[str]:
    """The currencies in which books of ``cash`` and ``coins`` differ from what is held."""
    dust = coins / 4
    position = Position(BTC, Base(coins - dust), Usd(Decimal(1)), Usd(Decimal(0)), NOW)
    books = Books(Usd(cash), Usd(cash), positions={BTC: position}, dust={BTC: dust})
    products = {
        BTC: a_product(base_increment=step, quote_increment=quote_step),
        ETH: a_product(coin=ETH, quote_increment=2 * quote_step),
    }
    held = {"USD": cash_held, "BTC": coins_held}
    return {text.partition(":")[0] for text in differences(books, held, holdings, products)}


def differs(expected: Decimal, held: Decimal, step: Decimal, *, shared: bool) -> bool:
    """One increment or more is a difference; more than expected only where nobody else trades."""
    apart = Fraction(held) - Fraction(expected)
    return abs(apart) >= Fraction(step) and not (shared and apart > 0)


@given(
    cash=AMOUNTS, cash_shift=SHIFTS, coins=AMOUNTS, shift=SHIFTS, step=STEPS, quote_step=STEPS,
    shared=st.booleans(),
)  # fmt: skip
@example(
    cash=Decimal(10), cash_shift=Decimal("-0.01"), coins=Decimal(1),
    shift=Decimal("-0.00000001"), step=Decimal("0.00000001"), quote_step=Decimal("0.01"),
    shared=True,
)  # fmt: skip
@example(
    cash=Decimal(10), cash_shift=Decimal("-0.0099999999999999"), coins=Decimal(1),
    shift=Decimal("-0.0000000099999999"), step=Decimal("0.00000001"), quote_step=Decimal("0.01"),
    shared=False,
)  # fmt: skip
def test_a_difference_is_one_increment_or_more(
    *,
    cash: Decimal,
    cash_shift: Decimal,
    coins: Decimal,
    shift: Decimal,
    step: Decimal,
    quote_step: Decimal,
    shared: bool,
) -> None:
    """Of coins the product's own increment, of cash the finest one of all products."""
    told = found(
        cash=cash,
        cash_held=cash + cash_shift,
        coins=coins,
        coins_held=coins + shift,
        step=step,
        quote_step=quote_step,
        holdings=SHARED if shared else ALONE,
    )
    expected = set()
    if differs(cash, cash + cash_shift, quote_step, shared=shared):
        expected.add("USD")
    if differs(coins, coins + shift, step, shared=shared):
        expected.add("BTC")
    assert told == expected


@given(coins=AMOUNTS, shift=SHIFTS.filter(bool), shared=st.booleans())
def test_without_a_product_only_equality_will_do(
    *, coins: Decimal, shift: Decimal, shared: bool
) -> None:
    """What an increment is was never read: nothing is excused."""
    position = Position(BTC, Base(coins), Usd(Decimal(1)), Usd(Decimal(0)), NOW)
    books = Books(Usd(Decimal(0)), Usd(Decimal(0)), positions={BTC: position})
    held = {"BTC": coins + shift}
    holdings = SHARED if shared else ALONE
    told = list(differences(books, held, holdings, {}))
    assert bool(told) is not (shared and shift > 0)


@given(coins=AMOUNTS, rounded_to=STEPS)
def test_a_venue_that_rounds_to_its_increment_either_way_halts_nobody(
    *, coins: Decimal, rounded_to: Decimal
) -> None:
    """Down or up: what it shows is less than one increment away."""
    down = coins // rounded_to * rounded_to
    for shown in (down, down + rounded_to if coins % rounded_to else down):
        told = found(
            cash=Decimal(0),
            cash_held=Decimal(0),
            coins=coins,
            coins_held=shown,
            step=rounded_to,
            quote_step=Decimal("0.01"),
            holdings=ALONE,
        )
        assert told == set()
