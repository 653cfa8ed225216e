"""Settings: what is accepted, what is refused, and whether the refusal helps."""

import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from powertraderd import places, settings_file
from powertraderd.errors import ConfigError, ExitCode
from powertraderd.settings import Settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start each test without any of our variables."""
    for name in list(os.environ):
        if name.startswith(settings_file.ENVIRONMENT_PREFIX):
            monkeypatch.delenv(name)


def written(folder: Path, text: str) -> Path:
    """A settings file with ``text``."""
    path = folder / "powertraderd.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    """The message with which ``text`` is refused."""
    with pytest.raises(ConfigError) as caught:
        settings_file.load(written(folder, text))
    assert caught.value.exit_code is ExitCode.CONFIG
    return str(caught.value)


def test_the_defaults_are_paper_mode_with_the_rules_of_the_strategy() -> None:
    """Live mode is never reached by default."""
    loaded = settings_file.load()
    assert loaded.trading.mode == "paper"
    assert loaded.entry.allocation_pct == Decimal("0.5")
    assert loaded.dca.drawdown_levels_pct[0] == Decimal("-2.5")
    assert loaded.rules.exit is loaded.exit


def test_the_environment_overrides_one_key_of_a_section_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other keys of the section keep the file's values."""
    monkeypatch.setenv("POWERTRADERD_PAPER__TAKER_FEE_PCT", "0.25")
    path = written(tmp_path, "[paper]\nstarting_cash = 500\ntaker_fee_pct = 1\n")
    loaded = settings_file.load(path)
    assert loaded.paper.taker_fee_pct == Decimal("0.25")
    assert loaded.paper.starting_cash == Decimal(500)


