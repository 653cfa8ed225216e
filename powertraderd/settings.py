"""Every setting, typed, with unit and range. How they are read is in settings_file.py.

The rules of the strategy stand in model/rules.py, everything else here. Workers get their settings
as JSON from the supervisor, so this module is all that they need of it.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PlainSerializer, SecretStr, model_validator

from powertraderd.model.candle import MONDAY, THURSDAY, Coin
from powertraderd.model.coin_rules import CoinName, CoinSettings
from powertraderd.model.rules import (
    DcaRules,
    EntryRules,
    ExitRules,
    Mode,
    RiskLimits,
    Rules,
    SignalRules,
    StrategyRules,
    TrainingRules,
)
from powertraderd.places import SOCKET_NAME, user_runtime_dir, user_state_dir


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


UtcDatetime = Annotated[datetime, AfterValidator(_utc)]


def _loopback(url: str) -> bool:
    return url.partition("//")[2].partition(":")[0] in {"127.0.0.1", "localhost"}


# Masked wherever it is shown; the workers' JSON carries it, for they have to use it.
Secret = Annotated[
    SecretStr, PlainSerializer(lambda secret: secret.get_secret_value(), when_used="json")
]


class TradingSettings(Rules):
    """What is traded and whether with real money."""

    mode: Mode = Field("paper", description="paper or live; never live by default")
    coins: tuple[CoinName, ...] = Field(
        (Coin("BTC"), Coin("ETH")),
        min_length=1,
        max_length=50,
        description="coins to trade, by ticker",
    )
    quote: Literal["USD", "USDC", "EUR"] = Field("USD", description="quote currency")
    tick_seconds: float = Field(
        1, ge=0.02, le=60, description="pause between trader cycles, machine seconds"
    )
    quiet_window_seconds: float = Field(
        60,
        ge=0,
        le=3600,
        description="an order that the venue does not list counts as never placed after this",
    )

    @model_validator(mode="after")
    def _coins_are_unique(self) -> Self:
        if len(set(self.coins)) != len(self.coins):
            msg = "coins: a coin is listed twice"
            raise ValueError(msg)
        return self


class ExchangeSettings(Rules):
    """Coinbase Advanced Trade: orders in live mode, quotes whenever candles come from a venue."""

    base_url: str = Field(
        "api.coinbase.com",
        pattern=r"^[A-Za-z0-9.-]+(:\d{1,5})?$",
        description="host or host:port, always HTTPS",
    )
    ca_file: Path | None = Field(
        None, description="certificates to trust instead of the public ones (PEM)"
    )
    key_file: Path | None = Field(
        None, description="live: the API key's file; read by the trader alone"
    )
    key_renew_by: date | None = Field(
        None, description="day by which the key shall be replaced; an alert comes before it"
    )
    budget: Decimal | None = Field(
        None, gt=0, description="live: quote currency that the daemon may trade with"
    )
    allow_transfer_key: bool = Field(
        default=False, description="true: accept a key that may move money away"
    )
    connect_timeout_seconds: float = Field(
        3.05, gt=0, le=60, description="longest wait for a connection, machine seconds"
    )
    read_timeout_seconds: float = Field(
        8, gt=0, le=60, description="longest silence inside an answer, machine seconds"
    )
    requests_per_second: float = Field(
        2, gt=0, le=30, description="steady rate of requests that need the key"
    )
    rejected_after_seconds: float = Field(
        60, ge=0, le=3600, description="a key counts as refused after so long of nothing but 401"
    )


class CandleSettings(Rules):
    """Where candles come from."""

    source: Literal["synthetic", "replay", "kucoin", "coinbase"] = Field(
        "synthetic",
        description="synthetic: from a seed; replay: CSV files; kucoin, coinbase: the venue's own",
    )
    base_url: str | None = Field(
        None,
        pattern=r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?$",
        description="kucoin: another address than https://api.kucoin.com (plain http: loopback)",
    )
    quote: Literal["USDT", "USDC", "USD", "EUR"] | None = Field(
        None,
        description="currency of the venue's candles; none: USDT at kucoin, else trading.quote",
    )
    directory: Path | None = Field(None, description="replay: folder of COIN*_1h.csv[.gz] files")
    history_start: UtcDatetime = Field(
        datetime(2022, 1, 1, tzinfo=UTC), description="oldest candle that is learned"
    )
    week_anchor: Literal["monday", "thursday"] | None = Field(
        None,
        description="weekday on which weekly candles start, 00:00 UTC; by itself monday, but "
        "thursday at kucoin, which has no other weeks",
    )
    seed: int = Field(1, ge=0, description="synthetic: seed of the market")
    volatility_pct: float = Field(
        0.8, gt=0, le=20, description="synthetic: typical hourly move, percent"
    )

    @property
    def week_offset(self) -> timedelta:
        """The week anchor as an offset from the epoch."""
        anchor = self.week_anchor or ("thursday" if self.source == "kucoin" else "monday")
        return MONDAY if anchor == "monday" else THURSDAY

    @model_validator(mode="after")
    def _kucoin_knows_no_other_weeks(self) -> Self:
        if self.source == "kucoin" and self.week_anchor == "monday":
            msg = "source = 'kucoin' has weeks from Thursday: take week_anchor out"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _plain_http_stays_on_this_machine(self) -> Self:
        if self.base_url and self.base_url.startswith("http:") and not _loopback(self.base_url):
            msg = "base_url: plain http is for 127.0.0.1 and localhost; use https"
            raise ValueError(msg)
        return self

    @property
    def from_a_venue(self) -> bool:
        """Whether candles come over the network, and quotes with them."""
        return self.source in {"kucoin", "coinbase"}

    @model_validator(mode="after")
    def _replay_needs_a_directory(self) -> Self:
        if self.source == "replay" and self.directory is None:
            msg = "source = 'replay' needs directory, a folder of CSV files"
            raise ValueError(msg)
        return self


class ClockSettings(Rules):
    """Market time."""

    kind: Literal["real", "accelerated"] = Field("real", description="accelerated: paper only")
    start: UtcDatetime | None = Field(None, description="accelerated: market time at first start")
    speed: float = Field(
        1.0, ge=1, le=100_000, description="accelerated: market seconds per machine second"
    )

    @model_validator(mode="after")
    def _accelerated_needs_a_start(self) -> Self:
        if self.kind == "accelerated" and self.start is None:
            msg = "kind = 'accelerated' needs start, the market time to begin at"
            raise ValueError(msg)
        return self


class PaperSettings(Rules):
    """The paper broker."""

    starting_cash: Decimal = Field(Decimal(10_000), gt=0, description="quote currency at the start")
    taker_fee_pct: Decimal = Field(Decimal("0.6"), ge=0, lt=50, description="fee of each fill")
    spread_pct: Decimal = Field(Decimal("0.05"), ge=0, lt=50, description="ask over bid")
    latency_ms: int = Field(
        50, ge=0, le=600_000, description="from order to fills, market milliseconds"
    )
    seed: int = Field(1, ge=0, description="seed of fill sizes and ids")


class PathSettings(Rules):
    """Folders."""

    state_dir: Path = Field(default_factory=user_state_dir, description="databases and memories")
    runtime_dir: Path = Field(default_factory=user_runtime_dir, description="the control socket")

    @property
    def socket(self) -> Path:
        """The control socket."""
        return self.runtime_dir / SOCKET_NAME


class ControlSettings(Rules):
    """The control socket."""

    admin_group: str | None = Field(None, description="members may trade and change state")
    ack_seconds: float = Field(
        5, gt=0, le=60, description="a worker acknowledges a command within this"
    )
    answer_seconds: float = Field(
        45, gt=0, le=600, description="a worker answers a command within this"
    )
    halt_seconds: float = Field(
        2, gt=0, le=60, description="halt: a trader that has not answered by then is killed"
    )


class ExporterSettings(Rules):
    """Prometheus."""

    listen: str = Field(
        "127.0.0.1:9464", pattern=r"^[^:\s]+:\d{1,5}$", description="host:port; port 0 picks one"
    )


class BudgetSettings(Rules):
    """How long each phase may take, machine seconds (SUPERVISION.md, Budgets)."""

    boot: float = Field(20, gt=0, description="from start to ready, without reconcile")
    reconcile: float = Field(90, gt=0, description="startup reconciliation")
    load_memory: float = Field(20, gt=0, description="reading memories")
    candles: float = Field(20, gt=0, description="candles of one coin")
    training_step: float = Field(60, gt=0, description="training without progress")
    training_total: float = Field(1800, gt=0, description="training in all")
    place_order: float = Field(20, gt=0, description="placing one order")
    read_orders: float = Field(15, gt=0, description="reading orders or fills")
    quotes: float = Field(10, gt=0, description="reading quotes")
    ledger: float = Field(5, gt=0, description="one ledger commit")
    cycle: float = Field(120, gt=0, description="one whole cycle of thinker, trader, exporter")
    idle_slack: float = Field(2, gt=0, description="waking up late from a pause")


class SupervisorSettings(Rules):
    """Budgets, kill ladder, back-off and breaker (SUPERVISION.md), machine seconds."""

    budgets: BudgetSettings = BudgetSettings()
    ladder_term: float = Field(1, gt=0, description="hang: from the stack dump to SIGTERM")
    ladder_kill: float = Field(3, gt=0, description="hang: from the stack dump to SIGKILL")
    ladder_unkillable: float = Field(5, gt=0, description="hang: then declared UNKILLABLE")
    unkillable_exit: float = Field(30, gt=0, description="UNKILLABLE: the supervisor then exits")
    stop_grace_trader: float = Field(25, gt=0, description="stop: the trader's time to finish")
    stop_grace: float = Field(10, gt=0, description="stop: the other workers' time")
    mute_after: float = Field(1, gt=0, description="an unreadable page for so long means mute")
    stall_gap: float = Field(2, gt=0, description="longer gaps between ticks are our own stall")
    backoff_base: float = Field(1, gt=0, description="first pause before a restart")
    backoff_cap: float = Field(60, gt=0, description="longest pause before a restart")
    stable_after: float = Field(600, gt=0, description="running so long resets the back-off")
    breaker_fast_deaths: int = Field(5, ge=1, description="deaths in the short window that trip")
    breaker_fast_window: float = Field(600, gt=0, description="the short window")
    breaker_slow_deaths: int = Field(20, ge=1, description="deaths in the long window that trip")
    breaker_slow_window: float = Field(86_400, gt=0, description="the long window")


class LoggingSettings(Rules):
    """Log lines."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level")
    format: Literal["json", "console"] = Field("json", description="console is for people")
    file: Path | None = Field(
        None, description="also write JSON lines here; reopened after rotation"
    )


