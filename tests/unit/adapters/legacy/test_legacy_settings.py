"""gui_settings.json in our own words."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from powertraderd import settings_file
from powertraderd.adapters.legacy.finding import Outcome
from powertraderd.adapters.legacy.settings import toml, translate
from powertraderd.adapters.legacy.text import read_object
from powertraderd.settings import Settings


def translated(**old: object) -> tuple[dict[str, Any], dict[str, str]]:
    """Our values by section.key, and what was said about each of the bot's keys."""
    taken, findings = translate(old)
    words = {each.what.split()[0].rstrip(":"): f"{each.outcome}: {each.what}" for each in findings}
    return {f"{one.section}.{one.key}": one.value for one in taken}, words


def test_every_setting_of_the_rules_has_its_place() -> None:
    """The table of the two names, with values unlike our defaults."""
    values, words = translated(
        coins=["XRP"],
        trade_start_level=Decimal(5),
        dca_multiplier=Decimal("1.5"),
        dca_levels=[Decimal("-1.5"), Decimal(-3)],
        max_dca_buys_per_24h=Decimal(3),
        dca_cooldown_minutes=Decimal(15),
        pm_start_pct_no_dca=Decimal("4.5"),
        pm_start_pct_with_dca=Decimal("3.5"),
        trailing_gap_pct=Decimal("0.25"),
    )
    assert values == {
        "trading.coins": ("XRP",),
        "entry.min_long_level": 5,
        "dca.multiplier": Decimal("1.5"),
        "dca.drawdown_levels_pct": (Decimal("-1.5"), Decimal(-3)),
        "dca.max_per_24h": 3,
        "dca.cooldown_minutes": 15,
        "exit.start_pct": Decimal("4.5"),
        "exit.start_pct_after_dca": Decimal("3.5"),
        "exit.trailing_gap_pct": Decimal("0.25"),
    }
    assert all(each.startswith("taken: ") for each in words.values())


def test_the_allocation_keeps_its_number_and_says_what_it_means() -> None:
    """0.005 was applied as a percent; its text said half a percent."""
    values, words = translated(start_allocation_pct=Decimal("0.005"))
    assert values == {"entry.allocation_pct": Decimal("0.005")}
    assert words["start_allocation_pct"].startswith("converted: ")
    assert "set 0.5 if you meant that" in words["start_allocation_pct"]


def test_zero_stays_zero_and_says_what_the_bot_made_of_it() -> None:
    """It silently took its defaults."""
    values, words = translated(max_dca_buys_per_24h=Decimal(0), dca_cooldown_minutes=Decimal(0))
    assert values == {"dca.max_per_24h": 0, "dca.cooldown_minutes": 0}
    assert "took 0 for its default 2" in words["max_dca_buys_per_24h"]
    assert "took 0 for its default 60" in words["dca_cooldown_minutes"]


def test_coins_are_cleaned_of_blanks_small_letters_and_doubles() -> None:
    """The window let them through."""
    values, words = translated(coins=["btc", "eth ", " SOL", "ETH", ""])
    assert values == {"trading.coins": ("BTC", "ETH", "SOL")}
    assert words["coins"].startswith("converted: ")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("dca_multiplier", Decimal(99), "less than or equal to 10"),
        ("dca_multiplier", "two", "valid decimal"),
        ("trade_start_level", Decimal(0), "greater than or equal to 1"),
        ("dca_levels", [], "at least 1 item"),
        ("dca_levels", [Decimal(5)], "less than 0"),
        ("coins", "BTC", "tuple"),
        ("coins", ["BTC/USD"], "pattern"),
    ],
)
def test_a_value_out_of_range_is_named_and_not_taken(key: str, value: object, reason: str) -> None:
    """With the key, the value and our own name for it."""
    taken, findings = translate({key: value})
    assert taken == []
    assert [each.outcome for each in findings] == [Outcome.DAMAGED]
    assert key in findings[0].what
    assert reason in findings[0].what


def test_the_rest_is_reported_as_not_needed() -> None:
    """Nothing vanishes without a word."""
    values, words = translated(
        theme="Dracula", hub_data_dir="", main_neural_dir="neural", dca_multiplier=None
    )
    assert values == {}
    assert all(each.startswith("not needed: ") for each in words.values())
    assert "looked into neural" in words["main_neural_dir"]


def test_the_settings_file_made_of_it_means_the_same(tmp_path: Path, sample: Path) -> None:
    """The sample's own settings, written and loaded again."""
    taken, _ = translate(read_object(sample / "gui_settings.json", "gui_settings.json"))
    path = tmp_path / "powertraderd.toml"
    path.write_text(toml(taken))
    loaded = settings_file.load(path)
    for one in taken:
        assert getattr(getattr(loaded, one.section), one.key) == one.value
    assert set(tomllib.loads(path.read_text())) <= set(Settings.model_fields)
    assert (loaded.dca.max_per_24h, loaded.dca.cooldown_minutes) == (0, 0)
