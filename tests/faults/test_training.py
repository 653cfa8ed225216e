"""Training on demand, by the real trainer in a real daemon: to be looked at, and to be stopped.

No candle closes within a test: the market is a quarter past midnight.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from powertraderd.testing.rig import Daemon, until

Memories = Mapping[str, Mapping[str, Any]]
COINS = ["BTC", "ETH", "SOL", "LTC", "XRP", "ADA", "DOGE", "LINK"]
SECTIONS: dict[str, dict[str, object]] = {
    "trading": {"coins": COINS},
    "clock": {"kind": "accelerated", "start": "2026-01-01T00:15:00Z", "speed": 1},
    "training": {"interval_seconds": 0.25},
    "candles": {"history_start": "2024-01-01T00:00:00Z"},
}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """Eight coins with years behind them, trained."""
    under_test = Daemon(tmp_path, "trainer")
    under_test.configure(sections=SECTIONS, budgets={"cycle": 120, "training_total": 120})
    under_test.start()
    until(lambda: _left(under_test) == 0, "all coins to be trained")
    yield under_test
    under_test.clean_up()


def _memories(daemon: Daemon) -> Memories:
    """Every memory by name, as the trainer last told."""
    answer = daemon.ask("training")
    assert answer.ok, answer.message
    return {
        f"{coin} {name}": memory
        for coin, timeframes in answer.data["timeframes"].items()
        for name, memory in timeframes.items()
    }


def _left(daemon: Daemon) -> int:
    ready = [each for each in _memories(daemon).values() if each["state"] == "READY"]
    return 7 * len(COINS) - len(ready)


def _all_ready(daemon: Daemon) -> Memories | None:
    return None if _left(daemon) else _memories(daemon)


def test_a_training_that_is_stopped_leaves_what_was_waiting_as_it_was(daemon: Daemon) -> None:
    """What is done stays done; everything is READY at once, and nothing goes on afterwards."""
    before = _memories(daemon)
    assert daemon.ask("train").ok
    until(lambda: 0 < _left(daemon) < 7 * len(COINS), "the first memory to be learned again")
    stopped = daemon.ask("train_stop")
    names = set(stopped.data["memories"])
    assert stopped.message.startswith(f"stopped: {len(names)} memories of ")
    assert 0 < len(names) < len(before)
    after = until(lambda: _all_ready(daemon), "the memory in hand") or {}
    assert {name for name in before if after[name] == before[name]} == names
    loops = daemon.worker("trainer")["loops"]
    until(lambda: daemon.worker("trainer")["loops"] > loops, "another cycle")
    assert _memories(daemon) == after


def test_ptctl_trains_shows_and_stops(daemon: Daemon) -> None:
    """The words that the window's buttons had."""
    trained = daemon.ptctl("train", "BTC", "ETH", "--wait")
    assert (trained.returncode, trained.stdout[:13]) == (0, "trained after")
    assert "memories are ready; trainer" in trained.stderr
    shown = daemon.ptctl("train", "status")
    assert [line.split()[:3] for line in shown.stdout.splitlines()[1:-1]] == [
        [coin, "READY", "100%"] for coin in COINS
    ]
    stopped = daemon.ptctl("train", "stop")
    assert (stopped.returncode, stopped.stdout) == (
        0, "no training was waiting; what was never learned goes on being learned\n",
    )  # fmt: skip
    assert daemon.ptctl("train", "XMR", "--stop").returncode == 1
