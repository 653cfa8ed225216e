"""The trainer on a made-up market and real files: learning again, and stopping that."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from powertraderd.adapters.memory_files import MemoryFiles
from powertraderd.adapters.sqlite.candle_store import CandleStore
from powertraderd.adapters.synthetic import SyntheticMarket
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.supervision.protocol import Answer
from powertraderd.workers.trainer import Trainer, TrainerPorts

BTC, ETH = Coin("BTC"), Coin("ETH")
World = Any  # see conftest.py
START = datetime(2024, 2, 1, tzinfo=UTC)


@dataclasses.dataclass
class School:
    """A trainer with three months of two coins behind it."""

    trainer: Trainer
    world: World
    polled: list[Callable[[], object]]

    def ask(self, verb: str, *coins: str) -> Answer:
        """Its answer to a command."""
        answer: Answer = self.world.ask(self.trainer, verb, coins=list(coins))
        return answer

    def told(self) -> Mapping[str, Any]:
        """Its newest report."""
        report: Mapping[str, Any] = self.world.ears.reports()[-1]
        return report

    def states(self, coin: str) -> set[str]:
        """Of all timeframes of the coin."""
        return {row["state"] for row in self.told()["training"][coin].values()}

    def trained_at(self, coin: str) -> set[str]:
        """The same."""
        return {row["trained_at"] for row in self.told()["training"][coin].values()}


@pytest.fixture
def school(world: World, tmp_path: Path) -> Iterator[School]:
    """Everything is learned; a minute has gone by since."""
    polled: list[Callable[[], object]] = []
    context = world.another_context(candles={"history_start": START})
    store = CandleStore(tmp_path / "learned.db", writable=True)
    ports = TrainerPorts(
        source=SyntheticMarket(world.clock, context.settings.candles, Decimal("0.05")),
        store=store,
        memories=MemoryFiles(tmp_path / "memory"),
    )
    trainer = Trainer(ports)

    def poll() -> bool:
        if polled:
            polled.pop(0)()
        return True

    context.poll = poll
    context.heart.ready(60)
    trainer.start(context)
    trainer.cycle()
    world.clock.advance(60)
    yield School(trainer, world, polled)
    store.close()


def test_a_training_that_was_asked_for_is_done_in_the_next_cycle(school: School) -> None:
    """All seven timeframes of the coin, from the first candle; the other coin is left alone."""
    before = school.trained_at("ETH")
    assert school.ask("train", "BTC").ok
    assert school.states("BTC") == {"RUNNING"}
    school.trainer.cycle()
    assert school.states("BTC") == {"READY"}
    assert school.trained_at("BTC") == {"2024-05-01T12:01:00+00:00"}
    assert school.trained_at("ETH") == before


def test_a_training_that_is_stopped_leaves_the_memories_as_they_were(school: School) -> None:
    """Nothing is learned again; the state is what it was."""
    before = school.told()["training"]
    school.ask("train")
    answer = school.ask("train_stop")
    assert (answer.ok, answer.message) == (
        True, "stopped: 14 memories of BTC, ETH stay as they were",
    )  # fmt: skip
    school.trainer.cycle()
    assert school.told()["training"] == before


def test_stopping_in_the_middle_keeps_what_was_done_and_leaves_the_rest(school: School) -> None:
    """At the edge between two memories: the one in hand is learned to its end."""
    school.ask("train", "BTC")
    nothing = (lambda: None,) * 4  # before each coin, and before the first two memories
    school.polled.extend([*nothing, lambda: school.ask("train_stop", "BTC")])
    school.trainer.cycle()
    rows = school.told()["training"]["BTC"]
    again = [name for name, row in rows.items() if row["trained_at"].endswith("12:01:00+00:00")]
    assert again == [each.value for each in Timeframe][:2]
    assert school.states("BTC") == {"READY"}


def test_only_the_coins_that_are_named_are_stopped(school: School) -> None:
    """The other is trained all the same."""
    school.ask("train")
    assert len(school.ask("train_stop", "ETH").data["memories"]) == len(Timeframe)
    school.trainer.cycle()
    assert school.trained_at("BTC") == {"2024-05-01T12:01:00+00:00"}
    assert school.trained_at("ETH") == {"2024-05-01T12:00:00+00:00"}


def test_with_nothing_to_stop_it_says_so(school: School) -> None:
    """Done is done: no refusal."""
    answer = school.ask("train_stop")
    assert answer.ok
    assert answer.message.startswith("no training was waiting")


@pytest.mark.parametrize("verb", ["train", "train_stop"])
def test_a_coin_that_is_not_traded_is_refused_by_name(school: School, verb: str) -> None:
    """With those that are."""
    answer = school.ask(verb, "BTC", "XRP")
    assert (answer.ok, answer.code) == (False, "unknown_coin")
    assert answer.message == "XRP: not among trading.coins: BTC, ETH"


def test_a_coin_that_waits_for_its_training_is_not_ready_because_a_candle_came(
    school: School,
) -> None:
    """`train --wait` would take the new candle for the end; stopping keeps that candle."""
    school.world.clock.advance(3600)
    before = school.told()["training"][ETH]["1hour"]["candles"]
    seen: list[set[str]] = []
    school.ask("train", ETH)

    def look() -> None:
        school.trainer._report()
        seen.append(school.states(ETH))
        school.ask("train_stop")

    school.polled.extend([lambda: None, lambda: None, look])
    school.trainer.cycle()
    assert seen == [{"RUNNING"}]
    after = school.told()["training"][ETH]["1hour"]
    assert (after["state"], after["candles"]) == ("READY", before + 1)
    assert school.states(BTC) == {"READY"}
