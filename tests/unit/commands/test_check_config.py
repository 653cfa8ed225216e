"""`powertraderd check-config`: every key, its value, and where that comes from."""

import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner, Result

from powertraderd import settings_file
from powertraderd.__main__ import build
from powertraderd.settings import Settings


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs it with a clean environment."""
    for name in (settings_file.CONFIG_VARIABLE, "POWERTRADERD_TRADING__COINS"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str) -> Result:
        return CliRunner().invoke(build("check-config"), ["check-config", *words])

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A settings file that sets some keys."""
    path = tmp_path / "powertraderd.toml"
    path.write_text(
        '[trading]\ncoins = ["BTC"]\n[supervisor.budgets]\nboot = 30\n'
        '[dca]\ndrawdown_levels_pct = [-1, -2.5]\n[clock]\nkind = "accelerated"\n'
        "start = 2024-01-01T00:00:00Z\n"
    )
    return path


def test_the_output_is_a_settings_file_that_means_the_same(
    check: Callable[..., Result], file: Path, tmp_path: Path
) -> None:
    """With and without explanations; so that it can be kept as one."""
    before = settings_file.load(file)
    for words in ([], ["--explain"]):
        copy = tmp_path / "copy.toml"
        result = check("--config", str(file), *words)
        assert result.exit_code == 0
        copy.write_text(result.stdout)
        assert settings_file.load(copy) == before


def test_every_key_is_there(check: Callable[..., Result]) -> None:
    """Also those inside of tables; None is what TOML cannot say."""
    keys = {f"{each['section']}.{each['key']}" for each in json.loads(check("--json").stdout)}
    assert keys == set(known_keys(Settings))
    assert "supervisor.budgets.boot" in keys


def known_keys(section: type[BaseModel], path: str = "") -> Iterator[str]:
    """All that can be set, with its section."""
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from known_keys(field.annotation, f"{path}{name}.")
        else:
            yield f"{path}{name}"


def origins(result: Result) -> dict[str, str]:
    """Where each key comes from."""
    return {
        f"{each['section']}.{each['key']}": each["origin"] for each in json.loads(result.stdout)
    }


def test_each_value_says_where_it_comes_from(
    check: Callable[..., Result], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment wins over the file, the file over the default."""
    monkeypatch.setenv("POWERTRADERD_TRADING__COINS", '["ETH"]')
    budget = "POWERTRADERD_SUPERVISOR__BUDGETS__CYCLE"
    monkeypatch.setenv(budget, "60")
    found = origins(check("--config", str(file), "--json"))
    assert found["trading.coins"] == "environment POWERTRADERD_TRADING__COINS"
    assert found["supervisor.budgets.cycle"] == f"environment {budget}"
    assert found["supervisor.budgets.boot"] == "file"
    assert found["dca.drawdown_levels_pct"] == "file"
    assert found["trading.mode"] == "default"


def test_the_file_may_be_named_by_the_environment(
    check: Callable[..., Result], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the unit does."""
    monkeypatch.setenv(settings_file.CONFIG_VARIABLE, str(file))
    result = check("--json")
    assert origins(result)["trading.coins"] == "file"
    assert f"{file}: the settings are usable" in result.stderr


def test_explain_says_what_a_key_means_and_its_range(check: Callable[..., Result]) -> None:
    """In a comment above it."""
    shown = check("--explain").stdout
    assert "# coins to trade, by ticker\ncoins = " in shown
    assert "# timeframes that must say LONG (>= 1, <= 7)\nmin_long_level = 3  # default" in shown
    assert "(one of paper live)" in shown
    assert "# start is not set (default)" in shown
    assert tomllib.loads(shown)["trading"]["mode"] == "paper"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tradin]\n", "[tradin]: unknown; did you mean trading?"),
        ('[trading]\nmode = "lve"\n', "[trading] mode = 'lve'"),
        ("[trading\n", "not valid TOML"),
    ],
)
def test_wrong_settings_are_one_clear_line_and_code_78(
    text: str, words: str, check: Callable[..., Result], tmp_path: Path
) -> None:
    """Nothing on standard output, no traceback."""
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    result = check("--config", str(path))
    assert (result.exit_code, result.stdout) == (78, "")
    assert result.stderr.startswith(f"powertraderd: {path}")
    assert words in result.stderr


def test_a_file_that_is_not_there_names_the_remedy(check: Callable[..., Result]) -> None:
    """--config."""
    result = check("--config", "/nonexistent/powertraderd.toml")
    assert result.exit_code == 78
    assert "name a settings file with --config" in result.stderr
