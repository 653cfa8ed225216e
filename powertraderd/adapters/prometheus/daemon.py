"""Metrics from the supervisor's status: workers, phases, trading state, training, prices."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from powertraderd.adapters.prometheus.sheet import Sheet

Status = Mapping[str, Any]

WORKER_STATES = (
    "STOPPED",
    "STARTING",
    "RUNNING",
    "STOPPING",
    "BACKOFF",
    "PARKED",
    "UNKILLABLE",
)
TRAINING_STATES = ("READY", "RUNNING", "REQUIRED", "REFUSED")
FRESH_S = 30.0
"""A report older than this, machine seconds, is no news: its figures count as unknown."""


def figure(value: object) -> Decimal | None:
    """A figure of the status, which may be a number or decimal text; None where it is unknown."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def age_s(now: datetime, moment: object) -> float | None:
    """Market seconds since ``moment`` (ISO text); None where it is unknown."""
    if not isinstance(moment, str):
        return None
    return (now - datetime.fromisoformat(moment)).total_seconds()


def supervision(sheet: Sheet, status: Status) -> None:
    """The supervisor, each worker, and the trading state."""
    supervisor = status.get("supervisor", {})
    sheet.gauge(
        "supervisor_uptime_seconds",
        "Machine time since the supervisor started.",
        figure(supervisor.get("uptime_s")),
    )
    sheet.counter(
        "supervisor_stalls",
        "Times that the supervisor itself stood still for longer than its limit.",
        figure(supervisor.get("stalls")),
    )
    for name, worker in status.get("workers", {}).items():
        _worker(sheet, name, worker)
    _trading(sheet, status.get("trading", {}))
    for name, seconds in (status.get("age_s") or {}).items():
        sheet.gauge(
            "report_age_seconds",
            "Machine time since a worker last said how it stands.",
            figure(seconds),
            worker=name,
        )


def _worker(sheet: Sheet, name: str, worker: Status) -> None:
    for state in WORKER_STATES:
        sheet.gauge(
            "worker_state",
            "1 for the state that the worker is in.",
            int(worker.get("state") == state),
            worker=name,
            state=state,
        )
    sheet.gauge(
        "worker_ready",
        "Whether the worker has finished its start.",
        int(bool(worker.get("ready"))),
        worker=name,
    )
    sheet.gauge(
        "worker_phase_age_seconds",
        "Machine time since the worker entered the phase that it is in.",
        figure(worker.get("phase_age_s")),
        worker=name,
        phase=str(worker.get("phase") or ""),
    )
    sheet.gauge(
        "worker_deadline_seconds",
        "Machine time left until the worker breaks its promise; negative when it is overdue.",
        figure(worker.get("deadline_in_s")),
        worker=name,
    )
    sheet.gauge(
        "worker_backoff_seconds",
        "Machine time until the worker is started again.",
        figure(worker.get("backoff_until_s")),
        worker=name,
    )
    sheet.counter(
        "worker_loops",
        "Cycles that this incarnation of the worker has completed.",
        figure(worker.get("loops")),
        worker=name,
    )
    sheet.gauge(
        "worker_incarnation",
        "How often the worker was started.",
        figure(worker.get("incarnation")),
        worker=name,
    )
    for reason, count in (worker.get("restarts_by_reason") or {}).items():
        sheet.counter(
            "worker_restarts",
            "Restarts of the worker by what its death looked like.",
            figure(count),
            worker=name,
            reason=reason,
        )


def _trading(sheet: Sheet, trading: Status) -> None:
    for mode in ("paper", "live"):
        sheet.gauge(
            "trading_mode",
            "1 for the mode that is set.",
            int(trading.get("mode") == mode),
            mode=mode,
        )
    for name, text in (
        ("paused", "Whether entries and averaging down are held back by the owner."),
        ("safe_mode", "Whether the trader only manages exits after its breaker tripped."),
        ("halted", "Whether nothing is traded at all."),
    ):
        sheet.gauge(f"trading_{name}", text, int(bool(trading.get(name))))


