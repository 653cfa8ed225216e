"""The documents of `ptctl status` and `ptctl train --status`: nobody is asked for them.

They are two because one message holds 64 KiB, and 50 coins have 350 memories.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from powertraderd import __version__, log
from powertraderd.settings import Settings
from powertraderd.supervision import standing
from powertraderd.supervision.fleet import Worker
from powertraderd.supervision.market import Market
from powertraderd.supervision.page import Page
from powertraderd.supervision.roles import TRADER, TRAINER
from powertraderd.supervision.state_file import DurableState
from powertraderd.supervision.states import Death, Life

_NS = 1_000_000_000
# what workers say, besides coins
_REPORTED = (
    *("account", "safeguards", "differences", "venue", "exporter", "skill"),
    "notify",
)


@dataclass(frozen=True, slots=True)
class Daemon:
    """The supervisor itself."""

    state: str
    started_ns: int
    stalls: int
    settings: Settings
    market: Market
    held: DurableState


def document(daemon: Daemon, workers: Mapping[str, Worker], now_ns: int) -> dict[str, Any]:
    """All of it; ages in machine seconds, None for unknown."""
    reports = {name: worker.report for name, worker in workers.items() if worker.report}
    merged = _merge(report.content for report in reports.values())
    return {
        "supervisor": _supervisor(daemon, now_ns),
        "workers": {name: row(worker, now_ns) for name, worker in workers.items()},
        "trading": _trading(daemon, workers),
        "account": {},
        "coins": {coin: {} for coin in daemon.settings.trading.coins},
        **merged,
        "age_s": {name: _seconds(now_ns - report.at_ns) for name, report in reports.items()},
    }


def training_document(workers: Mapping[str, Worker], now_ns: int) -> dict[str, Any]:
    """What the trainer does and last said: each coin, and each of its timeframes."""
    trainer = workers[TRAINER]
    content = trainer.report.content if trainer.report else {}
    return {
        "trainer": row(trainer, now_ns),
        "coins": content.get("coins", {}),
        "timeframes": content.get("training", {}),
    }


def _merge(reports: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Reports side by side; what several say about one coin is laid together."""
    merged: dict[str, Any] = {}
    coins: dict[str, dict[str, Any]] = {}
    for report in reports:
        merged |= {name: report[name] for name in _REPORTED if name in report}
        for coin, facts in report.get("coins", {}).items():
            coins.setdefault(coin, {}).update(facts)
    return {**merged, "coins": coins} if coins else merged


def _supervisor(daemon: Daemon, now_ns: int) -> dict[str, Any]:
    settings = daemon.settings
    return {
        "version": __version__,
        "pid": os.getpid(),
        "state": daemon.state,
        "uptime_s": _seconds(now_ns - daemon.started_ns),
        "stalls": daemon.stalls,
        "state_dir": str(settings.paths.state_dir),
        "runtime_dir": str(settings.paths.runtime_dir),
        "market_time": daemon.market.clock.now().isoformat(),
        "clock": daemon.market.message,
        "log_lines": log.lines(),
        "log_file": None if settings.logging.file is None else str(settings.logging.file),
    }


def settings_document(settings: Settings, config: Path | None) -> dict[str, Any]:
    """The settings in force and the file that they were read from; addresses to notify left out.

    Those hold passwords; the trading key is in a file of its own and never in the settings.
    """
    path = None if config is None else str(config.absolute())
    return {"config": path, "settings": settings.model_dump(mode="json", exclude={"notify"})}


def _causes(daemon: Daemon, workers: Mapping[str, Worker]) -> tuple[standing.Cause, ...]:
    trader = workers[TRADER]
    report = trader.report.content if trader.report else {}
    return standing.causes(daemon.held, safe_mode=trader.state.safe_mode, report=report)


def _trading(daemon: Daemon, workers: Mapping[str, Worker]) -> dict[str, Any]:
    held, causes = daemon.held, _causes(daemon, workers)
    return {
        "mode": daemon.settings.trading.mode,
        "quote": daemon.settings.trading.quote,
        "state": standing.standing(causes),
        "causes": [asdict(cause) for cause in causes],
        "paused": held.paused,
        "safe_mode": workers[TRADER].state.safe_mode,
        "halted": held.halted,
        "reason": held.reason,
        "since": None if held.since is None else held.since.isoformat(),
        "who": held.who,
    }


def row(worker: Worker, now_ns: int) -> dict[str, Any]:
    """One worker."""
    state, page = worker.state, worker.page if worker.child else None
    return {
        "state": state.life.upper(),
        "pid": state.pid or None,
        "incarnation": state.incarnation,
        "ready": state.life is Life.RUNNING,
        **_beat(page, now_ns),
        "restarts": sum(count for _, count in state.restarts),
        "restarts_by_reason": {str(reason): count for reason, count in state.restarts},
        "last_death": death_words(state.last_death),
        "last_error": worker.last_error or None,
        "last_death_age_s": state.last_death and _seconds(now_ns - state.last_death.at_ns),
        "backoff_until_s": _seconds(state.retry_ns - now_ns)
        if state.life is Life.BACKOFF
        else None,
        "parked_because": state.parked_because if state.life is Life.PARKED else None,
        "safe_mode": state.safe_mode,
        "vitals": worker.report and worker.report.content.get("vitals"),
        "quarantined": [f"{each.phase} {each.detail}" for each in state.quarantines],
    }


def _beat(page: Page | None, now_ns: int) -> dict[str, Any]:
    if page is None:
        unknown = ("phase", "detail", "phase_age_s", "deadline_in_s", "loops", "progress")
        return dict.fromkeys(unknown)
    return {
        "phase": page.phase,
        "detail": page.detail,
        "phase_age_s": _seconds(now_ns - page.phase_started_ns),
        "deadline_in_s": _seconds(page.phase_deadline_ns - now_ns),
        "loops": page.loops,
        "progress": [page.progress, page.total],
    }


def death_words(death: Death | None) -> str | None:
    """How it died, in words: ``hung in coinbase.list_orders (order 17)``."""
    if death is None:
        return None
    words = str(death.reason).replace("_", " ")
    if death.phase:
        words += f" in {death.phase}"
    if death.detail:
        words += f" ({death.detail})"
    if death.code:
        words += f", exit code {death.code}"
    if death.signal:
        words += f", signal {death.signal}"
    return words


def line(daemon: Daemon, workers: Mapping[str, Worker]) -> str:
    """STATUS= for ``systemctl status``: what is wrong first."""
    mode = daemon.settings.trading.mode
    parts = [
        f"{name} {_trouble(worker)}"
        for name, worker in workers.items()
        if worker.state.life not in {Life.RUNNING, Life.STARTING}
    ]
    causes = _causes(daemon, workers)
    if causes:
        whys = "; ".join(cause.why for cause in causes)
        parts.append(f"{standing.standing(causes)}: {whys}")
    running = sum(worker.state.life is Life.RUNNING for worker in workers.values())
    parts.append(f"{mode}, {running} of {len(workers)} workers running")
    return "; ".join(parts)


def _trouble(worker: Worker) -> str:
    life = worker.state.life
    why = worker.state.parked_because or death_words(worker.state.last_death)
    words = ": ".join(part for part in (why, worker.last_error) if part)
    return f"{life.upper()} ({words})" if words else life.upper()


def _seconds(nanoseconds: int) -> float:
    return round(nanoseconds / _NS, 3)
