"""`powertraderd sweep`: resumable, the same on a cluster, honest about luck."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from powertraderd.__main__ import build
from powertraderd.backtest import sweep
from powertraderd.backtest.sweep import Result, combinations, outside_rank, rank_correlation, ranked
from powertraderd.errors import ConfigError

HOURS = 24 * 60
GRID = ("--grid", "dca.multiplier=0.5,2.0", "--grid", "exit.start_pct=2,4,6")


@pytest.fixture
def candles(tmp_path: Path) -> Path:
    """A folder with one lively coin."""
    source = np.random.default_rng(8)
    prices = 100 * np.exp(np.cumsum(source.normal(0, 0.012, HOURS + 1)))
    lines = ["time,open,high,low,close,volume"]
    for hour in range(HOURS):
        opened, closed = prices[hour], prices[hour + 1]
        figures = (opened, max(opened, closed) * 1.003, min(opened, closed) * 0.997, closed)
        lines.append(f"{1_704_067_200 + hour * 3600},{','.join(f'{x:.6f}' for x in figures)},1")
    (tmp_path / "A_1h.csv").write_text("\n".join(lines))
    return tmp_path


def run(candles: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    fixed = ("sweep", "--candles", str(candles), "--coins", "A", "--workers", "1")
    result = CliRunner().invoke(build("sweep"), [*fixed, *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def found(candles: Path, *arguments: str) -> dict[str, Any]:
    """The JSON that a machine gets."""
    code, out, errors = run(candles, *arguments, "--json")
    assert code == 0, errors
    values: dict[str, Any] = json.loads(out)
    return values


def test_the_best_in_sample_stands_beside_what_it_did_afterwards(
    candles: Path, tmp_path: Path
) -> None:
    """With how many were tried, and its place out of sample."""
    results = ("--results", str(tmp_path / "r.jsonl"))
    values = found(candles, *GRID, *results)
    assert values["tried"] == 6
    gains = [each["inside"]["gain_pct"] for each in values["results"]]
    assert gains == sorted(gains, reverse=True)
    assert len(set(gains)) > 3
    outside = [each["outside"]["gain_pct"] for each in values["results"]]
    assert values["best_rank_outside"] == 1 + sum(each > outside[0] for each in outside)
    code, out, _ = run(candles, *GRID, *results)
    assert code == 0
    assert "6 combinations tried" in out
    assert max(len(line) for line in out.splitlines()) <= 80


def test_an_interrupted_sweep_goes_on_where_it_stopped(
    candles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is done is not done again, a torn last line is."""
    path = tmp_path / "r.jsonl"
    whole = found(candles, *GRID, "--results", str(path))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:4], lines[4][:30]]))
    run_again: list[int] = []
    real = sweep.run_here

    def counted(tracks: Any, todo: Any, *rest: Any) -> None:  # noqa: ANN401 - passed through
        run_again.append(len(todo))
        real(tracks, todo, *rest)

    monkeypatch.setattr(sweep, "run_here", counted)
    assert found(candles, *GRID, "--results", str(path)) == whole
    assert run_again == [2]


def test_results_of_another_sweep_are_not_mixed_in(candles: Path, tmp_path: Path) -> None:
    """Other settings outside of the grid make another sweep."""
    results = ("--results", str(tmp_path / "r.jsonl"))
    found(candles, *GRID, *results)
    code, _, errors = run(candles, *GRID, *results, "--set", "paper.taker_fee_pct=0.1")
    assert code == 78
    assert "another sweep" in errors


def test_a_cluster_comes_to_the_same_results(candles: Path, tmp_path: Path) -> None:
    """Two Dask workers in processes of their own."""
    distributed = pytest.importorskip("distributed", reason="the research packages are missing")
    here = found(candles, *GRID, "--results", str(tmp_path / "here.jsonl"))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, processes=True
    ) as cluster:
        there = found(
            candles,
            *GRID,
            *("--results", str(tmp_path / "there.jsonl")),
            *("--scheduler", cluster.scheduler_address),
        )
    assert there == here


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--grid", "training.learner=classic,volatility"), "learns once"),
        (("--grid", "dca.multiplier="), "no axis"),
        (("--grid", "dca.multiplayer=1"), "multiplier"),
        ((*GRID, "--split", "2031-01-01"), "does not lie between"),
    ],
)
def test_what_cannot_be_swept_is_explained(
    candles: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    """With the place and the remedy."""
    code, _, errors = run(candles, *arguments, "--results", str(tmp_path / "r.jsonl"))
    assert code == 78
    assert words in errors


def test_lists_are_values_too() -> None:
    """Commas inside of brackets belong to the value."""
    assert list(combinations(["a.b=[1,2],[3]", "c.d=x"])) == [
        ("a.b=[1,2]", "c.d=x"),
        ("a.b=[3]", "c.d=x"),
    ]
    with pytest.raises(ConfigError, match="no axis"):
        list(combinations(["=1"]))


def result(inside: float, outside: float) -> Result:
    """Known gains."""
    return Result((f"{inside}",), {"gain_pct": inside}, {"gain_pct": outside})


def test_ranks_tell_luck_from_merit() -> None:
    """Perfect agreement, perfect disagreement, too few to say."""
    agreeing = [result(1, 10), result(2, 20), result(3, 30)]
    assert rank_correlation(agreeing) == pytest.approx(1)
    assert outside_rank(agreeing, ranked(agreeing)[0]) == 1
    opposed = [result(1, 30), result(2, 20), result(3, 10)]
    assert rank_correlation(opposed) == pytest.approx(-1)
    assert outside_rank(opposed, ranked(opposed)[0]) == 3
    assert rank_correlation(agreeing[:2]) is None
