"""Every limit of docs/risk.md: the table is that of the settings, its examples are what happens."""

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from powertraderd.model.candle import Coin
from powertraderd.model.decision import Action, Decision, ReasonCode
from powertraderd.model.money import Usd
from powertraderd.model.rules import ExitRules, RiskLimits, StrategyRules
from powertraderd.settings import Settings
from powertraderd.strategy import worst_case
from powertraderd.strategy.decide import decide
from powertraderd.strategy.risk import admit
from powertraderd.strategy.standing import drawdown_pct
from powertraderd.testing.coin_views import (
    ETH,
    FRESH,
    NOW,
    a_books,
    a_position,
    a_quote,
    coin_view,
)

PAGE = (Path(__file__).parents[3] / "docs" / "risk.md").read_text(encoding="utf-8")
LIMITS = re.findall(r"^\| `([\w.]+)` \| ([\w.]+) \| [^|]+ \| `(\w+)` \|", PAGE, re.MULTILINE)
AGES = re.findall(r"^\| [\w ]+ \| (`[^|]+`) \| ([^|]+) \| (`[^|]+) \|", PAGE, re.MULTILINE)
FREE: dict[str, Any] = dict.fromkeys(
    (
        "max_position_pct",
        "max_exposure_pct",
        "max_orders_per_hour",
        "max_spread_pct",
        "max_close_distance_pct",
        "max_venue_divergence_pct",
    )
)
S, M = timedelta(seconds=1), timedelta(minutes=1)


def usd(text: str) -> Usd:
    """Dollars."""
    return Usd(Decimal(text))


def test_the_table_names_every_limit_with_its_default() -> None:
    """Ages have a table of their own."""
    limits = {f"{name}": value for name, value in RiskLimits() if "_seconds" not in name}
    limits["exit.take_profit_pct"] = ExitRules().take_profit_pct
    shown = {name: default for name, default, _ in LIMITS}
    assert shown == {name: str(value).lower() for name, value in limits.items()}
    assert {code for _, _, code in LIMITS} <= set(ReasonCode)


def test_the_ages_are_those_of_the_settings() -> None:
    """Eight inputs, each with a default and a reason code."""
    assert len(AGES) == 8
    settings = Settings()
    for keys, defaults, codes in AGES:
        for key, default in zip(
            re.findall(r"`([\w.]+)`", keys), re.findall(r"\d+", defaults), strict=True
        ):
            section, _, name = key.partition(".")
            assert float(default) == getattr(getattr(settings, section), name)
        assert set(re.findall(r"`(\w+)`", codes.partition(" | ")[0])) <= set(ReasonCode)


BUY = Decision(Coin("BTC"), NOW, Action.ENTRY, ReasonCode.LONG_SIGNAL, quote_size=usd("50"))
HELD = a_position()


