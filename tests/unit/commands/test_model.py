"""`powertraderd model`: what it prints, and what it says about files that are not usable."""

import gzip
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from powertraderd.commands.model import model

APP = typer.Typer()
APP.command()(model)

GOLDEN = Path(__file__).parents[2] / "golden" / "own"
HEADER = "time,open,close,high,low,volume"
ROWS = [
    "1704067200,100,101,102,99,1",
    "1704070800,101,99,101,98,1",
    "1704074400,99,100,103,99,1",
    "1704078000,100,98,100,97,1",
]


def ask(*arguments: str | Path) -> Result:
    """Run the verb as a user does."""
    return CliRunner().invoke(APP, [str(argument) for argument in arguments])


def written(folder: Path, *lines: str, name: str = "candles.csv") -> Path:
    """A CSV file of these lines."""
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("timeframe", ["1hour", "1day", "1week"])
def test_the_json_is_the_golden_memory(timeframe: str) -> None:
    """Columns are found by name, the timeframe by the step of the time column."""
    answer = ask("--csv", GOLDEN / f"{timeframe}.csv", "--json")
    assert answer.exit_code == 0
    printed = json.loads(answer.stdout)
    golden = json.loads((GOLDEN / "results.json").read_text(encoding="utf-8"))
    expected = golden["timeframes"][timeframe]
    assert printed.pop("timeframe") == printed["prediction"].pop("timeframe") == timeframe
    assert printed.pop("candles") == len(golden_rows(timeframe))
    prediction, foretold = printed.pop("prediction"), expected.pop("prediction")
    assert prediction.keys() == foretold.keys()
    assert prediction["active"] is foretold["active"]
    if prediction["active"]:
        assert prediction == pytest.approx(foretold, rel=1e-9)
    assert printed.keys() == expected.keys()
    entries, wanted = printed.pop("entries"), expected.pop("entries")
    assert [pytest.approx(entry, rel=1e-9) for entry in entries] == wanted
    for key, value in printed.items():
        assert value == pytest.approx(expected[key], rel=1e-9)


def golden_rows(timeframe: str) -> list[str]:
    """The rows of a golden file."""
    text = (GOLDEN / f"{timeframe}.csv").read_text(encoding="utf-8")
    return text.splitlines()[1:]


def test_an_unfinished_last_row_can_be_left_out(tmp_path: Path) -> None:
    """As if it were not there."""
    whole = ask("--csv", written(tmp_path, HEADER, *ROWS), "--drop-last", "--json")
    part = ask("--csv", written(tmp_path, HEADER, *ROWS[:-1]), "--json")
    assert json.loads(whole.stdout) == json.loads(part.stdout)
    assert json.loads(whole.stdout)["candles"] == 3


def test_packed_files_are_read_too(tmp_path: Path) -> None:
    """CSV.gz."""
    path = tmp_path / "candles.csv.gz"
    path.write_bytes(gzip.compress("\n".join([HEADER, *ROWS]).encode()))
    assert json.loads(ask("--csv", path, "--json").stdout)["candles"] == 4


def test_people_get_a_short_table(tmp_path: Path) -> None:
    """Without --json."""
    answer = ask("--csv", written(tmp_path, HEADER, *ROWS))
    assert answer.exit_code == 0
    for words in ("1hour", "candles learned", "threshold", "1.040 %", "101.9596"):
        assert words in answer.stdout


def test_people_are_told_when_there_is_no_prediction() -> None:
    """In the same table."""
    assert "inactive" in ask("--csv", GOLDEN / "1week.csv").stdout


def test_the_timeframe_can_be_named(tmp_path: Path) -> None:
    """One row does not tell it; rows with gaps only may tell a wrong one."""
    one = written(tmp_path, HEADER, ROWS[0])
    assert json.loads(ask("--csv", one, "--timeframe", "1day", "--json").stdout)["timeframe"] == (
        "1day"
    )
    sparse = written(tmp_path, HEADER, ROWS[0], ROWS[2])
    assert json.loads(ask("--csv", sparse, "--json").stdout)["timeframe"] == "2hour"
    named = ask("--csv", sparse, "--timeframe", "1hour", "--json")
    assert json.loads(named.stdout)["timeframe"] == "1hour"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], ["line 1", "column time", "missing"]),
        ([HEADER], ["no candles"]),
        (["time,open,high,low,volume", "1704067200,1,1,1,1"], ["line 1", "column close"]),
        ([HEADER, ROWS[0], "1704070800,x,99,101,98,1"], ["line 3", "column open", "'x'"]),
        ([HEADER, ROWS[0], "1704070800,101,nan,101,98,1"], ["line 3", "column close", "nan"]),
        ([HEADER, ROWS[0], "1704070800,101,99,inf,98,1"], ["line 3", "column high", "inf"]),
        ([HEADER, "1704067200,0,99,101,98,1"], ["line 2", "column open", "above zero"]),
        ([HEADER, "1704067200,101,99,97,98,1"], ["line 2", "column high"]),
        ([HEADER, "1704067200,101,99,101,100,1"], ["line 2", "column low"]),
        ([HEADER, ROWS[1], ROWS[0]], ["line 3", "column time", "does not come after"]),
        ([HEADER, ROWS[0], ROWS[0]], ["line 3", "column time", "does not come after"]),
        ([HEADER, ROWS[0], "1704070800,101,99"], ["line 3"]),
        ([HEADER, "soon,101,99,101,98,1"], ["line 2", "column time", "epoch seconds"]),
    ],
)
def test_a_file_that_cannot_be_true_is_refused_with_its_place(
    tmp_path: Path, lines: list[str], words: list[str]
) -> None:
    """File, line, column and what is wrong; exit code 78, no traceback."""
    path = written(tmp_path, *lines)
    answer = ask("--csv", path, "--json")
    assert answer.exit_code == 78
    assert answer.stdout == ""
    assert "Traceback" not in answer.stderr
    for word in [str(path), *words]:
        assert word in answer.stderr


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the remedy."""
    answer = ask("--csv", tmp_path / "nothing.csv")
    assert answer.exit_code == 78
    assert "nothing.csv" in answer.stderr


def test_dropping_the_only_row_leaves_nothing_to_learn(tmp_path: Path) -> None:
    """Said as such."""
    one = written(tmp_path, HEADER, ROWS[0])
    answer = ask("--csv", one, "--drop-last", "--timeframe", "1hour")
    assert answer.exit_code == 78
    assert "has no closed candle; leave out --drop-last" in answer.stderr


def test_one_row_alone_needs_the_timeframe(tmp_path: Path) -> None:
    """There is no step to tell it from."""
    answer = ask("--csv", written(tmp_path, HEADER, ROWS[0]))
    assert answer.exit_code == 78
    assert "add --timeframe" in answer.stderr


@pytest.mark.parametrize("named", [(), ("--timeframe", "8hour")])
def test_a_step_that_fits_no_timeframe_is_refused_with_its_place(
    tmp_path: Path, named: tuple[str, ...]
) -> None:
    """Three hours are no timeframe, and candles of eight hours cannot open every three."""
    path = written(tmp_path, HEADER, ROWS[0], ROWS[3])
    answer = ask("--csv", path, *named)
    assert answer.exit_code == 78
    for word in (str(path), "line 3", "column time", "10800 seconds"):
        assert word in answer.stderr
