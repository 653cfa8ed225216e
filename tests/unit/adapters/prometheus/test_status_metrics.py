"""Metrics out of status documents: a real one, and ones in which things are missing or wrong."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from powertraderd.adapters.prometheus import daemon, disk, training, workers
from powertraderd.adapters.prometheus.sheet import Sheet
from powertraderd.supervision.states import Life, Reason
from powertraderd.workers import phase_counts
from powertraderd.workers.training_status import TrainingState

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
TWO = Decimal(2)


def samples(sheet: Sheet) -> dict[str, float]:
    """By name and labels, as they would be scraped, without the prefix."""
    found = {}
    for family in sheet.families():
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name.removeprefix('powertraderd_')}{{{labels}}}"] = sample.value
    return found


def supervised(**worker: Any) -> dict[str, float]:  # noqa: ANN401 - a piece of a document
    """What a status with one worker comes to."""
    sheet = Sheet()
    workers.supervision(sheet, {"workers": {"trader": worker}})
    return samples(sheet)


def test_the_words_are_the_supervisors_own() -> None:
    """The exporter does not know the supervisor's types; the lists must not drift apart."""
    assert {life.upper() for life in Life} == set(workers.WORKER_STATES)
    assert {str(reason) for reason in Reason} == set(workers.DEATHS)
    assert {state.value for state in TrainingState} == set(training.TRAINING_STATES)
    outcomes = {phase_counts.OK, "error", *(word for _, word in phase_counts._OUTCOMES)}
    assert outcomes == set(workers.OUTCOMES)


def test_every_kind_of_death_is_counted_from_zero() -> None:
    """A counter that appears with its first event shows no increase to an alert."""
    found = supervised(restarts_by_reason={"hung": 2})
    restarts = {k: v for k, v in found.items() if k.startswith("worker_restarts_total")}
    assert restarts.pop("worker_restarts_total{reason=hung,worker=trader}") == 2
    assert set(restarts.values()) == {0}
    assert len(restarts) == len(workers.DEATHS) - 1


def test_exactly_one_state_of_a_worker_is_set() -> None:
    """Whatever else is unknown of it."""
    found = supervised(state="PARKED", phase=None, loops=None)
    states = {k: v for k, v in found.items() if k.startswith("worker_state")}
    assert sum(states.values()) == 1
    assert states["worker_state{state=PARKED,worker=trader}"] == 1
    assert "worker_loops_total{worker=trader}" not in found


def test_phases_are_exported_with_all_outcomes_and_their_time() -> None:
    """A rate limit that comes for the first time is an increase."""
    row = {"ok": 5, "rate_limited": 1, "seconds": 1.5}
    found = supervised(vitals={"phases": {"broker.place": row}, "log_lines": {"info": 7}})
    total = "worker_phases_total{outcome=%s,phase=broker.place,worker=trader}"
    assert found[total % "ok"] == 5
    assert found[total % "rate_limited"] == 1
    assert found[total % "ambiguous"] == 0
    assert found["worker_phase_seconds_total{phase=broker.place,worker=trader}"] == 1.5
    assert found["log_lines_total{level=info,worker=trader}"] == 7
    assert found["log_lines_total{level=error,worker=trader}"] == 0


def test_a_worker_that_said_nothing_yet_has_no_lines_and_no_phases() -> None:
    """Unknown is never zero."""
    found = supervised(vitals=None)
    assert not [name for name in found if name.startswith(("log_lines", "worker_phase"))]


def venue(document: Mapping[str, Any]) -> dict[str, float]:
    """What the venue's part comes to."""
    sheet = Sheet()
    daemon.venue(sheet, document)
    return samples(sheet)


def test_ages_at_the_venue_go_on_while_the_trader_is_silent() -> None:
    """The age when it spoke and the age of its words."""
    found = venue({"venue": {"reconciled_age_s": 40, "facts_age_s": 3}, "age_s": {"trader": 100}})
    assert found["reconcile_age_seconds{}"] == 140
    assert found["venue_facts_age_seconds{}"] == 103


def test_what_the_trader_never_said_is_unknown() -> None:
    """No age, no skew, and differences are not none."""
    assert venue({"venue": {"reconciled_age_s": None}, "age_s": {"trader": 1}}) == {}
    assert venue({}) == {}


COIN = {
    "bid": "100",
    "ask": "101",
    "quote_at": "2024-05-01T11:59:30+00:00",
    "position": {"value": "50", "pnl_bid_pct": "-2.5", "next_dca_price": "95"},
}


@pytest.mark.parametrize(("silent_s", "known"), [(1, True), (31, False)])
def test_prices_of_a_silent_trader_count_as_unknown(silent_s: float, *, known: bool) -> None:
    """Old prices that look new are worse than none."""
    document = {
        "coins": {"BTC": COIN},
        "account": {"value": "1000"},
        "age_s": {"trader": silent_s},
    }
    sheet = Sheet()
    daemon.market(sheet, document, NOW, TWO)
    found = samples(sheet)
    assert bool(found) is known
    if known:
        assert found["quote_age_seconds{coin=BTC}"] == 30
        assert found["position_profit_ratio{coin=BTC,side=bid}"] == -0.025
        assert found["position_next_dca_cost_usd{coin=BTC}"] == 100
        assert found["position_next_dca_distance_ratio{coin=BTC}"] == pytest.approx(6 / 101)
        assert "position_profit_ratio{coin=BTC,side=ask}" not in found


@pytest.mark.parametrize(("ask", "line"), [(None, "95"), ("0", "95"), ("101", None)])
def test_without_ask_or_line_the_way_to_the_next_averaging_down_is_unknown(
    ask: str | None, line: str | None
) -> None:
    """Not zero, which would mean that it buys now."""
    row = {**COIN, "ask": ask, "position": {"value": "50", "next_dca_price": line}}
    sheet = Sheet()
    daemon.market(sheet, {"coins": {"BTC": row}}, NOW, TWO)
    assert "position_next_dca_distance_ratio{coin=BTC}" not in samples(sheet)


def test_a_coin_without_a_position_has_no_position_figures() -> None:
    """Not zero ones."""
    sheet = Sheet()
    daemon.market(sheet, {"coins": {"BTC": {**COIN, "position": None}}}, NOW, TWO)
    assert not [name for name in samples(sheet) if name.startswith("position")]


def test_the_newest_backup_gives_the_age(tmp_path: Path) -> None:
    """Other files do not count; without any backup there is a count of zero and no age."""
    sheet = Sheet()
    disk.backups(sheet, tmp_path, NOW)
    assert samples(sheet) == {"backups{}": 0}
    for name, age_s in (
        ("powertraderd-1.tar.gz", 900),
        ("powertraderd-2.tar.gz", 300),
        ("memory.npz", 1),
    ):
        path = tmp_path / name
        path.touch()
        os.utime(path, (NOW.timestamp() - age_s,) * 2)
    sheet = Sheet()
    disk.backups(sheet, tmp_path, NOW)
    assert samples(sheet) == {"backups{}": 2, "backup_age_seconds{}": 300}
