"""Coin: where the price stands among the levels, and what the position makes of it."""

from grafana_foundation_sdk.builders import dashboard, timeseries

from ops.grafana.source.board import board, choice
from ops.grafana.source.panels import (
    BLUE,
    COUNT,
    DASHED,
    GREEN,
    ORANGE,
    PURPLE,
    RATIO,
    RED,
    SECONDS,
    USD,
    YELLOW,
    colour,
    curves,
    figure,
    stairs,
)
from ops.grafana.source.queries import DATASOURCE, metric, now, over_time

COIN = "$coin"
MISSING = {"quote_price_usd": "unknown", "signal_level": "no signal", "dust_coins": "none"} | {
    "dca_max_24h": "no cap"
}
MARKED = [PRICE, SIGNAL, GAIN] = [101, 102, 103]
"""Numbers of the panels on which trades are marked."""
BOUGHT = 'tag=~"ENTRY|DCA|MANUAL_BUY"'
SOLD = 'tag=~"TRAIL_SELL|MANUAL_SELL"'


def coin() -> dashboard.Dashboard:
    """One coin at a time."""
    made = board("Coin", "One coin: price, levels, position, signal and trades.", since="now-3h")
    made.with_variable(choice("coin", "Coin", "label_values(powertraderd_quote_price_usd, coin)"))
    for name, matcher, color in (("Bought", BOUGHT, GREEN), ("Sold", SOLD, RED)):
        changed = f"sum(changes({metric('fills_total', matcher, coin=COIN)}[$__rate_interval])) > 0"
        mark = dashboard.AnnotationQuery().name(name).expr(changed).icon_color(color)
        mark.filter(dashboard.AnnotationPanelFilter().ids(MARKED))
        made.annotation(mark.datasource(DATASOURCE).enable(True))
    _figures(made)
    made.with_panel(_price().id(PRICE))
    made.with_panel(_signal().id(SIGNAL))
    made.with_panel(_gain().id(GAIN))
    made.with_panel(_position())
    made.with_panel(_margin())
    made.with_panel(_ages())
    made.with_panel(_freshness())
    return made


def _figures(made: dashboard.Dashboard) -> None:
    held = "Absent without a position."
    rows = (
        ("Bid", "Best price to sell at.", "quote_price_usd", "bid", USD, None),
        ("LONG", "Timeframes, 0 to 7, that say LONG.", "signal_level", "long", COUNT, 0),
        ("SHORT", "Timeframes, 0 to 7, that say SHORT.", "signal_level", "short", COUNT, 0),
        ("Gain at the bid", held, "position_profit_ratio", "bid", RATIO, 2),
        ("Stage", f"Averaging-down buys so far. {held}", "position_stage", "", COUNT, 0),
        ("Value", f"Position at the bid. {held}", "position_value_usd", "", USD, 2),
        ("Next DCA at", held, "position_next_dca_price_usd", "", USD, None),
        (
            *("Way to the next DCA", f"How far the ask may fall until then. {held}"),
            *("position_next_dca_distance_ratio", "", RATIO, 2),
        ),
        ("DCA in 24 h", held, "position_dca_buys_24h", "", COUNT, 0),
        ("DCA allowed in 24 h", "As the settings say.", "dca_max_24h", None, COUNT, 0),
        ("Sell line", f"Of the trailing exit. {held}", "position_trail_line_usd", "", USD, None),
        ("Dust", "Bought, but too little to be sold.", "dust_coins", "", COUNT, None),
    )
    for title, text, name, side, unit, decimals in rows:
        labels = {} if side is None else {"coin": COIN} | ({"side": side} if side else {})
        steps = ((None, RED), (0, GREEN)) if unit == RATIO else ((None, BLUE),)
        query = now(f"max({metric(name, **labels)})")
        panel = figure(title, text, query, unit=unit, steps=steps, decimals=decimals)
        made.with_panel(panel.no_value(MISSING.get(name, "no position" if held in text else "")))


