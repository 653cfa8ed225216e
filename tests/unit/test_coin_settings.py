"""Settings of single coins: [coins.BTC.dca]."""

from decimal import Decimal
from pathlib import Path

import pytest

from powertraderd import settings_file
from powertraderd.errors import ConfigError
from powertraderd.model.candle import Coin
from powertraderd.settings import Settings

BTC, ETH = Coin("BTC"), Coin("ETH")


def load(tmp_path: Path, text: str) -> Settings:
    """Settings from a file with this text."""
    path = tmp_path / "powertraderd.toml"
    path.write_text(text, encoding="utf-8")
    return settings_file.load(path)


def test_a_coin_has_its_own_values_and_everybody_s_else(tmp_path: Path) -> None:
    """Only what is named differs; "none" takes a limit away, zero is zero."""
    settings = load(
        tmp_path,
        """
        [dca]
        multiplier = 1.5
        [coins.BTC.dca]
        max_per_24h = "none"
        cooldown_minutes = 0
        [coins.BTC.risk]
        max_position_usd = 250
        stop_loss_pct = 12.5
        """,
    )
    own, common = settings.rules.of(BTC), settings.rules.of(ETH)
    assert (own.dca.max_per_24h, own.dca.cooldown_minutes) == (None, 0)
    assert own.dca.multiplier == common.dca.multiplier == Decimal("1.5")
    assert (own.risk.max_position_usd, own.risk.stop_loss_pct) == (
        Decimal(250),
        Decimal("12.5"),
    )
    assert (common.risk.max_position_usd, common.risk.stop_loss_pct) == (None, None)
    assert common.dca.max_per_24h == 2


def test_a_coin_s_own_values_reach_the_workers(tmp_path: Path) -> None:
    """They get their settings as JSON."""
    settings = load(tmp_path, "[coins.BTC.exit]\ntake_profit_pct = 7.25\n")
    arrived = Settings.model_validate_json(settings.model_dump_json())
    assert arrived == settings
    assert arrived.rules.of(BTC).exit.take_profit_pct == Decimal("7.25")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[coins.BTC.dca]\nmultipler = 1", r"\[coins.BTC.dca\] multipler: unknown; did you mean"),
        ("[coins.BTC.exits]\nstart_pct = 1", r"\[coins.BTC.exits\]: unknown; did you mean exit"),
        ("[coins.BTC]\ndca = 3", "coins.BTC.dca must be a table"),
        ("[coins]\nBTC = 3", "coins.BTC must be a table"),
        (
            "[coins.BTC.dca]\nmultiplier = 0",
            "coins.BTC.dca.multiplier = 0: Input should be greater",
        ),
        ("[coins.SOL.dca]\nmultiplier = 1", "coins.SOL: not among trading.coins"),
        ("[coins.btc.dca]\nmultiplier = 1", "btc"),
        ("[coins.BTC.risk]\nmax_exposure_pct = 5", "of the whole account; set it in"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    """File, key and remedy."""
    with pytest.raises(ConfigError, match=words) as refused:
        load(tmp_path, text)
    assert "powertraderd.toml" in str(refused.value)