def test_the_file_is_found_through_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POWERTRADERD_CONFIG stands in for --config."""
    path = written(tmp_path, "[trading]\ncoins = ['DOGE']\n")
    monkeypatch.setenv(settings_file.CONFIG_VARIABLE, str(path))
    assert settings_file.load().trading.coins == ("DOGE",)


def test_relative_paths_are_meant_from_the_file_and_not_from_the_shell(tmp_path: Path) -> None:
    """A settings file can be used from anywhere."""
    path = written(
        tmp_path, "[candles]\nsource='replay'\ndirectory='data'\n[paths]\nstate_dir='/x'\n"
    )
    loaded = settings_file.load(path)
    assert loaded.candles.directory == tmp_path / "data"
    assert loaded.paths.state_dir == Path("/x")


def test_settings_survive_the_way_to_a_worker() -> None:
    """The supervisor hands them over as JSON; nothing is lost or read anew."""
    loaded = settings_file.load()
    assert Settings.model_validate_json(loaded.model_dump_json()) == loaded


def test_zero_and_null_are_different_caps(tmp_path: Path) -> None:
    """Zero means no DCA buys; there is no null in TOML, so 'none' is spelled out."""
    assert settings_file.load(written(tmp_path, "[dca]\nmax_per_24h = 0\n")).dca.max_per_24h == 0
    assert (
        settings_file.load(written(tmp_path, "[dca]\nmax_per_24h = 'none'\n")).dca.max_per_24h
        is None
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tradin]\n", ("powertraderd.toml", "[tradin]", "did you mean trading?")),
        ("[trading]\ncoin = ['BTC']\n", ("[trading] coin", "did you mean coins?")),
        ("[supervisor.budgets]\nquote = 3\n", ("[supervisor.budgets] quote", "quotes?")),
        (
            "\n[dca]\nmultiplier = -1\n",
            (
                "powertraderd.toml line 3: [dca] multiplier",
                "-1",
                "greater than 0",
                "range > 0, <= 10",
                "default 2.0",
            ),
        ),
        ("[entry]\nmultiplier = 1\n", ("line 2: [entry] multiplier", "belongs to [dca]")),
        ("[coins.BTC.dca]\nmultiplier = 11\n", ("line 2: coins.BTC.dca.multiplier = 11", "<= 10")),
        ("dca = {multiplier = 11}\n", ("line 1: [dca] multiplier",)),
        ("[paths]\nstate_dirr = 'x'\n", ("line 2: [paths] state_dirr", "state_dir?")),
        ("[dca]\nmultiplier = inf\n", ("[dca] multiplier", "finite")),
        ("[dca]\ndrawdown_levels_pct = [-2.5, 5]\n", ("drawdown_levels_pct.1", "less than 0")),
        ("[trading]\ncoins = ['BTC', 'BTC']\n", ("listed twice",)),
        ("[trading]\ncoins = ['btc']\n", ("[trading] coins.0", "'btc'")),
        ("[trading]\nmode = 'live'\n", ("live", "synthetic", "no real market")),
        (
            "[trading]\nmode = 'live'\n[candles]\nsource = 'kucoin'\n",
            ("live", "exchange.budget", "untouched"),
        ),
        (
            "[candles]\nsource = 'coinbase'\n[clock]\nkind = 'accelerated'\nstart = 2024-01-01\n",
            ("coinbase", "clock.kind = 'real'"),
        ),
        (
            "[candles]\nsource = 'kucoin'\nweek_anchor = 'monday'\n",
            ("week_anchor", "Thursday"),
        ),
        (
            "[candles]\nsource = 'kucoin'\nbase_url = 'http://api.example.org'\n",
            ("base_url", "plain http"),
        ),
        ("[exchange]\nbase_url = 'https://api.coinbase.com'\n", ("base_url", "pattern")),
        ("[exchange]\nbudget = 0\n", ("budget", "greater than 0")),
        ("[candles]\nsource = 'replay'\n", ("directory",)),
        ("[clock]\nkind = 'accelerated'\n", ("start",)),
        ("trading = 3\n", ("[trading]", "table")),
        ("[trading\n", ("not valid TOML", "line 1")),
    ],
)
def test_a_refusal_names_the_place_and_the_remedy(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    """File, section, key, value and what would be right."""
    message = refusal(tmp_path, text)
    assert [word for word in words if word not in message] == [], message


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    """No defaults in place of a file that was asked for."""
    with pytest.raises(ConfigError, match=r"absent\.toml: cannot be read"):
        settings_file.load(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("POWERTRADERD_PAPER__TAKER_FEE", "POWERTRADERD_PAPER__TAKER_FEE_PCT"),
        ("POWERTRADERD_PAPR__SEED", "POWERTRADERD_PAPER__SEED"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    """A typing error in the environment must not be ignored."""
    monkeypatch.setenv(name, "1")
    with pytest.raises(ConfigError, match=words):
        settings_file.load()


@pytest.mark.parametrize(
    "urls", ["'tgram://hidden/1'", "['tgram://hidden/1', 5]", "{a = 'hidden'}"]
)
def test_a_wrong_address_to_notify_is_named_without_its_password(tmp_path: Path, urls: str) -> None:
    """Such an error may be logged when settings are read again."""
    message = refusal(tmp_path, f"[notify]\nurls = {urls}\n")
    assert "line 2: [notify] urls" in message
    assert "hidden" not in message


def test_a_wrong_variable_is_named_and_not_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file may be right; the variable overrides it."""
    monkeypatch.setenv("POWERTRADERD_DCA__MULTIPLIER", "99")
    message = refusal(tmp_path, "[dca]\nmultiplier = 1\n")
    assert message.startswith("environment POWERTRADERD_DCA__MULTIPLIER: [dca] multiplier = '99'")


def test_a_market_time_without_a_zone_is_utc(tmp_path: Path) -> None:
    """TOML allows local times; market time is always aware UTC."""
    text = "[clock]\nkind = 'accelerated'\nstart = 2024-01-01T00:00:00\n"
    assert settings_file.load(written(tmp_path, text)).clock.start == datetime(
        2024, 1, 1, tzinfo=UTC
    )


def test_the_runtime_folder_follows_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_RUNTIME_DIR where there is one, else a folder of the user's own."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert places.user_runtime_dir() == Path("/run/user/7/powertraderd")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert places.user_runtime_dir().name == f"powertraderd-{os.getuid()}"


def test_the_state_folder_follows_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_STATE_HOME where there is one, else ~/.local/state."""
    monkeypatch.setenv("XDG_STATE_HOME", "/s")
    assert places.user_state_dir() == Path("/s/powertraderd")
    monkeypatch.delenv("XDG_STATE_HOME")
    assert places.user_state_dir() == Path.home() / ".local/state/powertraderd"
