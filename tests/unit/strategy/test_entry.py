"""Promises of opening a position."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from powertraderd.model.decision import Action, CoinView, ReasonCode, TradingState
from powertraderd.model.rules import EntryRules, StrategyRules
from powertraderd.strategy.decide import decide
from powertraderd.testing.coin_views import NOW, a_product, a_quote, a_signal, coin_view

RULES = StrategyRules()
Change = Callable[[CoinView], CoinView]


def trading(**state: Any) -> Change:  # noqa: ANN401 - any field
    """Change the trading state and keep what was changed before."""
    return lambda view: replace(view, trading=replace(view.trading, **state))


def signal(**changes: Any) -> Change:  # noqa: ANN401 - any field
    """Change the signal and keep what was changed before."""
    return lambda view: replace(view, signal=view.signal and replace(view.signal, **changes))


def old(seconds: float) -> datetime:
    """A moment before NOW."""
    return NOW - timedelta(seconds=seconds)


GATES: list[tuple[ReasonCode, Change]] = [
    (ReasonCode.HALTED, trading(halted=True)),
    (ReasonCode.ORDER_IN_FLIGHT, lambda view: replace(view, order_in_flight=True)),
    (ReasonCode.PAUSED, trading(paused=True)),
    (ReasonCode.SAFE_MODE, trading(safe_mode=True)),
    (ReasonCode.DIFFERENCES, trading(differences=("BTC: the exchange holds less",))),
    (ReasonCode.QUOTE_UNKNOWN, lambda view: replace(view, quote=None)),
    (ReasonCode.QUOTE_STALE, lambda view: replace(view, quote=a_quote("9", "8", old(16)))),
    (ReasonCode.QUOTE_INVALID, lambda view: replace(view, quote=a_quote("9", "8"))),
    (ReasonCode.PRODUCT_UNKNOWN, lambda view: replace(view, product=None)),
    (
        ReasonCode.PRODUCT_CLOSED,
        lambda view: replace(
            view, product=a_product(closed_because="cancel_only", quote_max_size=Decimal(49))
        ),
    ),
    (ReasonCode.SIGNAL_UNKNOWN, lambda view: replace(view, signal=None)),
    (ReasonCode.SIGNAL_STALE, signal(made_at=NOW - timedelta(seconds=301))),
    (ReasonCode.SIGNAL_BLOCKED, signal(blocked_because="candles of 1hour are behind")),
    (ReasonCode.TRAINING_STALE, signal(trained_at=NOW - timedelta(days=15))),
    (ReasonCode.LONG_TOO_LOW, signal(long_count=2)),
    (ReasonCode.SHORT_ACTIVE, signal(short_count=1)),
    (ReasonCode.ACCOUNT_UNKNOWN, lambda view: replace(view, account_value=None)),
    (
        ReasonCode.ABOVE_MAXIMUM,
        lambda view: replace(
            view, product=view.product and replace(view.product, quote_max_size=Decimal(49))
        ),
    ),
]
"""Every gate of an entry, in the order in which they are asked (docs/strategy.md)."""


def test_buys_when_long_is_high_enough_and_nothing_stands_against_it() -> None:
    """Half a percent of the account, because LONG reached the level and SHORT is zero."""
    decision = decide(coin_view(), RULES)
    assert (decision.action, decision.reason_code) == (Action.ENTRY, ReasonCode.LONG_SIGNAL)
    assert decision.quote_size == Decimal(50)
    assert decision.base_size is None
    assert decision.trail is None
    assert decision.next_dca_price is None
    assert decision.numbers["long"] == "3"
    assert decision.numbers["size"] == "50"


@pytest.mark.parametrize(("code", "shut"), GATES, ids=[code for code, _ in GATES])
def test_each_gate_alone_forbids_the_entry(code: ReasonCode, shut: Change) -> None:
    """One shut gate is enough, and its own reason is given."""
    decision = decide(shut(coin_view()), RULES)
    assert (decision.action, decision.reason_code) == (Action.SKIP, code)
    assert decision.quote_size is None


@pytest.mark.parametrize("first", range(len(GATES)), ids=[code for code, _ in GATES])
def test_the_first_shut_gate_names_the_reason(first: int) -> None:
    """With a gate and all later ones shut, the reason is the earliest in the documented order."""
    view = coin_view()
    for _, shut in reversed(GATES[first:]):
        view = shut(view)
    decision = decide(view, RULES)
    assert (decision.action, decision.reason_code) == (Action.SKIP, GATES[first][0])


@pytest.mark.parametrize("age_s", [15, -15])
def test_a_quote_exactly_at_its_age_limit_is_used(age_s: float) -> None:
    """The limit itself is within it, in both directions."""
    view = coin_view(quote=replace(a_quote(), at=NOW - timedelta(seconds=age_s)))
    assert decide(view, RULES).action is Action.ENTRY


def test_a_quote_from_the_future_is_not_believed() -> None:
    """A time that lies ahead is as little to be trusted as an old one."""
    view = coin_view(quote=replace(a_quote(), at=NOW + timedelta(seconds=16)))
    assert decide(view, RULES).reason_code is ReasonCode.QUOTE_STALE


@pytest.mark.parametrize(
    ("bid", "ask"), [("0", "100"), ("-1", "100"), ("NaN", "100"), ("100", "Infinity")]
)
def test_a_quote_that_cannot_be_is_not_believed(bid: str, ask: str) -> None:
    """Zero, negative, endless and undefined prices are no prices."""
    assert decide(coin_view(quote=a_quote(bid, ask)), RULES).reason_code is ReasonCode.QUOTE_INVALID


def test_the_level_of_the_owner_decides() -> None:
    """LONG 3 is not enough when the owner asks for 4."""
    rules = StrategyRules(entry=EntryRules(min_long_level=4))
    assert decide(coin_view(), rules).reason_code is ReasonCode.LONG_TOO_LOW
    assert decide(coin_view(signal=a_signal(long_count=4)), rules).action is Action.ENTRY


def test_the_size_is_rounded_down_to_the_quote_increment() -> None:
    """0.5 percent of 10,001.99 is 50.00995."""
    decision = decide(coin_view(account_value=Decimal("10001.99")), RULES)
    assert decision.quote_size == Decimal("50.00")


@pytest.mark.parametrize(("minimum", "size"), [("1", "1"), ("1.005", "1.01")])
def test_a_small_account_buys_the_products_minimum(minimum: str, size: str) -> None:
    """Half a percent of 100 dollars is less than the minimum, which is met in whole steps."""
    view = coin_view(account_value=Decimal(100), product=a_product(quote_min_size=Decimal(minimum)))
    assert decide(view, RULES).quote_size == Decimal(size)


def test_a_shut_gate_says_what_it_saw() -> None:
    """The numbers carry the flag of the venue and the words of the other parts."""
    closed = coin_view(product=a_product(closed_because="cancel_only"))
    assert decide(closed, RULES).numbers["closed_because"] == "cancel_only"
    differing = coin_view(trading=TradingState(differences=("a", "b")))
    assert decide(differing, RULES).numbers["differences"] == "a; b"
    blocked = coin_view(signal=a_signal(blocked_because="old"))
    assert decide(blocked, RULES).numbers["blocked_because"] == "old"


def test_unknown_figures_are_left_out_of_the_numbers() -> None:
    """Nothing is printed as zero that is not known."""
    view = coin_view(quote=None, signal=None, account_value=None)
    assert dict(decide(view, RULES).numbers) == {"cash": "10000"}


def test_the_documented_order_is_the_tested_order() -> None:
    """Page strategy.md names the same gates one after the other."""
    page = (Path(__file__).parents[3] / "docs" / "strategy.md").read_text(encoding="utf-8")
    chain = " → ".join(f"`{code}`" for code, _ in GATES)
    assert f"{chain}." in " ".join(page.split())
