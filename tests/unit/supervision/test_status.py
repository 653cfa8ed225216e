"""What `status` and `training` answer with the most coins that the settings allow: it fits."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from powertraderd.clock import RealClock
from powertraderd.errors import RateLimited
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.decision import Action, Decision, ReasonCode
from powertraderd.model.money import Base, Price, Usd
from powertraderd.model.position import Books, Position, Trail
from powertraderd.model.quote import Quote
from powertraderd.settings import Settings
from powertraderd.supervision import channel, policy, status
from powertraderd.supervision.fleet import Report, Worker
from powertraderd.supervision.market import Market
from powertraderd.supervision.protocol import (
    MAX_MESSAGE,
    Answer,
    encode_answer,
    jsonable,
    parse_answer,
)
from powertraderd.supervision.roles import START_ORDER, TRADER, TRAINER
from powertraderd.supervision.state_file import DurableState
from powertraderd.testing.examples import NOW, signal
from powertraderd.workers.phase_counts import PhaseCounts, outcome_of
from powertraderd.workers.report import account_row, coin_rows, signal_row
from powertraderd.workers.training_status import Training, TrainingState, coin_row

COINS = tuple(Coin(f"LONGNAME{number:02}") for number in range(50))
PRICE = Price(Decimal("0.00001234567891"))
PHASES = (
    *("idle", "boot", "command status", "broker.quotes", "broker.place", "broker.get_order"),
    *("broker.orders_since", "broker.fills", "broker.balances", "broker.products", "broker.fee"),
    *("ledger.intent", "ledger.fill", "ledger.decision", "ledger.trail", "ledger.account_value"),
    *("reconcile", "closes", "candles", "load_candles"),
)


def vitals() -> dict[str, Any]:
    """A worker with many phases, each of which has gone wrong in two ways."""
    counts = PhaseCounts()
    for phase in PHASES:
        for outcome in ("ok", outcome_of(RateLimited("slow down")), "failed"):
            counts.ended(phase, outcome, 10**15)
    return {"phases": counts.rows(), "log_lines": {"info": 10**7, "warning": 10**5, "error": 10}}


def traders_report() -> dict[str, Any]:
    """A position with all that a position can have in every coin."""
    third = Decimal(1) / Decimal(3)
    positions = {
        coin: Position(
            coin,
            quantity=Base(Decimal("123456789.12345678")),
            cost=Usd(Decimal(1000) * third),
            fees=Usd(third),
            opened_at=NOW,
            stage=7,
            dca_bought_at=(NOW,) * 7,
            trail=Trail(armed=True, line=PRICE, peak=PRICE),
        )
        for coin in COINS
    }
    quotes = {coin: Quote(coin, PRICE, PRICE, NOW) for coin in COINS}
    books = Books(Usd(Decimal(10**9)), Usd(Decimal(10**9)), Usd(third), positions)
    long_words = Decision(
        COINS[0],
        NOW,
        Action.MANUAL_SKIP,
        max(ReasonCode, key=len),
        numbers={f"figure_{number}": "12345.6789012" for number in range(20)},
        next_dca_price=Price(third),
        next_dca_source="neural N7",
    )
    return {
        "account": account_row(books, quotes),
        "coins": coin_rows(COINS, quotes, books, lambda coin: replace(long_words, coin=coin), NOW),
    }


def thinkers_report() -> dict[str, Any]:
    """A signal that is held back in every coin."""
    why = "the candle of 12hour is 123456 s late"
    said = {coin: signal_row(replace(signal(), coin=coin, blocked_because=why)) for coin in COINS}
    return {"coins": {coin: {"signal": row} for coin, row in said.items()}}


def trainers_report() -> dict[str, Any]:
    """All 350 memories under way."""
    memory = Training(TrainingState.REQUIRED, NOW, 123_456, 123_456, 12.34567, 0.12345)
    rows = {each.value: memory.row() for each in Timeframe}
    stale = NOW - timedelta(days=14)
    together = coin_row([memory] * len(Timeframe), stale)
    return {
        "training": dict.fromkeys(COINS, rows),
        "coins": {coin: {"training": together} for coin in COINS},
    }


def the_fullest() -> dict[str, Worker]:
    """All workers in the middle of their work, with something to say about everything."""
    settings = Settings(trading={"coins": COINS})
    reports = {
        "exporter": {"exporter": {"listen": "127.0.0.1:9464"}},
        TRAINER: trainers_report(),
        "thinker": thinkers_report(),
        TRADER: traders_report(),
    }
    workers: dict[str, Worker] = {}
    for role in START_ORDER:
        numbers = policy.Policy.of(settings.supervisor, trader=role == TRADER)
        workers[role] = Worker(role, numbers)
        content = jsonable({**reports[role], "vitals": vitals()})
        workers[role].report = Report(content, at_ns=0)
    return workers


def the_daemon() -> status.Daemon:
    """Trades fifty coins."""
    settings = Settings(trading={"coins": COINS})
    market = Market(RealClock(), {"kind": "real"}, None)
    return status.Daemon("READY", 0, 0, settings, market, DurableState())


def told(data: dict[str, Any]) -> Answer:
    """What a client gets, after it went through one message."""
    message = encode_answer(Answer("1" * 64, ok=True, code="ok", data=data))
    assert len(message) <= MAX_MESSAGE
    return parse_answer(message)


def test_the_status_of_fifty_coins_that_all_hold_a_position_fits_into_one_answer() -> None:
    """Each coin with price, position, signal, training and newest decision."""
    answer = told(status.document(the_daemon(), the_fullest(), 10**18))
    assert answer.ok, answer.message
    assert set(answer.data["coins"]) == set(COINS)
    assert {"bid", "position", "decision", "signal", "training"} <= set(
        answer.data["coins"][COINS[49]]
    )


def test_the_training_of_three_hundred_and_fifty_memories_fits_into_one_answer() -> None:
    """With what the trainer does at the moment."""
    answer = told(status.training_document(the_fullest(), 10**18))
    assert answer.ok, answer.message
    assert sum(map(len, answer.data["timeframes"].values())) == 7 * len(COINS)
    assert answer.data["trainer"]["state"]
    assert answer.data["coins"][COINS[0]]["training"]["progress"] == 0.123


@pytest.mark.parametrize("report", [traders_report, thinkers_report, trainers_report])
def test_a_workers_report_on_fifty_coins_fits_into_one_message(
    report: Callable[[], dict[str, Any]],
) -> None:
    """Else the supervisor would go on with an older one."""
    ours, theirs = channel.pair()
    message = {"type": "report", "report": jsonable({**report(), "vitals": vitals()})}
    with theirs:
        assert ours.send(message)
    ours.close()
