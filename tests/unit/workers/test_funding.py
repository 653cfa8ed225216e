"""The cash in the books follows the settings, and only as far as it is free."""

from decimal import Decimal
from typing import Any

import pytest

from powertraderd.model.money import Usd
from powertraderd.model.position import Books
from powertraderd.settings import Settings
from powertraderd.workers.funding import payment


def settings(mode: str, **exchange: Any) -> Settings:  # noqa: ANN401 - settings
    """Of one mode."""
    return Settings.model_validate(
        {"trading": {"mode": mode}, "candles": {"source": "kucoin"}, "exchange": exchange}
    )


def books(paid_in: str, cash: str) -> Books:
    """With this much, and perhaps positions for the rest."""
    return Books(paid_in=Usd(Decimal(paid_in)), cash=Usd(Decimal(cash)))


def test_paper_money_is_paid_in_once() -> None:
    """And not again when it was lost."""
    assert payment(books("0", "0"), settings("paper")) == (Decimal(10_000), "paper.starting_cash")
    assert payment(books("10000", "3"), settings("paper"))[0] == 0


@pytest.mark.parametrize(
    ("paid_in", "cash", "budget", "due"),
    [
        ("0", "0", "1000", "1000"),
        ("1000", "1000", "1000", "0"),
        ("1000", "12.5", "1500.25", "500.25"),
        ("1000", "900", "400", "-600"),
        ("1000", "250", "400", "-250"),
        ("1000", "0", "400", "0"),
        ("1000", "-1", "400", "0"),
    ],
)
def test_in_live_mode_what_was_paid_in_follows_the_budget(
    paid_in: str, cash: str, budget: str, due: str
) -> None:
    """Raised, it is paid in; lowered, it is taken back as far as it is not in positions."""
    paid = payment(books(paid_in, cash), settings("live", budget=budget))
    assert paid == (Decimal(due), "exchange.budget")
