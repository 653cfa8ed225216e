"""`powertraderd init`: a file that can be used at once, and that says what may be changed."""

import os
import pty
import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from powertraderd import settings_file
from powertraderd.__main__ import build
from powertraderd.settings import Settings
from powertraderd.supervision.spawn import python_command


def init(*words: str) -> Result:
    """Without a terminal."""
    return CliRunner().invoke(build("init"), ["init", *words])


def test_the_file_is_usable_at_once_and_only_chosen_keys_are_set(tmp_path: Path) -> None:
    """Everything else keeps its default."""
    path = tmp_path / "powertraderd.toml"
    result = init(str(path), "--coins", "xrp, BTC", "--candles", "coinbase", "--cash", "2_500")
    assert result.exit_code == 0, result.output
    chosen = {name: table for name, table in tomllib.loads(path.read_text()).items() if table}
    assert chosen == {
        "trading": {"mode": "paper", "coins": ["XRP", "BTC"]},
        "candles": {"source": "coinbase"},
        "paper": {"starting_cash": 2500},
    }
    loaded = settings_file.load(path)
    assert loaded.trading.coins == ("XRP", "BTC")
    assert loaded.paper.starting_cash == Decimal(2500)
    assert loaded.dca == Settings().dca


def test_every_key_stands_there_with_its_default_and_may_be_uncommented(tmp_path: Path) -> None:
    """Taking all # away from the values changes nothing; rare sections aside."""
    path = tmp_path / "powertraderd.toml"
    assert init(str(path), "--candles", "synthetic").exit_code == 0
    text = re.sub(r"^# (\w+ = )", r"\1", path.read_text(), flags=re.MULTILINE)
    path.write_text(text)
    assert settings_file.load(path) == settings_file.load()
    assert "multiplier = 2.0" in text
    assert "[supervisor" not in text


def test_live_needs_a_budget_and_nothing_is_written_without(tmp_path: Path) -> None:
    """With the same words as the settings have for it."""
    path = tmp_path / "live.toml"
    result = init(str(path), "--mode", "live")
    assert result.exit_code == 78
    assert "these answers: trading.mode = 'live' needs exchange.budget" in result.output
    assert list(tmp_path.iterdir()) == []
    result = init(str(path), "--mode", "live", "--cash", "500")
    assert result.exit_code == 0
    assert "creds set" in result.output
    assert settings_file.load(path).exchange.budget == 500


def test_any_setting_may_be_given(tmp_path: Path) -> None:
    """Values as in TOML, or plain words; also those of rare sections and of one coin."""
    path = tmp_path / "powertraderd.toml"
    result = init(
        str(path), "--candles", "replay",
        "--set", "candles.directory=candles", "--set", "entry.allocation_pct=1.5",
        "--set", "dca.drawdown_levels_pct=[-1, -2.5]", "--set", "supervisor.budgets.boot=30",
        "--set", "coins.BTC.dca.multiplier=1",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    loaded = settings_file.load(path)
    assert loaded.candles.directory == tmp_path / "candles"
    assert loaded.entry.allocation_pct == Decimal("1.5")
    assert loaded.dca.drawdown_levels_pct == (Decimal(-1), Decimal("-2.5"))
    assert loaded.supervisor.budgets.boot == 30
    assert tomllib.loads(path.read_text())["coins"]["BTC"]["dca"]["multiplier"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cash", "much"), "--cash 'much': is no number"),
        (("--set", "entry"), "write SECTION.KEY=VALUE"),
        (("--set", "entry.alocation_pct=1"), "did you mean allocation_pct?"),
        (("--coins", ","), "coins"),
        (("--coins", "btc/usd"), "pattern"),
        (("--cash", "-5"), "greater than 0"),
    ],
)
def test_a_wrong_answer_is_refused_and_nothing_is_written(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    """Exit code 78, with the reason."""
    result = init(str(tmp_path / "powertraderd.toml"), *words)
    assert result.exit_code == 78
    assert said in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    """Also one that was made a moment ago."""
    path = tmp_path / "powertraderd.toml"
    path.write_text("mine")
    assert init(str(path)).exit_code == 78
    assert path.read_text() == "mine"


def test_a_person_at_a_terminal_is_asked_four_questions(tmp_path: Path) -> None:
    """On a real pseudo terminal; a wrong choice is asked again, an empty answer is the default."""
    path = tmp_path / "powertraderd.toml"
    words = python_command("powertraderd", "init", str(path))
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - becomes another program at once
        os.execv(words[0], words)  # noqa: S606 - no shell on purpose
    shown = b""
    for question, answer in (
        (b"live", "real"), (b"live", "paper"), (b"coins", "DOGE"), (b"candles", ""),
        (b"dollars", "750"),
    ):  # fmt: skip
        asked = shown.count(b": |")
        while not (shown.rstrip().endswith(b":") and question in shown.splitlines()[-1]):
            shown += os.read(terminal, 1024)
        os.write(terminal, f"{answer}\n".encode())
        shown += b"|"
        assert shown.count(b": |") > asked
    while True:
        try:
            more = os.read(terminal, 1024)
        except OSError:  # the other end is gone
            break
        if not more:
            break
        shown += more
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, shown.decode()
    loaded = settings_file.load(path)
    assert loaded.trading.coins == ("DOGE",)
    assert loaded.candles.source == "kucoin"
    assert loaded.paper.starting_cash == 750
    assert b"powertraderd doctor" in shown
