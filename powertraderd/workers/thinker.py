"""The thinker: memories, candles and quotes into signals."""

from dataclasses import dataclass

from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.quote import Quote
from powertraderd.model.signal import Signal
from powertraderd.ports import CandleArchive, MemoryStore, QuoteSource, SignalBoard
from powertraderd.strategy import levels
from powertraderd.supervision.channel import TradingState
from powertraderd.supervision.protocol import Answer, Code, refusal
from powertraderd.workers.forecasts import Forecasts
from powertraderd.workers.report import signal_row
from powertraderd.workers.role import Command, Context


@dataclass(frozen=True, slots=True)
class ThinkerPorts:
    """What the thinker works on."""

    quotes: QuoteSource
    candles: CandleArchive
    memories: MemoryStore
    board: SignalBoard


class Thinker:
    """The role."""

    def __init__(self, ports: ThinkerPorts) -> None:
        """Nothing is loaded yet."""
        self._ports = ports
        self._waiting: dict[Coin, str] = {}

    def start(self, context: Context) -> None:
        """Load all memories and make their predictions."""
        self._context = context
        settings = context.settings
        self._budgets = settings.supervisor.budgets
        self._coins = settings.trading.coins
        self._rules = settings.rules
        self._forecasts = Forecasts(
            self._ports.memories, self._ports.candles, context.heart, self._budgets.load_memory
        )
        for coin in self._coins:
            self._forecasts.of(coin)

    def cycle(self) -> float:
        """One signal for each coin that is trained and has a quote."""
        with self._context.heart.phase("quotes", self._budgets.quotes):
            quotes = self._ports.quotes.quotes(self._coins)
        signals: dict[Coin, Signal | None] = {}
        for coin in self._coins:
            if not self._context.poll():
                return 0
            signals[coin] = self._think(coin, quotes.get(coin))
        self._report(signals)
        return self._rules.signal.interval_seconds

    def command(self, command: Command) -> Answer:
        """The thinker takes no commands."""
        return refusal(command.id, Code.UNKNOWN_VERB, f"the thinker does not know {command.verb}")

    def trading(self, state: TradingState) -> None:
        """Signals are published whatever trading does."""

    def close(self) -> None:
        """Everything published is stored."""
        self._context.log.info("thinker_closed")

    def _think(self, coin: Coin, quote: Quote | None) -> Signal | None:
        """Publish the coin's signal; without all timeframes or a quote there is none."""
        forecasts = self._forecasts.of(coin)
        untrained = [each.value for each in Timeframe if each not in forecasts]
        if untrained:
            self._note(coin, f"no memory yet for {', '.join(untrained)}")
            return None
        if quote is None:
            self._note(coin, "no quote")
            return None
        signal = levels.signal(
            quote,
            [forecast.prediction for forecast in forecasts.values()],
            made_at=self._context.clock.now(),
            trained_at=min(forecast.trained_at for forecast in forecasts.values()),
            rules=self._rules,
        )
        with self._context.heart.phase("publish", self._budgets.ledger, coin):
            self._ports.board.publish(signal)
        self._note(coin, signal.blocked_because)
        self._context.log.debug(
            "thought",
            coin=coin,
            at=signal.made_at.isoformat(),
            quote_at=signal.ask_at.isoformat(),
            trained_at=signal.trained_at.isoformat(),
            closed_at={each.timeframe: each.closed_at.isoformat() for each in signal.predictions},
        )
        return signal

    def _note(self, coin: Coin, problem: str) -> None:
        """Once per change; figures inside the words may change without notice."""
        before = self._waiting.get(coin, "")
        self._waiting[coin] = problem
        if bool(before) == bool(problem):
            return
        if problem:
            self._context.log.warning("signal_blocked", coin=coin, reason=problem)
        else:
            self._context.log.info("signal_free", coin=coin)

    def _report(self, signals: dict[Coin, Signal | None]) -> None:
        self._context.report(
            {
                "skill": self._forecasts.scores.rows(),
                "coins": {
                    coin: {
                        "signal": None if signal is None else signal_row(signal),
                        "signal_missing": self._waiting[coin] if signal is None else "",
                    }
                    for coin, signal in signals.items()
                },
            }
        )
