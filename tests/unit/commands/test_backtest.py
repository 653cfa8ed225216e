"""`powertraderd backtest` as a person and as a machine meet it."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from powertraderd.__main__ import build

DAYS = 45


@pytest.fixture
def candles(tmp_path: Path) -> Path:
    """A folder with a lively coin."""
    folder = tmp_path / "candles"
    folder.mkdir()
    source = np.random.default_rng(8)
    prices = 100 * np.exp(np.cumsum(source.normal(0, 0.012, DAYS * 24 + 1)))
    with (folder / "AUSDT_1h.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["time", "open", "high", "low", "close", "volume"])
        for hour in range(DAYS * 24):
            opened, closed = prices[hour], prices[hour + 1]
            high, low = max(opened, closed) * 1.003, min(opened, closed) * 0.997
            second = 1_704_067_200 + hour * 3600
            rows.writerow([second, *(f"{each:.6f}" for each in (opened, high, low, closed)), 1])
    return folder


def run(*arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    result = CliRunner().invoke(build("backtest"), ["backtest", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_machine_gets_one_line_of_json(candles: Path) -> None:
    """With the figures of the run."""
    code, out, _ = run("--candles", str(candles), "--coins", "A", "--random", "2", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["entries"] > 0
    assert found["cash"] == 10_000
    assert len(found["random"]) == 2


def test_files_are_written_where_asked(candles: Path, tmp_path: Path) -> None:
    """Every trade in the CSV, the page in HTML."""
    trades, page = tmp_path / "trades.csv", tmp_path / "run.html"
    code, out, _ = run(
        *("--candles", str(candles), "--coins", "a"),
        *("--trades", str(trades), "--report", str(page)),
    )
    assert code == 0
    with trades.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["side"] for row in rows} == {"BUY", "SELL"}
    assert page.read_text().startswith("<!doctype html>")
    assert "account value" in out
    assert max(len(line) for line in out.splitlines()) <= 80


def test_a_setting_can_be_changed_for_one_run(candles: Path) -> None:
    """The value is read as in the file."""
    arguments = ("--candles", str(candles), "--coins", "A", "--json")
    _, without, _ = run(*arguments, "--set", "dca.max_per_24h=0")
    _, with_dca, _ = run(*arguments)
    assert json.loads(without)["dca_buys"] == 0
    assert json.loads(with_dca)["dca_buys"] > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--coins", "B"), "no hourly candles of B"),
        (("--coins", "A", "--set", "dca.multiplayer=1"), "multiplier"),
        (("--coins", "A", "--set", "multiplier"), "SECTION.KEY=VALUE"),
        (("--coins", "A", "--from", "2030-01-01"), "nothing to trade"),
    ],
)
def test_what_cannot_be_run_is_explained(
    candles: Path, arguments: tuple[str, ...], words: str
) -> None:
    """With the place and the remedy, and the code for wrong settings."""
    code, _, errors = run("--candles", str(candles), *arguments)
    assert code == 78
    assert words in errors
