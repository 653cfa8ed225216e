"""Which role a worker's name means, and the adapters that it is given.

Each role is imported only by the worker that plays it: the exporter and the trader do without the
learner's numpy, which saves their memory.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from powertraderd.errors import ConfigError
from powertraderd.workers.phase_counts import OK, outcome_of

if TYPE_CHECKING:
    from powertraderd.adapters.coinbase.public import PublicMarket
    from powertraderd.adapters.prometheus.collector import DaemonCollector
    from powertraderd.adapters.replay import ReplayMarket
    from powertraderd.adapters.synthetic import SyntheticMarket
    from powertraderd.adapters.web.line import Tried
    from powertraderd.clock import Clock
    from powertraderd.ports import Broker, CandleSource
    from powertraderd.settings import Settings
    from powertraderd.workers.role import Context, Role

MARKET_DB, SIGNAL_DB, LEDGER_DB, PAPER_DB = "market.db", "signal.db", "ledger.db", "paper.db"
REQUEST = "venue.request"
"""The name under which single requests are counted, beside the phases they belong to."""
MEMORY_DIR, BACKUP_DIR = "memory", "backups"


def role(name: str, context: Context) -> Role:
    """The role called ``name`` with its adapters; raises ConfigError for a name that is none."""
    roles: dict[str, Callable[[Context], Role]] = {
        "exporter": _exporter,
        "trainer": _trainer,
        "thinker": _thinker,
        "trader": _trader,
    }
    if name not in roles:
        msg = f"there is no worker {name!r}; there are {', '.join(roles)}"
        raise ConfigError(msg)
    return roles[name](context)


def _market(context: Context) -> SyntheticMarket | ReplayMarket | PublicMarket:
    return market(context.settings, context.clock, _counted(context))


def _counted(context: Context) -> Tried:
    """Requests of a venue beside the phases: tries that were repeated with success count too."""

    def tried(failure: Exception | None, spent_ns: int) -> None:
        outcome = OK if failure is None else outcome_of(failure)
        context.heart.counts.ended(REQUEST, outcome, spent_ns)

    return tried


def market(
    settings: Settings, clock: Clock, tried: Tried | None = None
) -> SyntheticMarket | ReplayMarket | PublicMarket:
    """Quotes for those who hold no key; candles too, unless they come from KuCoin."""
    spread_pct = settings.paper.spread_pct
    if settings.candles.from_a_venue:
        from powertraderd.adapters.coinbase.public import PublicMarket
        from powertraderd.adapters.web.line import uncounted

        return PublicMarket(
            clock,
            settings.exchange,
            settings.supervisor.budgets,
            quote=settings.trading.quote,
            week_offset=settings.candles.week_offset,
            tried=tried or uncounted,
        )
    if settings.candles.source == "replay":
        from powertraderd.adapters.replay import ReplayMarket

        return ReplayMarket(clock, settings.candles, spread_pct)
    from powertraderd.adapters.synthetic import SyntheticMarket

    return SyntheticMarket(clock, settings.candles, spread_pct)


def candle_source(settings: Settings, clock: Clock, tried: Tried | None = None) -> CandleSource:
    """Where candles come from; ``tried`` counts requests of a venue."""
    if settings.candles.source != "kucoin":
        return market(settings, clock, tried)
    from powertraderd.adapters.kucoin import KucoinCandles
    from powertraderd.adapters.web.line import uncounted

    return KucoinCandles(
        clock,
        settings.exchange,
        base_url=settings.candles.base_url,
        quote=settings.candles.quote or "USDT",
        budget_s=settings.supervisor.budgets.candles,
        tried=tried or uncounted,
    )


def _trainer(context: Context) -> Role:
    from powertraderd.adapters.memory_files import MemoryFiles
    from powertraderd.adapters.sqlite.candle_store import CandleStore
    from powertraderd.workers.trainer import Trainer, TrainerPorts

    state_dir = context.settings.paths.state_dir
    return Trainer(
        TrainerPorts(
            source=candle_source(context.settings, context.clock, _counted(context)),
            store=CandleStore(state_dir / MARKET_DB, writable=True),
            memories=MemoryFiles(state_dir / MEMORY_DIR),
        )
    )


def _thinker(context: Context) -> Role:
    from powertraderd.adapters.memory_files import MemoryFiles
    from powertraderd.adapters.sqlite.candle_store import CandleStore
    from powertraderd.adapters.sqlite.signal_board import SqliteSignalBoard
    from powertraderd.workers.thinker import Thinker, ThinkerPorts

    state_dir = context.settings.paths.state_dir
    return Thinker(
        ThinkerPorts(
            quotes=_market(context),
            candles=CandleStore(state_dir / MARKET_DB, writable=False),
            memories=MemoryFiles(state_dir / MEMORY_DIR),
            board=SqliteSignalBoard(state_dir / SIGNAL_DB, writable=True),
        )
    )


def _trader(context: Context) -> Role:
    from powertraderd.adapters.sqlite.candle_store import CandleStore
    from powertraderd.adapters.sqlite.ledger import SqliteLedger
    from powertraderd.adapters.sqlite.signal_board import SqliteSignalBoard
    from powertraderd.strategy import ledgering
    from powertraderd.workers.trader import Trader, TraderPorts

    live = context.settings.trading.mode == "live"
    state_dir = context.settings.paths.state_dir
    return Trader(
        TraderPorts(
            broker=_coinbase(context) if live else _paper(context),
            ledger=SqliteLedger(state_dir / LEDGER_DB, ledgering),
            signals=SqliteSignalBoard(state_dir / SIGNAL_DB, writable=False),
            closes=CandleStore(state_dir / MARKET_DB, writable=False),
            venue_candles=_market(context),
        )
    )


def _paper(context: Context) -> Broker:
    from powertraderd.adapters.paper import PaperBroker

    settings = context.settings
    return PaperBroker(
        _market(context),
        context.clock,
        settings.paper,
        book=settings.paths.state_dir / PAPER_DB,
        quote=settings.trading.quote,
        coins=settings.trading.coins,
    )


def _coinbase(context: Context) -> Broker:
    """With the key, which no other process opens."""
    from powertraderd.adapters.coinbase.broker import CoinbaseBroker
    from powertraderd.adapters.coinbase.client import CoinbaseClient
    from powertraderd.adapters.credentials.keyring import trading_key

    settings = context.settings
    state_dir = settings.paths.state_dir
    if (state_dir / PAPER_DB).exists():
        msg = (
            f"{state_dir}: its ledger was kept with paper money; live trading needs a folder of "
            "its own: set paths.state_dir (market.db and memory/ may be copied there)"
        )
        raise ConfigError(msg)
    key = trading_key(settings.exchange.key_file, state_dir, os.environ)
    return CoinbaseBroker(
        CoinbaseClient(key, settings.exchange, context.clock, _counted(context)),
        context.clock,
        settings.exchange,
        settings.supervisor.budgets,
        quote=settings.trading.quote,
        coins=settings.trading.coins,
    )


def _exporter(context: Context) -> Role:
    from powertraderd.adapters.courier import Courier
    from powertraderd.adapters.legacy.store import LEGACY_DB, LegacyReader
    from powertraderd.adapters.prometheus.server import MetricsServer
    from powertraderd.adapters.sqlite.candle_store import CandleStore
    from powertraderd.adapters.sqlite.ledger_reader import LedgerReader
    from powertraderd.adapters.sqlite.signal_board import SqliteSignalBoard
    from powertraderd.supervision.client import Client
    from powertraderd.workers.exporter import Exporter, ExporterPorts
    from powertraderd.workers.notifier import Notifier
    from powertraderd.workers.queries import Queries, QueryPorts, daemon_status

    state_dir = context.settings.paths.state_dir
    ports = QueryPorts(
        ledger=LedgerReader(state_dir / LEDGER_DB),
        signals=SqliteSignalBoard(state_dir / SIGNAL_DB, writable=False),
        candles=CandleStore(state_dir / MARKET_DB, writable=False),
        imported=LegacyReader(state_dir / LEGACY_DB),
    )
    queries = Queries(
        ports,
        client=Client(context.settings.paths.socket),
        clock=context.clock,
        coins=context.settings.trading.coins,
        rules=context.settings.rules,
    )
    page = MetricsServer(partial(_collector, context))
    wishes = context.settings.notify
    urls = [url.get_secret_value() for url in wishes.urls]
    notifier = Notifier(
        settings=wishes,
        carrier=Courier(
            urls,
            wishes.timeout_seconds,
            # Without our warning filters: foreign packages have deprecations of their own.
            [sys.executable, "-P", "-m", "powertraderd.adapters.apprise_post"],
        ),
        ledger=LedgerReader(state_dir / LEDGER_DB),
        status=partial(daemon_status, Client(context.settings.paths.socket)),
        clock=context.clock,
        state_dir=state_dir,
    )
    return Exporter(ExporterPorts(page=page, queries=queries, notifier=notifier))


def _collector(context: Context) -> DaemonCollector:
    """Made in the thread that serves scrapes: what it opens is its own."""
    from powertraderd.adapters.prometheus.collector import (
        DaemonCollector,
        Sources,
    )
    from powertraderd.adapters.sqlite.ledger_reader import LedgerReader
    from powertraderd.adapters.sqlite.signal_board import SqliteSignalBoard
    from powertraderd.strategy import dca, ladder, ledgering, levels
    from powertraderd.supervision.client import Client
    from powertraderd.workers.queries import daemon_status, fee_of, quotes_of
    from powertraderd.workers.risk_query import worst_figures

    settings, clock = context.settings, context.clock
    state_dir = settings.paths.state_dir
    ledger = LedgerReader(state_dir / LEDGER_DB)
    return DaemonCollector(
        Sources(
            clock=clock,
            coins=settings.trading.coins,
            rules=settings.rules,
            status=partial(daemon_status, Client(settings.paths.socket)),
            training=partial(daemon_status, Client(settings.paths.socket), "training"),
            ledger=ledger,
            ledger_path=state_dir / LEDGER_DB,
            backup_dir=state_dir / BACKUP_DIR,
            ca_file=settings.exchange.ca_file,
            key_renew_by=settings.exchange.key_renew_by,
            signals=SqliteSignalBoard(state_dir / SIGNAL_DB, writable=False),
            residual=ledgering.residual,
            dca_buys=lambda position: dca.buys_in_window(position, clock.now()),
            affordable=lambda value: ladder.affordable(
                value, settings.trading.coins, settings.rules
            ),
            candles_late=lambda timeframe: levels.LATE_AFTER * timeframe.length,
            worst_case=lambda status: worst_figures(
                ledger.books(),
                quotes_of(status),
                fee_of(status),
                settings.trading.coins,
                settings.rules,
            ),
        )
    )
