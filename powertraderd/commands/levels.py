"""`powertraderd levels`: the levels of seven predictions."""

import json
import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from powertraderd.commands.command_line import errors_are_explained
from powertraderd.errors import ConfigError
from powertraderd.model.candle import EPOCH, Timeframe
from powertraderd.model.prediction import Prediction
from powertraderd.model.rules import SignalRules
from powertraderd.model.signal import Levels
from powertraderd.strategy.levels import LARGEST_PRICE, LEAST_PRICE
from powertraderd.strategy.levels import levels as make_levels


@errors_are_explained
def levels(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Make the low and high levels of the seven predictions on standard input.

    Input (JSON): a list of seven `{"active": true, "high": 105.0, "low": 95.0}` from 1hour to
    1week, or in any order where each has a "timeframe"; or an object `{"1hour": {...}, ...}`. An
    inactive prediction needs no high and low.

    Output with --json: `{"low": {"1hour": 94.525, ...}, "high": {"1hour": 105.525, ...}}` with the
    active timeframes only. Input that is not usable leaves with code 78.

    Example: powertraderd levels --json < predictions.json
    """
    made = make_levels(_predictions(_input()), SignalRules().bound_distance_pct)
    if as_json:
        sys.stdout.write(json.dumps({"low": made.low, "high": made.high}) + "\n")
    else:
        Console().print(_table(made))


def _input() -> object:
    try:
        return json.loads(sys.stdin.read())
    except (ValueError, RecursionError) as error:
        _refuse(f"is not JSON ({error})")


def _refuse(problem: str) -> NoReturn:
    msg = f"standard input {problem}; see powertraderd levels --help"
    raise ConfigError(msg)


def _predictions(given: object) -> list[Prediction]:
    """The seven predictions, each timeframe once."""
    match given:
        case dict():
            named = list(given.items())
        case list() if len(given) == len(Timeframe):
            named = [
                (item.get("timeframe", usual) if isinstance(item, dict) else usual, item)
                for usual, item in zip(Timeframe, given, strict=True)
            ]
        case _:
            _refuse("must be a list or an object of seven predictions")
    made = [_prediction(name, item) for name, item in named]
    if sorted(each.timeframe for each in made) != sorted(Timeframe):
        _refuse(f"must have each timeframe once: {', '.join(Timeframe)}")
    return made


def _prediction(name: str, given: object) -> Prediction:
    try:
        timeframe = Timeframe(name)
    except ValueError:
        _refuse(f"has the timeframe {name!r}, known: {', '.join(Timeframe)}")
    if not isinstance(given, dict) or not isinstance(given.get("active"), bool):
        _refuse(f'needs {{"active": true or false, ...}} for {timeframe}')
    if not given["active"]:
        return Prediction(timeframe, EPOCH, high=None, low=None)
    high, low = (_price(timeframe, key, given.get(key)) for key in ("high", "low"))
    return Prediction(timeframe, EPOCH, high=high, low=low)


def _price(timeframe: Timeframe, key: str, value: object) -> float:
    """A price that levels can be made of; true is a number to Python, but no price."""
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not LEAST_PRICE < value < LARGEST_PRICE
    ):
        _refuse(f"has {key} = {value!r} for {timeframe}, which is not a price above zero")
    return float(value)


def _table(made: Levels) -> Table:
    table = Table("timeframe", "low", "high")
    for timeframe in Timeframe:
        low, high = made.low.get(timeframe), made.high.get(timeframe)
        table.add_row(
            timeframe.value,
            "inactive" if low is None else f"{low:.8g}",
            "inactive" if high is None else f"{high:.8g}",
        )
    return table
