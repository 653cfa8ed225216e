"""`powertraderd model`: learn one timeframe from a file and show what was learned."""

import json
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from powertraderd.adapters.candle_csv import read_hours
from powertraderd.commands.command_line import errors_are_explained
from powertraderd.errors import ConfigError
from powertraderd.model.candle import Timeframe
from powertraderd.model.memory import Memory
from powertraderd.model.prediction import Prediction
from powertraderd.strategy.predict import predict
from powertraderd.strategy.train import empty, learn

_TIMEFRAMES = {int(timeframe.length.total_seconds()): timeframe for timeframe in Timeframe}


@errors_are_explained
def model(
    *,
    csv: Annotated[Path, typer.Option(metavar="FILE", help="Candles, CSV or CSV.gz.")],
    drop_last: Annotated[
        bool, typer.Option("--drop-last", help="The last row is not closed yet: leave it out.")
    ] = False,
    timeframe: Annotated[
        Timeframe | None,
        typer.Option(help="Length of the candles. Else the smallest step of the time column."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Learn one timeframe from a CSV file and print the memory and its prediction.

    The columns time (epoch seconds at which the candle opened), open, high, low, close and volume
    are found by their names. A file that is not usable leaves with code 78.

    Output with --json: timeframe, candles, threshold, entries (each a list of pattern, close move,
    high move, low move in percent), weights_close, weights_high, weights_low, and prediction
    (timeframe, active, high, low; high and low are null when inactive).

    Example: powertraderd model --csv BTCUSDT_1h.csv.gz --json
    """
    rows = read_hours(csv)
    length = _timeframe(csv, rows.opened, timeframe)
    candles = [rows.candle(index) for index in range(len(rows) - drop_last)]
    if not candles:
        msg = f"{csv}: has no closed candle; leave out --drop-last or add rows"
        raise ConfigError(msg)
    memory = learn(empty(), candles, length)
    prediction = predict(memory, candles[-1], length)
    if as_json:
        sys.stdout.write(json.dumps(_values(memory, prediction)) + "\n")
    else:
        Console().print(_table(memory, prediction))


def _timeframe(path: Path, opened: Sequence[int], wanted: Timeframe | None) -> Timeframe:
    """The length of the candles that opened at these seconds: as wanted, else the smallest step."""
    steps = [(after - before, line) for line, (before, after) in enumerate(pairwise(opened), 3)]
    if not steps:
        if wanted:
            return wanted
        msg = f"{path}: one row does not tell how long a candle is; add --timeframe"
        raise ConfigError(msg)
    step, line = min(steps)
    found = wanted or _TIMEFRAMES.get(step)
    if found is None or step < found.length.total_seconds():
        msg = (
            f"{path}: line {line}, column time: comes {step} seconds after the row before, which "
            f"does not fit {wanted or 'any timeframe'}; mend the rows or name another --timeframe "
            f"({', '.join(Timeframe)})"
        )
        raise ConfigError(msg)
    return found


def _values(memory: Memory, prediction: Prediction) -> dict[str, Any]:
    entries = zip(
        memory.patterns.tolist(),
        memory.close_moves.tolist(),
        memory.high_moves.tolist(),
        memory.low_moves.tolist(),
        strict=True,
    )
    return {
        "timeframe": prediction.timeframe,
        "candles": memory.candles,
        "threshold": memory.threshold,
        "entries": [list(entry) for entry in entries],
        "weights_close": memory.close_weights.tolist(),
        "weights_high": memory.high_weights.tolist(),
        "weights_low": memory.low_weights.tolist(),
        "prediction": {
            "timeframe": prediction.timeframe,
            "active": prediction.active,
            "high": prediction.high,
            "low": prediction.low,
        },
    }


def _table(memory: Memory, prediction: Prediction) -> Table:
    table = Table(show_header=False)
    table.add_row("timeframe", prediction.timeframe)
    table.add_row("candles learned", str(memory.candles))
    table.add_row("entries", str(len(memory.patterns)))
    table.add_row("threshold", f"{memory.threshold:.3f} %")
    table.add_row("predicted high", _price(prediction.high))
    table.add_row("predicted low", _price(prediction.low))
    return table


def _price(value: float | None) -> str:
    return "inactive" if value is None else f"{value:.8g}"
