"""Metrics of trainer and thinker: how well trained each memory is, how good its forecasts."""

from datetime import datetime

from powertraderd.adapters.prometheus.figures import Status, age_s, figure, ratio
from powertraderd.adapters.prometheus.sheet import Sheet

TRAINING_STATES = ("READY", "RUNNING", "REQUIRED", "REFUSED")


def training(sheet: Sheet, told: Status, now: datetime) -> None:
    """All coins, and all their memories, from the supervisor's document of training."""
    for coin, row in (told.get("coins") or {}).items():
        trained = row.get("training") or {}
        for state in TRAINING_STATES if trained else ():
            sheet.put("training_state", int(trained.get("state") == state), coin=coin, state=state)
    for coin, timeframes in (told.get("timeframes") or {}).items():
        for timeframe, memory in timeframes.items():
            _memory(sheet, memory, now, {"coin": coin, "timeframe": timeframe})


def skill(sheet: Sheet, status: Status) -> None:
    """How far off the forecasts were, from the thinker's last report."""
    for timeframe, row in (status.get("skill") or {}).items():
        sheet.put("forecasts", figure(row.get("forecasts")), timeframe=timeframe)
        sheet.put("forecast_error_ratio", ratio(row.get("error_pct")), timeframe=timeframe)
        sheet.put("guess_error_ratio", ratio(row.get("guess_error_pct")), timeframe=timeframe)


def _memory(sheet: Sheet, memory: Status, now: datetime, labels: dict[str, str]) -> None:
    sheet.put("training_age_seconds", age_s(now, memory.get("trained_at")), **labels)
    sheet.put("training_progress_ratio", figure(memory.get("progress")), **labels)
    sheet.put("memory_entries", figure(memory.get("entries")), **labels)
    sheet.put("memory_candles", figure(memory.get("candles")), **labels)
    sheet.put("memory_threshold_ratio", ratio(memory.get("threshold")), **labels)
