"""Overview: is it alive, is it trading, how is the money."""

from grafana_foundation_sdk.builders import dashboard

from ops.grafana.source.board import board
from ops.grafana.source.panels import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RATIO,
    RED,
    SECONDS,
    USD,
    YELLOW,
    colour,
    curves,
    figure,
    stairs,
    states,
)
from ops.grafana.source.queries import INSTANCE, metric, now, over_time

TRADING_WORDS = {
    0: ("ACTIVE", GREEN),
    1: ("PAUSED", YELLOW),
    2: ("SAFE MODE", ORANGE),
    3: ("HALTED", RED),
}
TRADING = (
    " or ".join(
        f"({factor} * ({metric(name)} > 0))"
        for name, factor in (("trading_halted", 3), ("trading_safe_mode", 2), ("trading_paused", 1))
    )
    + f" or {metric('trading_halted')}"
)
"""The gravest state that holds; zero for none."""

GOOD_IF_ZERO = ((None, GREEN), (1, RED))


def overview() -> dashboard.Dashboard:
    """The first page to open."""
    made = board("Overview", "Is it alive, is it trading, and how is the money?")
    _alive(made)
    _trading(made)
    _money(made)
    return made


def _alive(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("Is it alive?"))
    made.with_panel(
        figure(
            "Daemon",
            "Whether the daemon answers Prometheus.",
            now(f'min(up{{job="powertraderd", {INSTANCE}}})'),
            names={0: ("DOWN", RED), 1: ("UP", GREEN)},
            width=3,
            alert="DaemonDown",
        )
    )
    made.with_panel(
        figure(
            "Workers running",
            "Exporter, trainer, thinker and trader: four of four are well.",
            now(f"sum({metric('worker_state', state='RUNNING')})"),
            steps=((None, RED), (3, ORANGE), (4, GREEN)),
            width=3,
            alert="WorkerParked",
        )
    )
    made.with_panel(
        figure(
            "Alerts firing",
            "All alerts that fire, the watchdog aside, which always does.",
            now('count(ALERTS{alertstate="firing", severity!="none"}) or vector(0)'),
            steps=GOOD_IF_ZERO,
            width=3,
        )
    )
    made.with_panel(
        figure(
            "Trader's last word",
            "Machine time since the trader last reported; it does so twice a second.",
            now(f"max({metric('report_age_seconds', worker='trader')})"),
            unit=SECONDS,
            steps=((None, GREEN), (30, ORANGE), (120, RED)),
            width=3,
            alert="WorkerSilent",
        )
    )
    made.with_panel(
        figure(
            "Up for",
            "Machine time since the supervisor started.",
            now(f"min({metric('supervisor_uptime_seconds')})"),
            unit="dtdurations",
        )
    )
    made.with_panel(
        figure(
            "Market time",
            "By which candles and orders are dated; on paper it may run fast.",
            now(f"max({metric('market_time_seconds')}) * 1000"),
            unit="dateTimeAsIso",
            steps=((None, BLUE),),
            width=5,
        )
    )
    made.with_panel(
        figure(
            "Version",
            "The version that runs.",
            now(metric("build_info"), "{{version}}"),
            name_only=True,
            width=3,
        )
    )


def _trading(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("Is it trading?"))
    made.with_panel(
        figure(
            "Trading",
            "ACTIVE, or what holds it back: paused by the owner, safe mode, or halted.",
            now(f"max({TRADING})"),
            names=TRADING_WORDS,
            alert="TradingHalted",
        )
    )
    made.with_panel(
        figure(
            "Mode",
            "Paper or live, as the settings say.",
            now(f"{metric('trading_mode')} == 1", "{{mode}}"),
            name_only=True,
            steps=((None, BLUE),),
        )
    )
    made.with_panel(
        figure(
            "Differences",
            "Between ledger and venue; any holds back entries.",
            now(f"max({metric('reconcile_differences')})"),
            steps=GOOD_IF_ZERO,
            alert="ReconcileDifference",
        )
    )
    made.with_panel(
        figure(
            "Ledger residual",
            "Break of the accounting identity; anything but zero halts trading.",
            now(f"max(abs({metric('ledger_residual_usd')}))"),
            unit=USD,
            steps=((None, GREEN), (1e-12, RED)),
            alert="LedgerBroken",
        )
    )
    made.with_panel(
        figure(
            "Orders in flight",
            "Orders that are not at their end yet.",
            now(f"sum({metric('orders_in_flight')})"),
            steps=((None, GREEN), (1, YELLOW)),
            alert="OrderUnknown",
        )
    )
    made.with_panel(
        figure(
            "Open positions",
            "Coins that are held at present.",
            now(f"sum({metric('positions_open')})"),
            steps=((None, BLUE),),
        )
    )
    made.with_panel(
        states(
            "Trading over time",
            "When trading was active, paused, in safe mode or halted.",
            over_time(f"max by (instance) ({TRADING})", "{{instance}}"),
            TRADING_WORDS,
            size=(24, 3),
            alert="TradingHalted",
        )
    )


def _money(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("Money"))
    figures = (
        ("Account value", "Cash plus all positions at the bid.", "account_value_usd", USD),
        ("Cash", "Cash that the ledger expects.", "account_cash_usd", USD),
        ("Profit", "Account value less cash paid in, open positions included.", ":profit_usd", USD),
        ("Realised", "Realised profit after all fees.", "realised_profit_usd", USD),
        ("In trade", "Share of the account's value in positions.", "account_in_trade_ratio", RATIO),
    )
    for title, text, name, unit in figures:
        signed = title in {"Profit", "Realised"}
        steps = ((None, RED), (0, GREEN)) if signed else ((None, BLUE),)
        query = now(f"sum({metric(name)})")
        made.with_panel(figure(title, text, query, unit=unit, steps=steps, decimals=2))
    made.with_panel(
        figure(
            "Stages affordable",
            "Averaging-down stages that an equal share for each coin pays for.",
            now(f"min({metric('dca_affordable_levels', mode='spread')})"),
            steps=((None, RED), (2, ORANGE), (4, GREEN)),
            alert="CashShort",
        )
    )
    value = curves(
        "Account value",
        "What the account is worth, in cash and in positions at the bid, and what was paid in.",
        (
            over_time(f"sum({metric('account_value_usd')})", "value"),
            over_time(f"sum({metric('account_cash_usd')})", "cash"),
            over_time(f"sum({metric('account_exposure_usd')})", "in positions"),
            over_time(f"sum({metric('account_paid_in_usd')})", "paid in"),
        ),
        unit=USD,
    )
    colour(value, "^value$", GREEN, lineWidth=2)
    colour(value, "^cash$", BLUE)
    colour(value, "^in positions$", ORANGE)
    made.with_panel(colour(value, "^paid in$", GREY))
    gains = curves(
        "Profit",
        "Realised by sells after all fees, and with open positions at the bid.",
        (
            over_time(f"sum({metric('realised_profit_usd')})", "realised"),
            over_time(f"sum({metric(':profit_usd')})", "with open positions"),
        ),
        unit=USD,
    )
    colour(stairs(gains), "^realised$", GREEN, lineWidth=2)
    made.with_panel(colour(gains, "^with open positions$", ORANGE))
