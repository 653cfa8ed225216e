"""Every metric there is: name, kind, labels, meaning. docs/metrics.md is made of it.

A new metric is one line here and one ``sheet.put`` where its figure is known. Base units; ages are
computed when Prometheus asks; no label holds a process id or an order id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "powertraderd_"


class Kind(StrEnum):
    """What Prometheus calls the type. A counter's name ends in ``_total`` when it is scraped."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Entry:
    """One metric; ``name`` is without the prefix and without a counter's ending."""

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...] = ()

    @property
    def scraped_name(self) -> str:
        """The name in queries; a histogram's samples add _bucket, _count and _sum to it."""
        return PREFIX + self.name + ("_total" if self.kind is Kind.COUNTER else "")


def _gauge(name: str, text: str, *labels: str) -> Entry:
    return Entry(name, Kind.GAUGE, text, labels)


def _counter(name: str, text: str, *labels: str) -> Entry:
    return Entry(name, Kind.COUNTER, text, labels)


_DAEMON = (
    _gauge("build_info", "The version that runs.", "version"),
    _gauge("scrape_error", "1 where a part of this page could not be read.", "part"),
    _gauge(
        "market_time_seconds",
        "Market time since 1970 UTC, by which candles and orders are dated.",
    ),
    _gauge("supervisor_uptime_seconds", "Machine time since the supervisor started."),
    _counter(
        "supervisor_stalls", "Times that the supervisor stood still for longer than its limit."
    ),
    _gauge("report_age_seconds", "Machine time since a worker last said how it stands.", "worker"),
    _counter("log_lines", "Log lines of this incarnation.", "worker", "level"),
    _gauge("state_disk_free_bytes", "Room left for us on the disk of the state folder."),
    _gauge("state_disk_size_bytes", "Size of the disk of the state folder."),
    _gauge("backups", "Copies of the ledger in the backup folder."),
    _gauge("backup_age_seconds", "Wall time since the newest backup; absent without a backup."),
)
_WORKERS = (
    _gauge("worker_state", "1 for the state that the worker is in.", "worker", "state"),
    _gauge("worker_ready", "Whether the worker has finished its start.", "worker"),
    _gauge(
        "worker_phase_age_seconds",
        "Machine time since the worker entered the phase that it is in.",
        *("worker", "phase"),
    ),
    _gauge(
        "worker_deadline_seconds",
        "Machine time left until the worker breaks its promise; negative when it is overdue.",
        "worker",
    ),
    _gauge(
        "worker_backoff_seconds",
        "Machine time until the worker is started again; 0 when it is not waiting.",
        "worker",
    ),
    _counter("worker_loops", "Cycles that this incarnation of the worker has completed.", "worker"),
    _gauge("worker_incarnation", "How often the worker was started.", "worker"),
    _counter(
        "worker_restarts",
        "Restarts of the worker by what its death looked like.",
        *("worker", "reason"),
    ),
    _gauge("worker_quarantined_calls", "Calls that hung and are avoided for a while.", "worker"),
    _counter(
        "worker_phases",
        "Phases that this incarnation has left, by how they ended.",
        *("worker", "phase", "outcome"),
    ),
    _counter(
        "worker_phase_seconds",
        "Machine time that this incarnation has spent in a phase.",
        *("worker", "phase"),
    ),
)
_MESSAGES = (
    _counter("notifications", "Messages to the owner, by what became of them.", "outcome"),
    _gauge("notifications_waiting", "Messages that wait for the one before them."),
)
_TRADING = (
    _gauge("trading_mode", "1 for the mode that is set: paper or live.", "mode"),
    _gauge("trading_paused", "Whether entries and averaging down are held back by the owner."),
    _gauge("trading_safe_mode", "Whether the trader only manages exits after its breaker tripped."),
    _gauge("trading_halted", "Whether nothing is traded at all."),
    _gauge("trading_state", "1 for what trading may do: all, exits only, nothing.", "state"),
    _gauge("trading_cause", "1 where this holds trading back.", "cause"),
    _counter(
        "decisions", "Changes of mind by coin, action and reason.", "coin", "action", "reason"
    ),
    _counter(
        "orders",
        "Orders that came to their end, by how they ended.",
        *("coin", "tag", "state"),
    ),
    _gauge("orders_in_flight", "Orders that are not at their end yet.", "state"),
    _gauge(
        "order_oldest_in_flight_seconds",
        "Market time since the oldest order in this state was intended; 0 when there is none.",
        "state",
    ),
    Entry(
        "order_latency_seconds",
        Kind.HISTOGRAM,
        "Market time from the intent of an order until it was filled and settled.",
    ),
    _counter("fills", "Fills booked.", "coin", "tag"),
    _counter("traded_usd", "Quote currency bought or sold for.", "coin", "tag"),
    _counter("fees_usd", "Fees paid.", "coin", "tag"),
)
_VENUE = (
    _gauge(
        "reconcile_differences",
        "Differences between the ledger and the venue that hold back entries.",
    ),
    _gauge(
        "reconcile_age_seconds",
        "Machine time since the ledger was last compared with the venue.",
    ),
    _gauge("venue_facts_age_seconds", "Machine time since products and our fee were last read."),
    _gauge(
        "venue_fact_age_seconds",
        "Machine time since books and venue agreed, and since products, fee and clock were read.",
        "fact",
    ),
    _gauge(
        "ca_certificate_left_seconds",
        "Wall time until the first certificate in [exchange] ca_file ends; absent without a file.",
    ),
    _gauge(
        "exchange_key_left_seconds",
        "Wall time until [exchange] key_renew_by; absent without such a day.",
    ),
    _gauge("clock_skew_seconds", "The venue's clock minus ours; 0 on paper, which has ours."),
    _gauge("quote_price_usd", "Best price on the trading venue.", "coin", "side"),
    _gauge(
        "quote_age_seconds",
        "Market time since the venue made the quote that the trader last saw.",
        "coin",
    ),
)
_MONEY = (
    _gauge("account_value_usd", "Cash plus all positions at the bid."),
    _gauge("account_cash_usd", "Cash that the ledger expects."),
    _gauge("account_exposure_usd", "All positions at the bid."),
    _gauge("account_in_trade_ratio", "Share of the account's value that is in positions."),
    _gauge("account_paid_in_usd", "Cash paid in, less what was taken out."),
    _gauge("realised_profit_usd", "Realised profit after all fees."),
    _gauge("realised_profit_by_coin_usd", "Realised profit after all fees.", "coin"),
    _gauge("ledger_residual_usd", "Break of the accounting identity; anything but 0 halts."),
    _gauge("dust_coins", "Bought, but too little to be sold.", "coin"),
    _gauge("realised_today_usd", "Realised profit of the UTC day, market time."),
    _gauge("account_drawdown_ratio", "How far the account's value is below its peak."),
    _gauge(
        "worst_case_usd",
        "All coins fall down their ladders: needed without limits, placed within them.",
        "kind",
    ),
    _gauge(
        "dca_affordable_levels",
        "Averaging-down stages that the account's value pays for at constant price.",
        "mode",
    ),
)
_POSITIONS = (
    _gauge("positions_open", "Open positions."),
    _gauge("position_coins", "Quantity of the position.", "coin"),
    _gauge("position_value_usd", "Value of the position at the bid.", "coin"),
    _gauge("position_cost_usd", "Quote currency spent, without fees.", "coin"),
    _gauge("position_fees_usd", "Fees paid for the position so far.", "coin"),
    _gauge("position_average_cost_usd", "Cost for one coin, without fees.", "coin"),
    _gauge("position_profit_ratio", "Price against average cost, without fees.", "coin", "side"),
    _gauge("position_stage", "Averaging-down buys since the position was opened.", "coin"),
    _gauge(
        "position_dca_buys_24h", "Averaging-down buys of this position within 24 hours.", "coin"
    ),
    _gauge(
        "position_next_dca_price_usd",
        "The ask that triggers the next averaging down, and what draws that line.",
        *("coin", "source"),
    ),
    _gauge(
        "position_next_dca_distance_ratio",
        "How far the ask is above that line, as a share of the ask; 0 and less where it is there.",
        "coin",
    ),
    _gauge(
        "position_next_dca_cost_usd",
        "What the next averaging down would spend at the present bid.",
        "coin",
    ),
    _gauge("position_trail_line_usd", "Sell line of the trailing exit.", "coin"),
    _gauge("position_trail_peak_usd", "Highest bid since the exit was armed.", "coin"),
    _gauge("position_trail_armed", "Whether the exit follows the price.", "coin"),
)
_SIGNALS = (
    _gauge(
        "signal_level",
        "Timeframes, 0 to 7, whose level the ask has crossed.",
        *("coin", "side"),
    ),
    _gauge(
        "signal_margin_ratio",
        "Mean way from the ask to the predictions of the timeframes that say so.",
        *("coin", "side"),
    ),
    _gauge(
        "signal_blocked",
        "Whether LONG is held at 0 because training or candles are too old.",
        "coin",
    ),
    _gauge("signal_age_seconds", "Market time since the signal was made.", "coin"),
    _gauge(
        "signal_training_age_seconds",
        "Market time since the oldest memory behind the signal was trained.",
        "coin",
    ),
    _gauge(
        "candle_age_seconds",
        "Market time since the newest candle behind the signal closed.",
        *("coin", "timeframe"),
    ),
    _gauge(
        "level_price_usd",
        "Buy (low) and sell (high) level of the timeframe.",
        *("coin", "timeframe", "side"),
    ),
)
_TRAINING = (
    _gauge(
        "training_state", "1 for the state that the training of the coin is in.", "coin", "state"
    ),
    _gauge(
        "training_age_seconds",
        "Market time since the memory learned its newest candle.",
        *("coin", "timeframe"),
    ),
    _gauge(
        "training_progress_ratio",
        "How much of what there is to learn has been learned.",
        *("coin", "timeframe"),
    ),
    _gauge("memory_entries", "Patterns that the memory holds.", "coin", "timeframe"),
    _gauge("memory_candles", "Candles that the memory has learned.", "coin", "timeframe"),
    _gauge(
        "memory_threshold_ratio",
        "Largest distance at which a pattern of the memory counts as a match.",
        *("coin", "timeframe"),
    ),
    _counter(
        "forecasts", "Forecasts held against the candle that they were made for.", "timeframe"
    ),
    _counter(
        "forecast_error_ratio",
        "Errors of those forecasts added up: mean of high and low, share of the close before.",
        "timeframe",
    ),
    _counter(
        "guess_error_ratio",
        "Errors that the mean moves of the last twenty candles would have had, added up.",
        "timeframe",
    ),
)
_SETTINGS = (
    _gauge(
        "venue_fact_max_age_seconds",
        "Machine time after which nothing is bought on it any more.",
        "fact",
    ),
    _gauge("daily_loss_limit_usd", "Realised loss of a day that stops buys; absent without one."),
    _gauge("account_drawdown_limit_ratio", "Drawdown that halts; absent without a limit."),
    _gauge("entry_min_long_level", "Timeframes that must say LONG before a position is opened."),
    _gauge("dca_max_24h", "Averaging-down buys allowed within 24 hours; absent without a cap."),
    _gauge("signal_max_age_seconds", "Oldest signal that may open a position, market time."),
    _gauge("quote_max_age_seconds", "Oldest quote that may be traded on, market time."),
    _gauge("training_max_age_seconds", "Oldest training that may say LONG, market time."),
    _gauge(
        "candle_max_age_seconds",
        "Oldest newest candle with which a timeframe may say LONG, market time.",
        "timeframe",
    ),
)

SECTIONS: Mapping[str, tuple[Entry, ...]] = {
    "Daemon": _DAEMON,
    "Workers": _WORKERS,
    "Messages": _MESSAGES,
    "Trading": _TRADING,
    "Trading venue": _VENUE,
    "Money": _MONEY,
    "Positions": _POSITIONS,
    "Signals": _SIGNALS,
    "Training": _TRAINING,
    "Settings that limits are compared with": _SETTINGS,
}
CATALOG: Mapping[str, Entry] = {
    entry.name: entry for section in SECTIONS.values() for entry in section
}
