"""`powertraderd evaluate` as a person and as a machine meet it."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from powertraderd.__main__ import build

HOURS = 1200


@pytest.fixture
def candles(tmp_path: Path) -> Path:
    """A folder with one coin that walks at random."""
    source = np.random.default_rng(8)
    prices = 100 * np.exp(np.cumsum(source.normal(0, 0.01, HOURS + 1)))
    lines = ["time,open,high,low,close,volume"]
    for hour in range(HOURS):
        opened, closed = prices[hour], prices[hour + 1]
        figures = (opened, max(opened, closed) * 1.002, min(opened, closed) * 0.998, closed)
        lines.append(f"{1_704_067_200 + hour * 3600},{','.join(f'{x:.6f}' for x in figures)},1")
    (tmp_path / "A_1h.csv").write_text("\n".join(lines))
    return tmp_path


def run(*arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    result = CliRunner().invoke(build("evaluate"), ["evaluate", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_no_skill_is_said_in_those_words(candles: Path) -> None:
    """In a table that fits a terminal."""
    code, out, _ = run("--candles", str(candles), "--coins", "A", "--details")
    assert code == 0
    assert "no evidence of skill" in out
    assert "2024 1hour" in out
    assert max(len(line) for line in out.splitlines()) <= 80


def test_a_machine_gets_every_verdict(candles: Path) -> None:
    """By timeframe, by coin, by year; the span can be narrowed."""
    code, out, _ = run("--candles", str(candles), "--coins", "A", "--from", "2024-02-10", "--json")
    assert code == 0
    found = {each["group"]: each for each in json.loads(out)["verdicts"]}
    assert {"1hour", "A 1hour", "2024 1hour"} <= set(found)
    assert 0 < found["1hour"]["steps"] < 300
    assert found["1hour"]["verdict"] == "no evidence of skill"


def test_too_little_history_is_explained(candles: Path) -> None:
    """Nothing is judged from nothing."""
    code, _, errors = run("--candles", str(candles), "--coins", "A", "--to", "2024-01-02")
    assert code == 78
    assert "too few candles" in errors