@pytest.mark.parametrize(
    ("code", "limits", "passes", "refused"),
    [
        (
            "daily_loss_limit",
            {"daily_loss_limit_usd": 100},
            [{"realised_today": usd("-99.99")}],
            [{"realised_today": usd("-100")}],
        ),
        (
            "spread_limit",
            {"max_spread_pct": 1},
            [{"quote": a_quote("100", "101")}],
            [{"quote": a_quote("100", "101.01")}],
        ),
        (
            "close_distance_limit",
            {"max_close_distance_pct": 20},
            [{"quote": a_quote("120")}],
            [{"quote": a_quote("120.01")}, {"quote": a_quote("79.99")}],
        ),
        (
            "venue_divergence_limit",
            {"max_venue_divergence_pct": 3},
            [{"divergence_pct": Decimal(3)}],
            [{"divergence_pct": Decimal("3.01")}],
        ),
        (
            "exit_cooldown",
            {"exit_cooldown_minutes": 30},
            [{"last_exit_at": NOW - 30 * M}],
            [{"last_exit_at": NOW - 29 * M}],
        ),
        (
            "open_positions_limit",
            {"max_open_positions": 1},
            [{}, {"position": HELD, "books": a_books(HELD)}],
            [{"books": a_books(a_position(coin=ETH))}],
        ),
        (
            "orders_per_hour_limit",
            {"max_orders_per_hour": 2},
            [{"orders_last_hour": 1}],
            [{"orders_last_hour": 2}],
        ),
        (
            "position_usd_limit",
            {"max_position_usd": Decimal("249.99")},
            [{}],
            [{"position": HELD}],
        ),
        (
            "position_pct_limit",
            {"max_position_pct": Decimal("2.5")},
            [{"position": HELD}],
            [{"position": HELD, "account_value": usd("9999")}],
        ),
        (
            "exposure_limit",
            {"max_exposure_pct": 95},
            [{"exposure": usd("9450")}],
            [{"exposure": usd("9450.01")}],
        ),
        (
            "cash_short",
            {},
            [{"books": a_books(cash="50")}],
            [{"books": a_books(cash="49.99")}],
        ),
    ],
)
def test_each_example_of_a_limit_is_what_happens(
    code: str, limits: dict[str, Any], passes: list[dict[str, Any]], refused: list[dict[str, Any]]
) -> None:
    """What passes passes unchanged, what is refused carries the code of the table."""
    rules = StrategyRules(risk=RiskLimits.model_validate({**FREE, **limits}))
    for changes in passes:
        assert admit(BUY, replace(coin_view(), **changes), rules) is BUY
    for changes in refused:
        assert admit(BUY, replace(coin_view(), **changes), rules).reason_code == code


def test_the_example_of_the_drawdown_is_what_is_measured() -> None:
    """10,000 paid in and 2,500 gained is a peak of 12,500."""
    limit = RiskLimits().max_drawdown_pct
    assert limit is not None
    assert drawdown_pct(usd("6250"), usd("10000"), usd("2500")) == limit
    assert drawdown_pct(usd("6249.99"), usd("10000"), usd("2500")) > limit


@pytest.mark.parametrize(
    ("rules", "waits", "sells", "code"),
    [
        (StrategyRules(risk=RiskLimits(stop_loss_pct=Decimal(8))), "92.01", "92", "stop_loss"),
        (StrategyRules(exit=ExitRules(take_profit_pct=Decimal(3))), "102.99", "103", "take_profit"),
    ],
)
def test_the_examples_of_stop_loss_and_cap_are_what_happens(
    rules: StrategyRules, waits: str, sells: str, code: str
) -> None:
    """Average cost 100."""
    position = a_position(stage=6)
    held = decide(coin_view(position, quote=a_quote(waits)), rules)
    assert held.action is Action.HOLD
    sold = decide(coin_view(position, quote=a_quote(sells)), rules)
    assert (sold.action, sold.reason_code) == (Action.TRAIL_SELL, code)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quote": a_quote(at=NOW - 16 * S)}, "quote_stale"),
        ({"last_close_at": NOW - 10_801 * S}, "candle_stale"),
        ({"ages": replace(FRESH, account=1801)}, "account_stale"),
        ({"ages": replace(FRESH, products=3601)}, "products_stale"),
        ({"ages": replace(FRESH, fee=86_401)}, "fee_stale"),
        ({"ages": replace(FRESH, clock=3601)}, "clock_stale"),
        ({"ages": replace(FRESH, skew=5.1)}, "clock_skew"),
    ],
)
def test_a_second_over_the_default_age_is_too_old(changes: dict[str, Any], code: str) -> None:
    """Signal and training are asked by the entry itself, see test_entry.py."""
    refused = admit(BUY, replace(coin_view(), **changes), StrategyRules())
    assert refused.reason_code == code


def test_the_worst_case_on_the_page_is_that_of_the_defaults() -> None:
    """Two coins, as in the default settings."""
    settings = Settings()
    found = worst_case.of_settings(settings.rules, settings.trading.coins)
    words = worst_case.words(found.needed, found.placed)
    needed, placed = re.findall(r"([\d.]+) %", words)
    assert f"ask for {needed} % of the account; the limits let {placed} % through" in PAGE
