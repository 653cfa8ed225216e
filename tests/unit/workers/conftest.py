"""A world for roles: real stores in a folder, a paper exchange, a clock that stands still."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from powertraderd import log
from powertraderd.adapters.paper import PaperBroker
from powertraderd.adapters.sqlite.candle_store import CandleStore
from powertraderd.adapters.sqlite.ledger import SqliteLedger
from powertraderd.adapters.sqlite.signal_board import SqliteSignalBoard
from powertraderd.clock import FrozenClock
from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.model.decision import Action, Decision, ReasonCode
from powertraderd.model.money import ZERO_BASE, Usd
from powertraderd.model.order import OrderReport
from powertraderd.model.prediction import Prediction
from powertraderd.model.signal import Levels, Side, Signal
from powertraderd.settings import Settings
from powertraderd.strategy import ledgering
from powertraderd.supervision import page
from powertraderd.supervision.channel import TradingState
from powertraderd.supervision.protocol import Answer, parse_args
from powertraderd.testing.dying import Dying
from powertraderd.testing.faulty_broker import FaultyBroker
from powertraderd.testing.quotes import SetQuotes
from powertraderd.testing.stage import Stage
from powertraderd.testing.venue_candles import VenueCandles
from powertraderd.workers.heart import PageHeart
from powertraderd.workers.role import Command, Context, Role
from powertraderd.workers.trader import Trader, TraderPorts

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
BTC, ETH = Coin("BTC"), Coin("ETH")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Ears:
    """What a role said to the supervisor."""

    messages: list[Mapping[str, Any]] = field(default_factory=list)

    def send(self, message: Mapping[str, Any]) -> None:
        """Hear it."""
        self.messages.append(message)

    def reports(self) -> list[Mapping[str, Any]]:
        """All reports, oldest first."""
        return [m["report"] for m in self.messages if m["type"] == "report"]

    def halts(self) -> list[str]:
        """Reasons for which halting was asked."""
        return [m["reason"] for m in self.messages if m["type"] == "halt"]


def a_context(settings: Settings, clock: FrozenClock, ears: Ears) -> Context:
    """A context with a real heartbeat page that nobody reads."""
    fd = page.create()
    writer = page.PageWriter(fd)
    os.close(fd)
    return Context(
        settings=settings,
        clock=clock,
        heart=PageHeart(writer, incarnation=1, base_s=60, now_ns=clock.monotonic_ns),
        trading=TradingState(),
        incarnation=1,
        last_page=None,
        quarantines=(),
        log=log.get("test"),
        send=ears.send,
        poll=lambda: True,
    )


@dataclass
class World:
    """Everything around a trader; ``start`` makes its next incarnation."""

    folder: Path
    clock: FrozenClock
    settings: Settings
    market: SetQuotes
    exchange: PaperBroker
    line: FaultyBroker
    board: SqliteSignalBoard
    candles: CandleStore
    venue: VenueCandles
    ears: Ears = field(default_factory=Ears)
    ledger: SqliteLedger | None = None
    context: Context | None = None

    def start(
        self,
        *,
        dying: tuple[str, str, str, int] | None = None,
    ) -> Trader:
        """A new trader on the same files, as after a restart.

        ``dying`` is (ledger or broker, method, before or after, nth call).
        """
        if self.ledger is not None:
            self.ledger.close()
        self.ledger = SqliteLedger(self.folder / "ledger.db", ledgering)
        self.context = a_context(self.settings, self.clock, self.ears)
        broker: Any = self.line
        ledger: Any = self.ledger
        if dying is not None:
            port, method, when, nth = dying
            if port == "ledger":
                ledger = Dying(ledger, method, when, nth)  # type: ignore[arg-type]
            else:
                broker = Dying(broker, method, when, nth)  # type: ignore[arg-type]
        trader = Trader(TraderPorts(broker, ledger, self.board, self.candles, self.venue))
        self.context.heart.ready(60)
        trader.start(self.context)
        return trader

    def another_context(self, **sections: dict[str, Any]) -> Context:
        """For a role beside the trader, on the same clock and with the same ears."""
        return a_context(a_settings(self.folder, **sections), self.clock, self.ears)

    def ask(self, role: Role, verb: str, request_id: str = "r1", **args: object) -> Answer:
        """The role's answer to a command."""
        return role.command(Command(request_id, verb, parse_args(verb, args), uid=0))

    def say_long(self, coin: Coin = BTC, long: int = 3) -> None:
        """Publish a fresh signal."""
        self.board.publish(a_signal(coin, self.clock.now(), long))

    def an_entry(self) -> Decision:
        """A decision to buy BTC for 50 dollars."""
        return Decision(
            BTC,
            self.clock.now(),
            Action.ENTRY,
            ReasonCode.LONG_SIGNAL,
            quote_size=Usd(Decimal(50)),
        )

    def own_ledger(self) -> SqliteLedger:
        """The ledger of the newest incarnation."""
        assert self.ledger is not None
        return self.ledger

    def reports(self, coin: Coin = BTC) -> tuple[OrderReport, ...]:
        """Every order that the exchange's own book holds."""
        return self.exchange.orders_since(f"{coin}-USD", LONG_AGO)

    def tick(self, trader: Trader, times: int = 1, seconds: float = 1) -> None:
        """Let the trader live on."""
        for _ in range(times):
            self.clock.advance(seconds)
            trader.cycle()

    def assert_equal_books(self) -> None:
        """Each intent is at the exchange at most once, and both books agree to the last digit."""
        seen = [report.client_order_id for coin in (BTC, ETH) for report in self.reports(coin)]
        assert len(seen) == len(set(seen))
        books, held = self.own_ledger().books(), self.exchange.balances()
        assert books.cash == held["USD"]
        for coin in (BTC, ETH):
            position = books.positions.get(coin)
            owned = (position.quantity if position else ZERO_BASE) + books.dust.get(
                coin, Decimal(0)
            )
            assert owned == held.get(coin, Decimal(0))
        known = {
            record.intent.client_order_id for record in self.own_ledger().orders_since(LONG_AGO)
        }
        assert set(seen) <= known
        assert ledgering.residual(books) == 0


