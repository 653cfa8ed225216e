"""Training: what has been learned, how long ago, and by which threshold."""

from grafana_foundation_sdk.builders import dashboard, statetimeline, table, timeseries

from ops.grafana.source.board import board
from ops.grafana.source.panels import (
    BLUE,
    GREEN,
    RATIO,
    RED,
    SECONDS,
    YELLOW,
    columns,
    curves,
    states,
)
from ops.grafana.source.queries import metric, over_time

STATES = {
    0: ("REQUIRED", YELLOW),
    1: ("RUNNING", BLUE),
    2: ("READY", GREEN),
    3: ("REFUSED", RED),
}


def training() -> dashboard.Dashboard:
    """All coins and timeframes."""
    made = board("Training", "What the memories hold, how fresh they are, and how they match.")
    made.with_panel(_state())
    made.with_panel(_table())
    made.with_panel(_age())
    made.with_panel(_progress())
    made.with_panel(_entries())
    made.with_panel(_thresholds())
    made.with_panel(_skill())
    made.with_panel(_errors())
    made.with_panel(_candles())
    made.with_panel(_blocked())
    return made


def _state() -> statetimeline.Panel:
    numbered = " or ".join(
        f"({metric('training_state', state=word)} * {value})" for value, (word, _) in STATES.items()
    )
    return states(
        "State",
        "READY to predict, RUNNING, REQUIRED: nothing learned or too long ago, REFUSED: not ours.",
        over_time(f"sum by (coin) ({numbered})", "{{coin}}"),
        STATES,
        alert="TrainingMissing",
    )


def _of_coin(name: str, function: str) -> str:
    return f"{function} by (coin) ({metric(name)})"


def _table() -> table.Panel:
    return columns(
        "By coin",
        "Over all seven timeframes.",
        "coin",
        (
            ("Learned last", SECONDS, _of_coin("training_age_seconds", "max")),
            ("Progress", RATIO, _of_coin("training_progress_ratio", "avg")),
            ("Patterns", "short", _of_coin("memory_entries", "sum")),
            ("Candles", "short", _of_coin("memory_candles", "sum")),
            ("Smallest threshold", RATIO, _of_coin("memory_threshold_ratio", "min")),
            ("Largest threshold", RATIO, _of_coin("memory_threshold_ratio", "max")),
            ("LONG blocked", "bool_yes_no", _of_coin("signal_blocked", "max")),
        ),
        size=(24, 7),
    )


def _by_timeframe(name: str, function: str = "max") -> str:
    return f"{function} by (timeframe) ({metric(name)})"


def _age() -> timeseries.Panel:
    return curves(
        "Age of the training",
        "Market time since the memory learned its newest candle: the oldest coin of each "
        "timeframe, and the age at which LONG is held at 0.",
        (
            over_time(_by_timeframe("training_age_seconds"), "{{timeframe}}"),
            over_time(f"max({metric('training_max_age_seconds')})", "limit"),
        ),
        unit=SECONDS,
        alert="TrainingOld",
        legend_right=True,
        least=0,
    )


def _progress() -> timeseries.Panel:
    return curves(
        "Progress",
        "How much of what there is to learn has been learned, mean over the timeframes.",
        (over_time(_of_coin("training_progress_ratio", "avg"), "{{coin}}"),),
        unit=RATIO,
        least=0,
    ).max(1)


def _entries() -> timeseries.Panel:
    return curves(
        "Patterns",
        "Patterns in the memories, mean over the coins.",
        (over_time(_by_timeframe("memory_entries", "avg"), "{{timeframe}}"),),
        unit="short",
        legend_right=True,
    )


def _thresholds() -> timeseries.Panel:
    return curves(
        "Thresholds",
        "Largest distance at which a pattern still matches, mean over the coins.",
        (over_time(_by_timeframe("memory_threshold_ratio", "avg"), "{{timeframe}}"),),
        unit=RATIO,
        legend_right=True,
        least=0,
    )


ERROR = f"sum by (timeframe) (increase({metric('forecast_error_ratio_total')}[7d]))"
GUESS = f"sum by (timeframe) (increase({metric('guess_error_ratio_total')}[7d]))"
MADE = f"sum by (timeframe) (increase({metric('forecasts_total')}[7d]))"


def _skill() -> timeseries.Panel:
    return curves(
        "Skill",
        "By how much the forecasts of the last seven days were nearer than the guess that the "
        "recent range alone makes; at and below zero the memories know nothing.",
        (over_time(f"1 - {ERROR} / ({GUESS} > 0)", "{{timeframe}}"),),
        unit=RATIO,
        legend_right=True,
    )


def _errors() -> timeseries.Panel:
    return curves(
        "Mean error of the forecasts",
        "Over seven days, mean of high and low, share of the price.",
        (over_time(f"{ERROR} / ({MADE} > 0)", "{{timeframe}}"),),
        unit=RATIO,
        legend_right=True,
        least=0,
    )


def _candles() -> timeseries.Panel:
    return curves(
        "Age of the newest candle",
        "Market time since it closed, the oldest coin of each timeframe.",
        (over_time(_by_timeframe("candle_age_seconds"), "{{timeframe}}"),),
        unit=SECONDS,
        alert="CandlesStale",
        legend_right=True,
        least=0,
    )


def _blocked() -> timeseries.Panel:
    return curves(
        "Signals",
        "Age of each coin's signal, and the age of the oldest memory behind it.",
        (
            over_time(_of_coin("signal_age_seconds", "max"), "{{coin}} signal"),
            over_time(_of_coin("signal_training_age_seconds", "max"), "{{coin}} training"),
        ),
        unit=SECONDS,
        alert="SignalStale",
        legend_right=True,
        least=0,
    )
