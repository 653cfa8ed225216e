"""Settings in words: the line that sets a key, and a range."""

import pytest

from powertraderd.settings import CandleSettings, Settings
from powertraderd.settings_words import line_of, range_of, toml_value

TEXT = """\
# [dca]
[trading]  # what
coins = ["BTC",
  "ETH"]
dca.multiplier = 3
[dca]
multiplier = 2
[ supervisor . budgets ]
"boot" = 3
[coins.BTC.dca]
multiplier = 4
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("trading",), 2),
        (("trading", "coins"), 3),
        (("trading", "coins", "1"), 3),
        (("trading", "dca", "multiplier"), 5),
        (("dca", "multiplier"), 7),
        (("dca", "cooldown_minutes"), 6),
        (("supervisor", "budgets", "boot"), 9),
        (("coins", "BTC", "dca", "multiplier"), 11),
        (("paths", "state_dir"), None),
        ((), None),
    ],
)
def test_the_line_is_that_of_the_key_or_of_its_table(path: tuple[str, ...], line: int) -> None:
    """A key that no line sets leads to the table it belongs to."""
    assert line_of(TEXT, path) == line


def test_a_range_says_bounds_and_choices() -> None:
    """As check-config prints them."""
    assert range_of(CandleSettings.model_fields["seed"]) == ">= 0"
    assert range_of(CandleSettings.model_fields["source"]).startswith("one of synthetic replay")
    assert range_of(CandleSettings.model_fields["quote"]) == "one of USDT USDC USD EUR"
    assert range_of(Settings.model_fields["dca"]) == ""


def test_values_are_written_as_toml_reads_them() -> None:
    """Also lists and words."""
    assert toml_value((1, True, 'a"b')) == '[1, true, "a\\"b"]'
    assert toml_value(None) is None