def _price() -> timeseries.Panel:
    panel = curves(
        "Price and levels",
        "Bid and ask; seven low (buy) levels in blue and seven high levels in orange; average "
        "cost, the line of the next averaging down, the trailing exit and its peak. "
        "Marks are trades.",
        (
            over_time(metric("quote_price_usd", coin=COIN), "{{side}}"),
            over_time(metric("level_price_usd", coin=COIN, side="low"), "low {{timeframe}}"),
            over_time(metric("level_price_usd", coin=COIN, side="high"), "high {{timeframe}}"),
            over_time(metric("position_average_cost_usd", coin=COIN), "average cost"),
            over_time(
                f"max({metric('position_next_dca_price_usd', coin=COIN)})", "next averaging down"
            ),
            over_time(metric("position_trail_line_usd", coin=COIN), "sell line"),
            over_time(metric("position_trail_peak_usd", coin=COIN), "peak"),
        ),
        unit=USD,
        size=(24, 16),
        legend_right=True,
    )
    colour(panel, "^low ", BLUE, lineStyle=DASHED)
    colour(panel, "^high ", ORANGE, lineStyle=DASHED)
    colour(panel, "^bid$", "text", lineWidth=2)
    colour(panel, "^ask$", "#bdbdbd")
    colour(panel, "^average cost$", YELLOW, lineWidth=2)
    colour(panel, "^next averaging down$", RED, lineWidth=2)
    colour(panel, "^sell line$", GREEN, lineWidth=2)
    return colour(panel, "^peak$", PURPLE)


def _signal() -> timeseries.Panel:
    panel = curves(
        "LONG and SHORT",
        "How many of the seven timeframes say so, and how many LONG must be for an entry.",
        (
            over_time(metric("signal_level", coin=COIN, side="long"), "LONG"),
            over_time(metric("signal_level", coin=COIN, side="short"), "SHORT"),
            over_time(f"max({metric('entry_min_long_level')})", "needed for an entry"),
        ),
        least=0,
    )
    stairs(panel).max(7)
    colour(panel, "^LONG$", BLUE, fillOpacity=30)
    colour(panel, "^SHORT$", ORANGE, fillOpacity=30)
    return colour(panel, "^needed", GREEN, lineStyle=DASHED)


def _gain() -> timeseries.Panel:
    panel = curves(
        "Gain of the position",
        "Price against average cost, without fees; and how far the ask is above the line of the "
        "next averaging down.",
        (
            over_time(metric("position_profit_ratio", coin=COIN), "at the {{side}}"),
            over_time(
                metric("position_next_dca_distance_ratio", coin=COIN),
                "way to the next averaging down",
            ),
        ),
        unit=RATIO,
    )
    colour(panel, "^way ", RED, lineStyle=DASHED)
    colour(panel, "^at the bid$", GREEN, lineWidth=2)
    return colour(panel, "^at the ask$", ORANGE)


def _margin() -> timeseries.Panel:
    panel = curves(
        "Way to the predictions",
        "Mean way from the ask to the predictions of the timeframes that say LONG or SHORT.",
        (over_time(metric("signal_margin_ratio", coin=COIN), "{{side}}"),),
        unit=RATIO,
    )
    return colour(colour(panel, "^long$", BLUE), "^short$", ORANGE)


def _freshness() -> timeseries.Panel:
    return curves(
        "Age of quote and signal",
        "Market time; older ones than the limits stop trading in the coin.",
        (
            over_time(metric("quote_age_seconds", coin=COIN), "quote"),
            over_time(f"max({metric('quote_max_age_seconds')})", "quote, limit"),
            over_time(metric("signal_age_seconds", coin=COIN), "signal"),
            over_time(f"max({metric('signal_max_age_seconds')})", "signal, limit"),
        ),
        unit=SECONDS,
        alert="QuotesStale",
        least=0,
    )


def _ages() -> timeseries.Panel:
    return curves(
        "Age of the newest candle",
        "Market time since it closed; at one and a half timeframes LONG is held at 0.",
        (over_time(metric("candle_age_seconds", coin=COIN), "{{timeframe}}"),),
        unit=SECONDS,
        alert="CandlesStale",
        least=0,
    )


def _position() -> timeseries.Panel:
    panel = curves(
        "Money in the position",
        "What was spent on it, fees apart, what it is worth at the bid, and the price of the next "
        "stage.",
        (
            over_time(metric("position_cost_usd", coin=COIN), "cost"),
            over_time(metric("position_value_usd", coin=COIN), "value"),
            over_time(metric("position_fees_usd", coin=COIN), "fees"),
            over_time(
                metric("position_next_dca_cost_usd", coin=COIN), "next averaging down would cost"
            ),
        ),
        unit=USD,
        least=0,
        alert="CashShort",
    )
    colour(stairs(panel), "^value$", GREEN, lineWidth=2)
    colour(panel, "^cost$", YELLOW, lineWidth=2)
    return colour(panel, "^next", RED, lineStyle=DASHED)
