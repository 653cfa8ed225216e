"""What a difference between books and venue is called."""

from decimal import Decimal

from powertraderd.model.money import Base, Usd
from powertraderd.model.position import Books, Position
from powertraderd.strategy.balances import Holdings, differences
from powertraderd.testing.coin_views import BTC, ETH, NOW, a_product

BOOKS = Books(
    paid_in=Usd(Decimal(100)),
    cash=Usd(Decimal(90)),
    positions={
        BTC: Position(BTC, Base(Decimal("0.5")), Usd(Decimal(10)), Usd(Decimal(0)), opened_at=NOW)
    },
    dust={BTC: Decimal("0.000000004")},
)
PRODUCTS = {BTC: a_product()}


def told(*, shared: bool = False, **held: str) -> list[str]:
    """The differences with these balances."""
    balances = {name: Decimal(text) for name, text in held.items()}
    return list(differences(BOOKS, balances, Holdings("USD", (BTC, ETH), shared), PRODUCTS))


def test_equal_books_have_no_difference() -> None:
    """A position and its dust lie in the same wallet; a coin that is not there is zero."""
    assert told(USD="90", BTC="0.500000004") == []


def test_less_than_an_increment_is_rounding() -> None:
    """A satoshi and a cent are differences, what is below them is not."""
    assert told(USD="89.9901", BTC="0.5") == []
    assert told(USD="89.99", BTC="0.500000004") == [
        "USD: the venue holds 89.99, the ledger says 90: 0.01 missing"
    ]
    assert told(USD="90", BTC="0.499999994") == [
        "BTC: the venue holds 0.499999994, the ledger says 0.500000004: 0.00000001 missing"
    ]


def test_a_coin_without_a_product_must_be_there_to_the_last_digit() -> None:
    """Its increment is not known: 1e-16 of ether is one too many."""
    assert told(USD="90", BTC="0.500000004", ETH="0.0000000000000001") == [
        "ETH: the venue holds 0.0000000000000001, the ledger says 0: 0.0000000000000001 too much"
    ]


def test_more_is_no_difference_where_the_owner_has_money_of_his_own() -> None:
    """Less still is."""
    assert told(shared=True, USD="5000", BTC="3", ETH="7") == []
    assert told(shared=True, USD="5000", BTC="0") == [
        "BTC: the venue holds 0, the ledger says 0.500000004: 0.500000004 missing"
    ]
