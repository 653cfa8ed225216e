"""`powertraderd levels`: what it reads, prints and refuses."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from powertraderd.commands.levels import levels
from powertraderd.model.candle import Timeframe

APP = typer.Typer()
APP.command()(levels)

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "golden" / "own" / "results.json").read_text(encoding="utf-8")
)["levels"]
SEVEN: list[dict[str, Any]] = GOLDEN["predictions"]
INACTIVE = {"active": False}


def ask(given: object, *arguments: str) -> Result:
    """Run the verb with this on standard input."""
    text = given if isinstance(given, str) else json.dumps(given)
    return CliRunner().invoke(APP, arguments, input=text)


def answered(given: object) -> Any:  # noqa: ANN401 - it is JSON
    """The JSON that was printed."""
    answer = ask(given, "--json")
    assert answer.exit_code == 0
    return json.loads(answer.stdout)


def test_the_levels_of_seven_predictions_are_printed_by_timeframe() -> None:
    """Active ones only, and they agree with the golden levels."""
    made = answered(SEVEN)
    assert set(made) == {"low", "high"}
    assert list(made["low"]) == ["1hour", "2hour", "4hour", "12hour", "1day", "1week"]
    assert sorted(made["low"].values(), reverse=True) == pytest.approx(GOLDEN["low"], rel=1e-9)
    assert sorted(made["high"].values()) == pytest.approx(GOLDEN["high"], rel=1e-9)


def test_the_shapes_of_the_input_mean_the_same() -> None:
    """A list in order, a list that names timeframes in any order, an object."""
    named = [
        {"timeframe": timeframe, **each} for timeframe, each in zip(Timeframe, SEVEN, strict=True)
    ]
    by_name = {each["timeframe"]: each for each in named}
    expected = answered(SEVEN)
    assert answered(named) == answered(named[::-1]) == answered(by_name) == expected


def test_figures_of_an_inactive_prediction_do_not_matter() -> None:
    """They may be missing, null or anything."""
    plain = answered([INACTIVE] * 7)
    assert plain == {"low": {}, "high": {}}
    assert answered([{"active": False, "high": None, "low": -1}] * 7) == plain


def test_people_get_a_table() -> None:
    """Without --json."""
    answer = ask(SEVEN)
    assert answer.exit_code == 0
    assert "8hour" in answer.stdout
    assert "inactive" in answer.stdout
    assert "59.7" in answer.stdout


def changed(place: int, **values: object) -> list[dict[str, Any]]:
    """The seven predictions with one of them changed."""
    seven = [dict(each) for each in SEVEN]
    seven[place].update(values)
    return seven


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("7", "must be a list or an object of seven predictions"),
        (SEVEN[:6], "must be a list or an object of seven predictions"),
        ({"1hour": INACTIVE}, "must have each timeframe once"),
        (changed(1, timeframe="1hour"), "must have each timeframe once"),
        (changed(1, timeframe="3hour"), "has the timeframe '3hour', known: 1hour, 2hour"),
        (changed(1, timeframe=["2hour"]), "has the timeframe ['2hour']"),
        ([1, *SEVEN[1:]], 'needs {"active": true or false, ...} for 1hour'),
        (changed(2, active="yes"), 'needs {"active": true or false, ...} for 4hour'),
        (changed(2, high=None), "has high = None for 4hour"),
        (changed(2, low="99"), "has low = '99' for 4hour"),
        (changed(2, low=True), "has low = True for 4hour"),
        (changed(2, low=0), "has low = 0 for 4hour"),
        (changed(2, low=-1.5), "has low = -1.5 for 4hour"),
        (changed(2, high=float("nan")), "has high = nan for 4hour"),
        (changed(2, high=float("inf")), "has high = inf for 4hour"),
        (changed(2, high=10**400), "for 4hour, which is not a price"),
    ],
)
def test_input_that_is_not_usable_is_refused_with_its_place(given: object, words: str) -> None:
    """What is wrong, where, and how to find out what is right; exit code 78, no traceback."""
    answer = ask(given, "--json")
    assert answer.exit_code == 78
    assert answer.stdout == ""
    assert words in answer.stderr
    assert "see powertraderd levels --help" in answer.stderr
    assert "Traceback" not in answer.stderr