def a_signal(coin: Coin, now: datetime, long: int = 7) -> Signal:
    """A fresh signal with ``long`` timeframes that say LONG."""
    frames = tuple(Timeframe)
    return Signal(
        coin=coin,
        made_at=now,
        trained_at=now,
        ask=100.0,
        ask_at=now,
        predictions=tuple(Prediction(frame, now, 103.0, 99.0) for frame in frames),
        levels=Levels(low=dict.fromkeys(frames, 98.5), high=dict.fromkeys(frames, 103.5)),
        sides=dict.fromkeys(frames, Side.WITHIN),
        long_count=long,
        short_count=0,
        long_margin_pct=0.25,
        short_margin_pct=0.25,
    )


def a_settings(folder: Path, **sections: dict[str, Any]) -> Settings:
    """Settings that live in ``folder``; ``sections`` override single keys."""
    values: dict[str, dict[str, Any]] = {
        "trading": {"coins": ["BTC", "ETH"]},
        "paths": {"state_dir": folder, "runtime_dir": folder},
        "paper": {"latency_ms": 50},
        "risk": {"quote_max_age_seconds": 60},
        "exporter": {"listen": "127.0.0.1:0"},
    }
    for name, keys in sections.items():
        values[name] = {**values.get(name, {}), **keys}
    return Settings(**values)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two coins at 100 and 10 dollars, a calm signal board, 10,000 dollars of paper."""
    clock = FrozenClock(NOW, 1)
    settings = a_settings(tmp_path)
    market = SetQuotes(clock)
    market.put(BTC, "100")
    market.put(ETH, "10")
    exchange = PaperBroker(
        market,
        clock,
        settings.paper,
        book=tmp_path / "paper.db",
        quote="USD",
        coins=settings.trading.coins,
    )
    candles = CandleStore(tmp_path / "market.db", writable=True)
    for coin, close in ((BTC, 100.0), (ETH, 10.0)):
        opened_at = NOW - timedelta(hours=1)
        candle = Candle(opened_at, close, close, close, close, 1.0)
        candles.append(coin, Timeframe.HOUR_1, [candle])
    made = World(
        folder=tmp_path,
        clock=clock,
        settings=settings,
        market=market,
        exchange=exchange,
        line=FaultyBroker(exchange, clock),
        board=SqliteSignalBoard(tmp_path / "signal.db", writable=True),
        candles=candles,
        venue=VenueCandles(candles),
    )
    yield made
    exchange.close()
    candles.close()
    made.board.close()
    if made.ledger is not None:
        made.ledger.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage for real worker processes; nobody is left on it afterwards."""
    prepared = Stage(tmp_path)
    yield prepared
    prepared.clean_up()
