"""How many stages of averaging down an account pays for."""

from decimal import Decimal

from powertraderd.model.candle import Coin
from powertraderd.model.money import Usd
from powertraderd.model.rules import StrategyRules
from powertraderd.strategy.ladder import affordable

COINS = (Coin("BTC"), Coin("ETH"))


def test_each_stage_triples_what_was_spent() -> None:
    """An entry of 0.5 percent: four stages cost 81 times as much, five more than the account."""
    found = affordable(Usd(Decimal(10_000)), COINS, StrategyRules())
    assert found == {"single": 4, "spread": 4}


def test_an_empty_account_pays_for_nothing() -> None:
    """Zero is zero."""
    assert affordable(Usd(Decimal(0)), COINS, StrategyRules()) == {"single": 0, "spread": 0}
