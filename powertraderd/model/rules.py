"""The owner's rules: every number of STRATEGY.md and MODEL.md that can be set.

These are sections of the settings file. They live here so that pure functions can take them
without knowing about files. ``None`` (in TOML: "none") means no limit
where it is allowed; zero means zero.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

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
    """What `admit` lets pass. ``None`` means no limit."""

    quote_max_age_seconds: float = Field(
        15, gt=0, le=1_000_000, description="oldest quote that may be traded on, market s"
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
    exit_cooldown_minutes: int = Field(
        0, ge=0, le=100_000, description="minutes after an exit before the coin is bought again"
    )


class StrategyRules(Rules):
    """The sections that decisions need, in one value."""

    entry: EntryRules = EntryRules()
    dca: DcaRules = DcaRules()
    exit: ExitRules = ExitRules()
    signal: SignalRules = SignalRules()
    training: TrainingRules = TrainingRules()
    risk: RiskLimits = RiskLimits()


Mode = Literal["paper", "live"]