NewsKind = Literal["fill", "state", "parked", "hung", "summary"]


class NotifySettings(Rules):
    """Messages to the owner through apprise; nothing is sent without urls."""

    urls: tuple[Secret, ...] = Field(
        (), max_length=10, description="apprise URLs, such as tgram://TOKEN/CHAT; kept secret"
    )
    events: tuple[NewsKind, ...] = Field(
        ("fill", "state", "parked", "hung", "summary"),
        description="fill; state: reduced, halted, resumed; parked; hung; summary: once a UTC day",
    )
    timeout_seconds: float = Field(
        15, gt=0, le=120, description="a delivery that takes longer is killed and counted"
    )
    queue: int = Field(50, ge=1, le=1000, description="messages that wait; more are dropped")


class Settings(Rules):
    """All sections."""

    trading: TradingSettings = TradingSettings()
    exchange: ExchangeSettings = ExchangeSettings()
    candles: CandleSettings = CandleSettings()
    clock: ClockSettings = ClockSettings()
    paper: PaperSettings = PaperSettings()
    entry: EntryRules = EntryRules()
    dca: DcaRules = DcaRules()
    exit: ExitRules = ExitRules()
    signal: SignalRules = SignalRules()
    training: TrainingRules = TrainingRules()
    risk: RiskLimits = RiskLimits()
    coins: CoinSettings = CoinSettings()
    paths: PathSettings = Field(default_factory=PathSettings)
    control: ControlSettings = ControlSettings()
    exporter: ExporterSettings = ExporterSettings()
    supervisor: SupervisorSettings = SupervisorSettings()
    notify: NotifySettings = NotifySettings()
    logging: LoggingSettings = LoggingSettings()

    @property
    def rules(self) -> StrategyRules:
        """The sections that decisions need, with what single coins have of their own."""
        rules = self._rules_for_all()
        own = {coin: tables.over(rules) for coin, tables in self.coins.tables().items()}
        return rules.model_copy(update={"coins": own})

    def _rules_for_all(self) -> StrategyRules:
        return StrategyRules(
            entry=self.entry,
            dca=self.dca,
            exit=self.exit,
            signal=self.signal,
            training=self.training,
            risk=self.risk,
        )

    @model_validator(mode="after")
    def _coins_of_their_own_are_traded_and_valid(self) -> Self:
        for coin, tables in self.coins.tables().items():
            if coin not in self.trading.coins:
                msg = f"coins.{coin}: not among trading.coins ({', '.join(self.trading.coins)})"
                raise ValueError(msg)
            try:
                tables.over(self._rules_for_all())
            except ValueError as error:
                msg = f"coins.{coin}.{error}"
                raise ValueError(msg) from None
        return self

    @model_validator(mode="after")
    def _the_real_market_has_real_time(self) -> Self:
        if self.candles.from_a_venue and self.clock.kind != "real":
            msg = f"candles.source = '{self.candles.source}' needs clock.kind = 'real'"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _live_is_never_an_accident(self) -> Self:
        """The key itself is verified by the trader before its first order."""
        if self.trading.mode != "live":
            return self
        if not self.candles.from_a_venue:
            msg = (
                "trading.mode = 'live' needs candles.source = 'kucoin' or 'coinbase': "
                f"'{self.candles.source}' is no real market"
            )
            raise ValueError(msg)
        if self.exchange.budget is None:
            msg = (
                "trading.mode = 'live' needs exchange.budget: how much of the quote currency the "
                "daemon may trade with; everything else on the account stays untouched"
            )
            raise ValueError(msg)
        return self
