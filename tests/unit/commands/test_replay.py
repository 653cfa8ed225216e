"""`powertraderd replay`: what was decided then, decided again."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from powertraderd.__main__ import build
from powertraderd.adapters.sqlite.ledger import SqliteLedger
from powertraderd.model.decision import CoinView, Decision
from powertraderd.model.inputs import to_text
from powertraderd.model.rules import StrategyRules
from powertraderd.strategy import decide, ledgering, risk
from powertraderd.testing.coin_views import NOW, a_position, a_signal, coin_view

RULES = StrategyRules()


def views() -> list[CoinView]:
    """A coin that says LONG four times, and one that is held and fell."""
    entry = coin_view(signal=a_signal(long_count=4))
    held = coin_view(position=a_position(), signal=a_signal(long_count=0))
    return [entry, replace(held, now=held.now + timedelta(seconds=1))]


def decided(view: CoinView) -> Decision:
    """By today's rules."""
    return risk.admit(decide.decide(view, RULES), view, RULES)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings whose ledger holds three decisions, one of them a person's."""
    ledger = SqliteLedger(tmp_path / "ledger.db", ledgering)
    for view in views():
        ledger.record_decision(decided(view), to_text(view))
    by_hand = decide.manual_buy(views()[0], RULES, views()[0].books.cash)
    ledger.record_decision(by_hand)
    ledger.close()
    path = tmp_path / "powertraderd.toml"
    path.write_text(f'[paths]\nstate_dir = "{tmp_path}"\n')
    return path


def run(config: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    day = f"{NOW:%Y-%m-%d}"
    words = ["replay", day, "--config", str(config), *arguments]
    result = CliRunner().invoke(build("replay"), words)
    return result.exit_code, result.stdout, result.stderr


def test_the_same_code_and_settings_decide_the_same(config: Path) -> None:
    """Code 0; what a person decided is not judged."""
    code, out, _ = run(config, "--json")
    assert code == 0
    assert json.loads(out) == {"same": 2, "skipped": 1, "differences": []}


def test_other_settings_show_where_they_would_have_decided_otherwise(config: Path) -> None:
    """Code 1, the decision of then beside that of today."""
    code, out, _ = run(config, "--set", "entry.min_long_level=7", "--json")
    assert code == 1
    (difference,) = json.loads(out)["differences"]
    assert difference["recorded"]["action"] == "ENTRY"
    assert difference["today"]["reason_code"] == "long_too_low"
    code, out, _ = run(config, "--set", "entry.min_long_level=7")
    assert code == 1
    assert "SKIP" in out
    assert "1 decisions come out the same, 1 differently" in out
    assert max(len(line) for line in out.splitlines()) <= 80


def test_a_day_without_decisions_is_named(config: Path) -> None:
    """A failed look is no empty answer."""
    words = ["replay", "2001-01-01", "--config", str(config)]
    result = CliRunner().invoke(build("replay"), words)
    assert result.exit_code != 0
    assert "no decision from 2001-01-01" in result.stderr
