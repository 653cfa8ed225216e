"""Trading: positions, decisions, orders, fills, fees, profit."""

from grafana_foundation_sdk.builders import dashboard, table, timeseries

from ops.grafana.source.board import board
from ops.grafana.source.panels import (
    COUNT,
    GREEN,
    GREY,
    RATIO,
    RED,
    SECONDS,
    USD,
    bars,
    colour,
    columns,
    curves,
    stairs,
)
from ops.grafana.source.queries import increase, metric, over_time


def trading() -> dashboard.Dashboard:
    """All coins together."""
    made = board("Trading", "Positions, decisions, orders, fills, fees and profit.")
    made.with_panel(_positions())
    made.with_panel(_decisions())
    made.with_panel(_orders())
    made.with_panel(_fills())
    made.with_panel(_latency())
    made.with_panel(_profit())
    made.with_panel(_fees())
    return made


def _of_coin(name: str, **labels: str) -> str:
    return f"max by (coin) ({metric(name, **labels)})"


def _positions() -> table.Panel:
    return columns(
        "Positions",
        "What is held, what it cost, and what comes next.",
        "coin",
        (
            ("Quantity", COUNT, _of_coin("position_coins")),
            ("Value", USD, _of_coin("position_value_usd")),
            ("Cost", USD, _of_coin("position_cost_usd")),
            ("Average cost", USD, _of_coin("position_average_cost_usd")),
            ("Gain (bid)", RATIO, _of_coin("position_profit_ratio", side="bid")),
            ("Stage", COUNT, _of_coin("position_stage")),
            ("DCA in 24 h", COUNT, _of_coin("position_dca_buys_24h")),
            ("Next DCA at", USD, _of_coin("position_next_dca_price_usd")),
            ("Way to it", RATIO, _of_coin("position_next_dca_distance_ratio")),
            ("Next DCA costs", USD, _of_coin("position_next_dca_cost_usd")),
            ("Sell line", USD, _of_coin("position_trail_line_usd")),
            ("Trailing", "bool_yes_no", _of_coin("position_trail_armed")),
        ),
        alert="CashShort",
    )


def _decisions() -> timeseries.Panel:
    return bars(
        curves(
            "Decisions by reason",
            "Changes of mind in each step; docs/strategy.md explains every reason code.",
            (over_time(f"sum by (reason) ({increase('decisions_total')}) > 0", "{{reason}}"),),
            legend_right=True,
            calcs=("sum",),
        )
    )


def _orders() -> timeseries.Panel:
    panel = curves(
        "Orders by how they ended",
        "In each step. NOT_PLACED: the venue never had the order; REJECTED: it said no.",
        (over_time(f"sum by (state) ({increase('orders_total')})", "{{state}}"),),
        legend_right=True,
        calcs=("sum",),
        alert="OrderUnknown",
    )
    return colour(colour(bars(panel), "^FILLED$", GREEN), "^REJECTED$", RED)


def _fills() -> timeseries.Panel:
    return bars(
        curves(
            "Fills",
            "Booked in each step, by what they were for.",
            (over_time(f"sum by (tag) ({increase('fills_total')})", "{{tag}}"),),
            calcs=("sum",),
        )
    )


def _latency() -> timeseries.Panel:
    buckets = f"sum by (le) (rate({metric('order_latency_seconds_bucket')}[1h]))"
    return curves(
        "Order latency",
        "Market time from intent to settled: half of the orders, and 95 of 100, took less.",
        [
            over_time(f"histogram_quantile({share}, {buckets})", name)
            for share, name in ((0.5, "half"), (0.95, "95 %"))
        ],
        unit=SECONDS,
        alert="OrderStuck",
        least=0,
    )


def _profit() -> timeseries.Panel:
    profit = f"sum by (coin) ({metric('realised_profit_by_coin_usd')})"
    return stairs(
        curves(
            "Realised profit by coin",
            "After all fees; a step is a sell.",
            (over_time(profit, "{{coin}}"),),
            unit=USD,
        )
    )


def _fees() -> timeseries.Panel:
    panel = curves(
        "Fees and turnover",
        "Paid since the ledger began, by what for; turnover has the axis on the right.",
        (
            over_time(f"sum by (tag) ({metric('fees_usd_total')})", "fees {{tag}}"),
            over_time(f"sum({metric('traded_usd_total')})", "turnover"),
        ),
        unit=USD,
    )
    return colour(stairs(panel), "^turnover$", GREY, axisPlacement="right")
