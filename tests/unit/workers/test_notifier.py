"""What the owner is told, once, whatever becomes of the messenger."""

import re
from collections.abc import Mapping
from typing import Any

from powertraderd.adapters.sqlite.ledger_reader import LedgerReader
from powertraderd.errors import DataUnavailable
from powertraderd.model.candle import Coin
from powertraderd.model.news import News, Receipt
from powertraderd.settings import NotifySettings
from powertraderd.workers.notifier import CURSOR, Notifier

BTC = Coin("BTC")
World = Any  # see conftest.py
CALM: dict[str, Any] = {
    "trading": {"state": "ACTIVE", "causes": []},
    "workers": {"trader": {"state": "RUNNING", "restarts_by_reason": {}}},
    "account": {"value": "10012.5", "exposure": "50"},
}


class Pigeon:
    """Carries at once, or as long as it is told."""

    def __init__(self) -> None:
        """Nothing carried yet."""
        self.carried: list[News] = []
        self.busy = False
        self.slow = False
        self.receipt = Receipt("json://...", delivered=True)

    def send(self, news: News) -> None:
        """Take it."""
        self.carried.append(news)
        self.busy = True

    def outcome(self) -> tuple[Receipt, ...] | None:
        """There, unless slow."""
        if not self.busy or self.slow:
            return None
        self.busy = False
        return (self.receipt,)

    def close(self) -> None:
        """Nothing to close."""


class Post:
    """A notifier around a world, and what it was shown."""

    def __init__(self, world: World, **wishes: object) -> None:
        """All events, one address."""
        self.world = world
        self.pigeon = Pigeon()
        self.status: Mapping[str, Any] = CALM
        self.down = False
        urls = wishes.pop("urls", ["json://localhost"])
        self.notifier = Notifier(
            settings=NotifySettings.model_validate({"urls": urls, **wishes}),
            carrier=self.pigeon,
            ledger=LedgerReader(world.folder / "ledger.db"),
            status=self._ask,
            clock=world.clock,
            state_dir=world.folder,
        )

    def _ask(self) -> Mapping[str, Any]:
        if self.down:
            raise DataUnavailable("nobody answers")
        return self.status

    def told(self, turns: int = 6) -> list[str]:
        """Titles and texts that left during so many turns."""
        before = len(self.pigeon.carried)
        for _ in range(turns):
            self.notifier.turn()
        return [f"{each.title}: {each.text}" for each in self.pigeon.carried[before:]]


def changed(**parts: object) -> dict[str, Any]:
    """The calm status with other parts."""
    return {**CALM, **parts}


def test_nothing_is_told_without_an_address_or_at_the_first_look(world: World) -> None:
    """A restart of the exporter is no news."""
    world.start()
    off = Post(world, urls=[])
    off.status = changed(trading={"state": "HALTED"})
    assert (off.notifier.enabled, off.told()) == (False, [])
    fresh = Post(world)
    fresh.status = changed(trading={"state": "HALTED"})
    assert fresh.told() == []


def test_a_change_of_the_trading_state_is_told_with_its_causes(world: World) -> None:
    """Once."""
    world.start()
    post = Post(world)
    assert post.told() == []
    causes = [{"code": "clock_skew", "why": "9 s off"}]
    post.status = changed(trading={"state": "REDUCING", "causes": causes})
    assert post.told() == ["trading is reduced: exits only: clock_skew: 9 s off"]
    post.status = CALM
    assert post.told() == ["trading goes on: nothing stands in the way"]


def test_parked_and_hung_workers_are_told(world: World) -> None:
    """With what the status knows about it."""
    world.start()
    post = Post(world)
    post.told()
    hung = {"state": "RUNNING", "restarts_by_reason": {"hung": 1}, "last_death": "hung in x"}
    post.status = changed(workers={"trader": hung})
    assert post.told() == ["trader hung and was killed: hung in x"]
    parked = {**hung, "state": "PARKED", "parked_because": "5 deaths"}
    post.status = changed(workers={"trader": parked})
    assert post.told() == ["trader is parked: 5 deaths"]


