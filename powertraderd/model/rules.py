"""The owner's rules: every number of STRATEGY.md and MODEL.md that can be set.

These are sections of the settings file. They live here so that pure functions can take them
without knowing about files. ``None`` (in TOML: "none") means no limit
where it is allowed; zero means zero.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from powertraderd.model.candle import Coin

LearnerName = Literal["classic", "volatility"]
NeighbourAverage = Literal["median", "mean"]
DrawdownPct = Annotated[Decimal, Field(lt=0, gt=-100)]


class Rules(BaseModel):
    """Frozen, and refuses keys that it does not know; the text "none" means no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _none_in_words(cls, value: object) -> object:
        """TOML has no null."""
        return None if value == "none" else value


class EntryRules(Rules):
    """When and how large a position is opened."""

    min_long_level: int = Field(3, ge=1, le=7, description="timeframes that must say LONG")
    allocation_pct: Decimal = Field(
        Decimal("0.5"), gt=0, le=100, description="size of an entry in percent of account value"
    )


class DcaRules(Rules):
    """When and how much a position is averaged down."""

    drawdown_levels_pct: tuple[DrawdownPct, ...] = Field(
        tuple(Decimal(level) for level in ("-2.5", "-5", "-10", "-20", "-30", "-40", "-50")),
        min_length=1,
        max_length=50,
        description="drawdown of the ask against average cost, per stage; the last repeats",
    )
    multiplier: Decimal = Field(
        Decimal("2.0"), gt=0, le=10, description="size of a DCA buy in position values"
    )
    max_per_24h: int | None = Field(
        2, ge=0, le=100, description="DCA buys per rolling 24 h; 0 means none, 'none' means no cap"
    )
    cooldown_minutes: int = Field(
        60, ge=0, le=100_000, description="minutes between DCA buys; 0 means none"
    )


class ExitRules(Rules):
    """The trailing exit."""

    start_pct: Decimal = Field(
        Decimal("5.0"), gt=0, le=1000, description="start line above average cost at stage 0"
    )
    start_pct_after_dca: Decimal = Field(
        Decimal("2.5"), gt=0, le=1000, description="start line above average cost after a DCA buy"
    )
    trailing_gap_pct: Decimal = Field(
        Decimal("0.5"), gt=0, lt=100, description="line below the peak bid, percent"
    )
    min_net_profit_pct: Decimal = Field(
        Decimal(0), ge=0, le=1000, description="least profit after all fees, percent of cost"
    )
    allow_loss: bool = Field(
        default=False, description="true: the trailing exit may sell below break-even after fees"
    )
    take_profit_pct: Decimal | None = Field(
        None, gt=0, le=10_000, description="sell at once at so much above average cost; 'none': off"
    )


class SignalRules(Rules):
    """How levels are made and how old a signal may be."""

    bound_distance_pct: float = Field(
        0.5, ge=0, lt=50, description="levels are this far outside the predictions, percent"
    )
    max_age_seconds: float = Field(
        300, gt=0, le=1_000_000, description="oldest signal that may open a position, market s"
    )
    interval_seconds: float = Field(
        5, ge=0.05, le=3600, description="pause between thinker cycles, machine seconds"
    )


class TrainingRules(Rules):
    """When a memory counts as trained."""

    stale_days: float = Field(14, gt=0, le=3650, description="older training publishes no LONG")
    interval_seconds: float = Field(
        20, ge=0.05, le=86_400, description="pause between trainer cycles, machine seconds"
    )
    learner: LearnerName = Field(
        "classic", description="classic: pattern memory; volatility: scaled by recent ranges"
    )
    neighbour_average: NeighbourAverage = Field(
        "median", description="volatility: how the nearest candles are averaged"
    )
    hour_of_day: bool = Field(
        default=False, description="volatility: ranges are compared within the same hour of the day"
    )


class RiskLimits(Rules):
    """What `admit` lets pass (docs/risk.md). ``None`` means no limit.

    Ages are market seconds where the market dates the input (quote, candle), machine seconds
    since our read where it does not (account, products, fee, clock).
    """

    quote_max_age_seconds: float = Field(
        15, gt=0, le=1_000_000, description="oldest quote that may be traded on, market s"
    )
    candle_max_age_seconds: float = Field(
        10_800, gt=0, le=10_000_000, description="since the newest 1-hour candle closed, market s"
    )
    account_max_age_seconds: float = Field(
        1800, gt=0, le=1_000_000, description="since ledger and venue last agreed, machine s"
    )
    products_max_age_seconds: float = Field(
        3600, gt=0, le=1_000_000, description="since increments and flags were read, machine s"
    )
    fee_max_age_seconds: float = Field(
        86_400, gt=0, le=1_000_000, description="since the fee tier was read, machine s"
    )
    clock_max_age_seconds: float = Field(
        3600, gt=0, le=1_000_000, description="since our clock was compared, machine s"
    )
    max_clock_skew_seconds: float = Field(
        5, gt=0, le=3600, description="our clock against the venue's, either way"
    )
    max_position_usd: Decimal | None = Field(
        None, gt=0, description="largest position, value at the bid plus the order"
    )
    max_position_pct: Decimal | None = Field(
        Decimal(40), gt=0, le=100, description="largest position in percent of account value"
    )
    max_exposure_pct: Decimal | None = Field(
        Decimal(95), gt=0, le=100, description="all positions in percent of account value"
    )
    max_open_positions: int | None = Field(None, ge=1, description="positions at one time")
    max_orders_per_hour: int | None = Field(60, ge=1, description="orders of all coins per hour")
    max_spread_pct: Decimal | None = Field(
        Decimal(1), gt=0, le=100, description="widest spread that may be bought into"
    )
    max_close_distance_pct: Decimal | None = Field(
        Decimal(20), gt=0, le=1000, description="ask against the last close; more is not believed"
    )
    max_venue_divergence_pct: Decimal | None = Field(
        Decimal(3),
        gt=0,
        le=1000,
        description="close of the candle venue against the trading venue's for the same hour",
    )
    exit_cooldown_minutes: int = Field(
        0, ge=0, le=100_000, description="minutes after an exit before the coin is bought again"
    )
    daily_loss_limit_usd: Decimal | None = Field(
        None, gt=0, description="realised loss of a UTC day from which on nothing is bought"
    )
    max_drawdown_pct: Decimal | None = Field(
        Decimal(50), gt=0, le=100, description="account value below its peak; more halts trading"
    )
    stop_loss_pct: Decimal | None = Field(
        None, gt=0, lt=100, description="sell at so much below average cost; 'none': off"
    )


ACCOUNT_WIDE = frozenset(
    {
        "account_max_age_seconds",
        "fee_max_age_seconds",
        "clock_max_age_seconds",
        "max_clock_skew_seconds",
        "max_exposure_pct",
        "max_open_positions",
        "max_orders_per_hour",
        "daily_loss_limit_usd",
        "max_drawdown_pct",
    }
)
"""Risk limits of the whole account: no coin can have its own."""


class StrategyRules(Rules):
    """The sections that decisions need, in one value; ``coins`` holds the coins with their own."""

    entry: EntryRules = EntryRules()
    dca: DcaRules = DcaRules()
    exit: ExitRules = ExitRules()
    signal: SignalRules = SignalRules()
    training: TrainingRules = TrainingRules()
    risk: RiskLimits = RiskLimits()
    coins: Mapping[Coin, "StrategyRules"] = {}

    def of(self, coin: Coin) -> "StrategyRules":
        """The rules in force for ``coin``."""
        return self.coins.get(coin, self)


Mode = Literal["paper", "live"]