def market(sheet: Sheet, status: Status, now: datetime) -> None:
    """Prices, account value and gains, from the trader's last report while that is news."""
    age = figure((status.get("age_s") or {}).get("trader"))
    account = status.get("account") or {}
    sheet.gauge(
        "reconcile_differences",
        "Differences between the ledger and the venue that hold back entries.",
        len(status["differences"]) if "differences" in status else None,
    )
    if age is not None and age > FRESH_S:
        return
    sheet.gauge(
        "account_value_usd",
        "Cash plus all positions at the bid.",
        figure(account.get("value")),
    )
    sheet.gauge(
        "account_exposure_usd", "All positions at the bid.", figure(account.get("exposure"))
    )
    sheet.gauge(
        "account_in_trade_ratio",
        "Share of the account's value that is in positions.",
        _ratio(account.get("in_trade_pct")),
    )
    for coin, row in (status.get("coins") or {}).items():
        _coin(sheet, coin, row, now)


def _coin(sheet: Sheet, coin: str, row: Status, now: datetime) -> None:
    for side in ("bid", "ask"):
        sheet.gauge(
            "quote_price_usd",
            "Best price on the trading venue.",
            figure(row.get(side)),
            coin=coin,
            side=side,
        )
    sheet.gauge(
        "quote_age_seconds",
        "Market time since the venue made the quote that the trader last saw.",
        age_s(now, row.get("quote_at")),
        coin=coin,
    )
    position = row.get("position") or {}
    sheet.gauge(
        "position_value_usd",
        "Value of the position at the bid.",
        figure(position.get("value")),
        coin=coin,
    )
    for side in ("bid", "ask"):
        sheet.gauge(
            "position_profit_ratio",
            "Price against average cost, without fees.",
            _ratio(position.get(f"pnl_{side}_pct")),
            coin=coin,
            side=side,
        )
    sheet.gauge(
        "position_next_dca_price_usd",
        "The ask that triggers the next averaging down.",
        figure(position.get("next_dca_price")),
        coin=coin,
        source=str(position.get("next_dca_source") or ""),
    )


def training(sheet: Sheet, status: Status, now: datetime) -> None:
    """How well trained each coin and timeframe is, from the trainer's last report."""
    for coin, row in (status.get("coins") or {}).items():
        trained = row.get("training") or {}
        if not trained:
            continue
        for state in TRAINING_STATES:
            sheet.gauge(
                "training_state",
                "1 for the state that the training of the coin is in.",
                int(trained.get("state") == state),
                coin=coin,
                state=state,
            )
    for coin, timeframes in (status.get("training") or {}).items():
        for timeframe, memory in timeframes.items():
            _memory(sheet, memory, now, {"coin": coin, "timeframe": timeframe})


def _memory(sheet: Sheet, memory: Status, now: datetime, labels: dict[str, str]) -> None:
    sheet.gauge(
        "training_age_seconds",
        "Market time since the memory learned its newest candle.",
        age_s(now, memory.get("trained_at")),
        **labels,
    )
    sheet.gauge(
        "training_progress_ratio",
        "How much of what there is to learn has been learned.",
        figure(memory.get("progress")),
        **labels,
    )
    sheet.gauge(
        "memory_entries",
        "Patterns that the memory holds.",
        figure(memory.get("entries")),
        **labels,
    )
    sheet.gauge(
        "memory_candles",
        "Candles that the memory has learned.",
        figure(memory.get("candles")),
        **labels,
    )
    sheet.gauge(
        "memory_threshold_ratio",
        "Largest distance at which a pattern of the memory counts as a match.",
        _ratio(memory.get("threshold")),
        **labels,
    )


def _ratio(percent: object) -> Decimal | None:
    value = figure(percent)
    return None if value is None else value / 100