def test_every_filled_order_is_told_once_also_over_restarts(world: World) -> None:
    """The cursor file remembers; what was filled while nobody looked is told later."""
    trader = world.start()
    post = Post(world)
    post.told()
    assert world.ask(trader, "buy", "a", coin=BTC, usd="100").ok
    (words,) = post.told()  # how an order is split into fills decides the last digit
    assert re.fullmatch(
        r"MANUAL_BUY BTC: bought 0\.99403578528827\d\d BTC for 99\.40, fees 0\.60", words
    )
    world.clock.advance(60)
    assert world.ask(trader, "sell", "b", coin=BTC, all=True).ok
    later = Post(world)
    assert [words.split(":")[0] for words in later.told()] == ["MANUAL_SELL BTC"]
    assert "realised -1.19" in later.pigeon.carried[-1].text
    assert Post(world).told() == []


def test_a_cursor_that_cannot_be_read_tells_nothing_old(world: World) -> None:
    """Better silent about the past than a hundred messages."""
    trader = world.start()
    assert world.ask(trader, "buy", "a", coin=BTC, usd="100").ok
    world.clock.advance(1)
    (world.folder / CURSOR).write_text("{", encoding="utf-8")
    assert Post(world).told() == []


def test_the_day_is_summed_up_after_its_midnight(world: World) -> None:
    """Realised profit, orders, account, trading state; also when the exporter slept over it."""
    trader = world.start()
    post = Post(world, events=["summary"])
    assert post.told() == []
    assert world.ask(trader, "buy", "a", coin=BTC, usd="100").ok
    world.clock.advance(60)
    assert world.ask(trader, "sell", "b", coin=BTC, all=True).ok
    world.clock.advance(12 * 3600)
    (words,) = post.told()
    assert words == (
        "summary of 2024-05-01: realised -1.19; 2 orders filled; account 10,012.50; "
        "in positions 50.00; trading ACTIVE"
    )
    world.clock.advance(24 * 3600)
    assert (
        Post(world, events=["summary"]).told()[0].startswith("summary of 2024-05-02: realised +0")
    )


def test_only_the_wanted_events_are_told(world: World) -> None:
    """[notify] events."""
    world.start()
    post = Post(world, events=["parked"])
    post.told()
    post.status = changed(trading={"state": "HALTED", "causes": []})
    assert post.told() == []


def test_a_slow_messenger_keeps_nobody_waiting_and_the_rest_is_dropped_and_counted(
    world: World,
) -> None:
    """Two fit into the queue while one is on its way."""
    world.start()
    post = Post(world, queue=2)
    post.told()
    post.pigeon.slow = True
    for number in range(6):
        post.status = changed(trading={"state": ("HALTED", "ACTIVE")[number % 2], "causes": []})
        post.told(1)
    assert len(post.pigeon.carried) == 1
    assert (post.notifier.waiting, post.notifier.counts["dropped"]) == (2, 3)
    post.pigeon.slow = False
    post.told()
    assert len(post.pigeon.carried) == 3
    assert post.notifier.counts["delivered"] == 3


def test_a_failed_delivery_is_counted_and_not_repeated(world: World) -> None:
    """The log names the masked address."""
    world.start()
    post = Post(world)
    post.told()
    post.pigeon.receipt = Receipt("json://...", delivered=False, trouble="refused")
    post.status = changed(trading={"state": "HALTED", "causes": []})
    assert len(post.told()) == 1
    assert post.notifier.counts == {"failed": 1}


def test_a_supervisor_that_does_not_answer_is_asked_again(world: World) -> None:
    """Nothing is told twice or forgotten for it."""
    world.start()
    post = Post(world)
    post.told()
    post.down = True
    assert post.told() == []
    post.down = False
    post.status = changed(trading={"state": "HALTED", "causes": []})
    assert len(post.told()) == 1


def test_a_test_message_waits_for_its_receipt(world: World) -> None:
    """Behind the one that is on its way."""
    world.start()
    post = Post(world)
    post.pigeon.busy = True
    assert post.notifier.test() == (post.pigeon.receipt,)
    assert post.pigeon.carried[-1].kind == "test"
    assert post.notifier.counts["delivered"] == 2


def test_days_without_the_exporter_are_not_made_up_for(world: World) -> None:
    """One summary, of the day before today."""
    world.start()
    post = Post(world, events=["summary"])
    post.told()
    world.clock.advance(2 * 24 * 3600)
    assert [words[:21] for words in post.told()] == ["summary of 2024-05-02"]
