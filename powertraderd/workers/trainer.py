"""The trainer: candles into memories, each candle learned once, when it has closed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from powertraderd.clock import NANOSECOND
from powertraderd.errors import DataUnavailable, StoreDamaged, StoreTooNew, TransientExchangeError
from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.model.memory_file import AnyMemory
from powertraderd.ports import CandleArchive, CandleSource, MemoryStore
from powertraderd.strategy import learner
from powertraderd.supervision.channel import TradingState
from powertraderd.supervision.protocol import Answer, Code, refusal
from powertraderd.supervision.verbs import Train
from powertraderd.workers.candle_feed import CandleFeed
from powertraderd.workers.role import Command, Context
from powertraderd.workers.training_status import Training, TrainingState, coin_row

REPORT_EVERY_S = 0.25

Key = tuple[Coin, Timeframe]


@dataclass(frozen=True, slots=True)
class TrainerPorts:
    """What the trainer works on."""

    source: CandleSource
    store: CandleArchive
    memories: MemoryStore


class Trainer:
    """The role."""

    def __init__(self, ports: TrainerPorts) -> None:
        """Nothing is loaded yet."""
        self._ports = ports
        self._memories: dict[Key, AnyMemory] = {}
        self._trainings: dict[Key, Training] = {}
        self._again: dict[Key, Training] = {}  # what each was before it was to be learned anew
        self._failing: dict[Coin, str] = {}
        self._reported_ns = 0

    # -- the role

    def start(self, context: Context) -> None:
        """Load the memories; damaged ones are set aside and learned anew."""
        self._context = context
        settings = context.settings
        self._budgets = settings.supervisor.budgets
        self._coins = settings.trading.coins
        self._rules = settings.training
        self._stale_after = timedelta(days=settings.training.stale_days)
        self._history_start = settings.candles.history_start
        self._feed = CandleFeed(
            source=self._ports.source,
            store=self._ports.store,
            clock=context.clock,
            heart=context.heart,
            budget_s=self._budgets.candles,
            history_start=self._history_start,
        )
        for key in self._keys():
            with context.heart.phase("load_memory", self._budgets.load_memory, _name(key)):
                self._trainings[key] = self._load(key)
        self._report()

    def cycle(self) -> float:
        """Fetch what has closed and learn it, coin by coin; commanded retraining comes after."""
        for coin in self._coins:
            if not self._context.poll():
                return 0
            self._follow(coin)
        for key in self._keys():
            if key not in self._again:
                continue
            if not self._context.poll():
                return 0
            if key in self._again:  # nobody has stopped it meanwhile
                self._retrain(key)
        self._report()
        return self._context.settings.training.interval_seconds

    def command(self, command: Command) -> Answer:
        """Answer train: full retraining, done in the following cycle; and train_stop."""
        match command.verb, command.args:
            case "train", Train(coins=coins):
                return self._order_retraining(command.id, coins or self._coins)
            case "train_stop", Train(coins=coins):
                return self._stop_retraining(command.id, coins or self._coins)
        return refusal(command.id, Code.UNKNOWN_VERB, f"the trainer does not know {command.verb}")

    def trading(self, state: TradingState) -> None:
        """Learning goes on whatever trading does."""

    def close(self) -> None:
        """Memories are saved when they change; nothing is left to do."""
        self._context.log.info("trainer_closed")

    # -- memories

    def _keys(self) -> Iterator[Key]:
        return ((coin, timeframe) for coin in self._coins for timeframe in Timeframe)

    def _load(self, key: Key) -> Training:
        try:
            loaded = self._ports.memories.load(*key)
        except StoreTooNew as error:
            # not ours to overwrite; `ptctl train` does, when the owner says so
            self._context.log.critical("memory_refused", memory=_name(key), reason=str(error))
            return Training(TrainingState.REFUSED)
        except StoreDamaged as error:
            kept_as = self._ports.memories.set_aside(*key)
            self._context.log.critical(
                "memory_damaged", memory=_name(key), reason=str(error), kept_as=kept_as
            )
            return Training(TrainingState.REQUIRED)
        if loaded is None:
            return Training(TrainingState.REQUIRED)
        memory, trained_at = loaded
        if not learner.made_by(memory, self._rules):
            self._context.log.warning(
                "memory_of_another_learner", memory=_name(key), learner=self._rules.learner
            )
            return Training(TrainingState.REQUIRED)
        self._memories[key] = memory
        return self._trained(memory, trained_at)

    def _trained(self, memory: AnyMemory, trained_at: datetime) -> Training:
        return Training(
            TrainingState.READY,
            trained_at=trained_at,
            candles=memory.candles,
            entries=learner.entries(memory),
            threshold=learner.threshold(memory),
            progress=1.0,
        )

    def _keep(self, key: Key, memory: AnyMemory) -> None:
        trained_at = self._context.clock.now()
        with self._context.heart.phase("save_memory", self._budgets.load_memory, _name(key)):
            self._ports.memories.save(*key, memory, trained_at)
        self._memories[key] = memory
        self._trainings[key] = self._trained(memory, trained_at)
        if key in self._again:  # a new candle was learned while the whole training waits
            self._again[key] = self._trainings[key]
            self._trainings[key] = self._trainings[key].running(0.0)

    # -- learning

    def _follow(self, coin: Coin) -> None:
        try:
            self._feed.fetch(coin)
        except (TransientExchangeError, DataUnavailable) as error:
            self._note_failure(coin, str(error))
        else:
            self._note_failure(coin, "")
        for timeframe in Timeframe:
            self._learn_new((coin, timeframe))

    def _note_failure(self, coin: Coin, problem: str) -> None:
        """Once per change: an outage is not a line for each try."""
        if problem == self._failing.get(coin, ""):
            return
        self._failing[coin] = problem
        if problem:
            self._context.log.warning("candles_failed", coin=coin, error=problem)
        else:
            self._context.log.info("candles_recovered", coin=coin)

    def _learn_new(self, key: Key) -> None:
        if self._trainings[key].state is TrainingState.REFUSED:
            return
        newest = self._ports.store.newest(*key)
        memory = self._memories.get(key, learner.empty(self._rules))
        learned = memory.pending.opened_at if memory.pending else None
        if newest is None or (learned is not None and newest <= learned):
            return
        if learned is None and learner.entries(memory):  # imported: all but the newest is learned
            start = newest
        else:
            start = self._history_start if learned is None else learned + key[1].length
        self._learn(key, memory, self._candles(key, start))

    def _retrain(self, key: Key) -> None:
        """From the first candle into a new value; the old memory serves until it is complete."""
        del self._again[key]
        candles = self._candles(key, self._history_start)
        if candles:
            self._learn(key, learner.empty(self._rules), candles)
        else:
            self._trainings[key] = Training(TrainingState.REQUIRED)

    def _candles(self, key: Key, start: datetime) -> tuple[Candle, ...]:
        with self._context.heart.phase("load_candles", self._budgets.candles, _name(key)):
            return self._ports.store.load(*key, start, self._context.clock.now())

    def _learn(self, key: Key, memory: AnyMemory, candles: tuple[Candle, ...]) -> None:
        total = len(candles)

        def progress(done: int) -> None:
            self._context.heart.progress(done, total)
            self._trainings[key] = self._trainings[key].running(done / total)
            self._report_now_and_then()

        with self._context.heart.phase("learn", self._budgets.training_step, _name(key)):
            learned = learner.learn(memory, candles, key[1], progress)
        self._keep(key, learned)
        self._context.log.debug("learned", memory=_name(key), candles=total)

    # -- commands and reports

    def _order_retraining(self, request_id: str, coins: tuple[Coin, ...]) -> Answer:
        if refused := self._refuse_strangers(request_id, coins):
            return refused
        keys = [key for key in self._keys() if key[0] in coins]
        for key in keys:
            self._again.setdefault(key, self._trainings[key])
            self._trainings[key] = self._trainings[key].running(0.0)
        self._report()
        message = f"{len(keys)} memories of {', '.join(coins)} are being trained anew"
        return Answer(request_id, ok=True, code="ok", message=message, data={"coins": list(coins)})

    def _stop_retraining(self, request_id: str, coins: tuple[Coin, ...]) -> Answer:
        """What waits for its turn is left as it was; the memory in hand is learned to its end."""
        if refused := self._refuse_strangers(request_id, coins):
            return refused
        keys = [key for key in self._again if key[0] in coins]
        for key in keys:
            self._trainings[key] = self._again.pop(key)
        self._report()
        left = ", ".join(dict.fromkeys(key[0] for key in keys))
        message = (
            f"stopped: {len(keys)} memories of {left} stay as they were"
            if keys
            else "no training was waiting; what was never learned goes on being learned"
        )
        data = {"memories": [_name(key) for key in keys]}
        return Answer(request_id, ok=True, code="ok", message=message, data=data)

    def _refuse_strangers(self, request_id: str, coins: tuple[Coin, ...]) -> Answer | None:
        unknown = [coin for coin in coins if coin not in self._coins]
        if not unknown:
            return None
        message = f"{', '.join(unknown)}: not among trading.coins: {', '.join(self._coins)}"
        return refusal(request_id, "unknown_coin", message)

    def _report_now_and_then(self) -> None:
        now_ns = self._context.clock.monotonic_ns()
        if now_ns - self._reported_ns >= REPORT_EVERY_S * NANOSECOND:
            self._report()

    def _report(self) -> None:
        self._reported_ns = self._context.clock.monotonic_ns()
        now, stale_after = self._context.clock.now(), self._stale_after
        by_coin = {
            coin: {timeframe: self._trainings[coin, timeframe] for timeframe in Timeframe}
            for coin in self._coins
        }
        report: dict[str, Any] = {
            "training": {
                coin: {timeframe.value: each.row() for timeframe, each in trainings.items()}
                for coin, trainings in by_coin.items()
            },
            "coins": {
                coin: {"training": coin_row(list(trainings.values()), now - stale_after)}
                for coin, trainings in by_coin.items()
            },
        }
        self._context.report(report)


def _name(key: Key) -> str:
    return f"{key[0]} {key[1].value}"
