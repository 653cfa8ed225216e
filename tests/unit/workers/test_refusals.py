"""Every way in which an order by hand is refused is a sentence that says what to do."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from powertraderd.model.decision import ReasonCode, TradingState
from powertraderd.model.money import Base, Usd
from powertraderd.model.rules import RiskLimits, StrategyRules
from powertraderd.strategy import risk
from powertraderd.strategy.decide import manual_buy, manual_sell
from powertraderd.testing.coin_views import NOW, a_books, a_position, a_product, a_quote, coin_view
from powertraderd.workers.refusals import SENTENCES, sentence

STRATEGY_ONLY = {
    "long_signal", "dca_hard", "dca_neural", "trail_crossed", "stop_loss", "take_profit",
    "manual_command", "waiting", "trailing", "trail_restarted", "long_too_low", "short_active",
    "dca_cap", "dca_cooldown", "signal_unknown", "signal_stale", "signal_blocked",
    "training_stale",
}  # fmt: skip
OLD_QUOTE = a_quote(at=NOW - timedelta(seconds=60))
LIMITLESS = StrategyRules(risk=RiskLimits(max_position_pct=None, max_exposure_pct=None))


def test_every_reason_that_can_refuse_has_a_sentence() -> None:
    """A new code must come with its words."""
    assert set(SENTENCES) == {code for code in ReasonCode if code.value not in STRATEGY_ONLY}


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_says_what_is_wrong_and_then_what_to_do(code: ReasonCode) -> None:
    """Both halves."""
    words = SENTENCES[code]
    assert len(words) > 30
    assert any(sign in words for sign in (":", ";", " and "))


@pytest.mark.parametrize(
    ("changes", "amount", "told", "figures"),
    [
        ({"trading": TradingState(halted=True)}, "100", "halted: see why in `ptctl status`", ""),
        ({"product": a_product(closed_because="cancel_only")}, "100", "market of this coin is", ""),
        (
            {"quote": a_quote(at=NOW - timedelta(seconds=60))},
            "100",
            "too old to trade on: wait",
            "(quote_age_s 60",
        ),
        ({"quote": None}, "100", "there is no price: wait", ""),
        ({"product": None}, "100", "does not list this coin: take it out of trading.coins", ""),
        ({}, "0.01", "too small for the exchange: order more", "limit "),
        ({"books": a_books(cash="40")}, "100", "not enough cash: order less", "cash 40"),
    ],
)
def test_a_buy_that_is_refused_says_why_with_the_figures(
    changes: dict[str, Any], amount: str, told: str, figures: str
) -> None:
    """As the trader decides it, through strategy and risk."""
    view = coin_view(**changes)
    decision = risk.admit(manual_buy(view, LIMITLESS, Usd(Decimal(amount))), view, LIMITLESS)
    words = sentence(decision)
    assert words.startswith(f"{view.coin}: ")
    assert told in words
    assert figures in words
    assert "account_value" not in words


@pytest.mark.parametrize(
    ("position", "quantity", "told"),
    [
        (None, "1", "the daemon holds none of this coin"),
        (a_position(), "1000000", "holds less than that: use --all"),
    ],
)
def test_a_sell_that_is_refused_says_why(position: Any, quantity: str, told: str) -> None:  # noqa: ANN401
    """What the daemon did not buy is never sold."""
    view = coin_view(position)
    decision = manual_sell(view, LIMITLESS, Base(Decimal(quantity)))
    assert told in sentence(decision)
