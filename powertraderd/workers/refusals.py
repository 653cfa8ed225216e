"""Why an order by hand was not sent, as a sentence with what to do; one for each reason code."""

from collections.abc import Mapping

from powertraderd.model.decision import Decision, ReasonCode

_WAIT = "wait a moment and try again; if it stays, look at `ptctl status` and `ptctl logs`"
_RISK = "order less, or change the limit in [risk]"

SENTENCES: Mapping[ReasonCode, str] = {
    ReasonCode.HALTED: "trading is halted: see why in `ptctl status`, then `ptctl resume`",
    ReasonCode.ORDER_IN_FLIGHT: "another order of this coin is not done yet: see `ptctl orders`",
    ReasonCode.PAUSED: "trading is paused: `ptctl resume` lets it go on",
    ReasonCode.SAFE_MODE: "a worker died too often, only sells go on: see `ptctl status`",
    ReasonCode.DIFFERENCES: "the books and the exchange do not agree: see `ptctl reconcile`",
    ReasonCode.QUOTE_UNKNOWN: f"there is no price: {_WAIT}",
    ReasonCode.QUOTE_STALE: f"the newest price is too old to trade on: {_WAIT}",
    ReasonCode.QUOTE_INVALID: f"the price cannot be true: {_WAIT}",
    ReasonCode.PRODUCT_UNKNOWN: "the exchange does not list this coin: take it out of "
    "trading.coins, or wait until the exchange answers",
    ReasonCode.PRODUCT_CLOSED: "the market of this coin is closed at the exchange: wait until it "
    "opens; its status page says when",
    ReasonCode.ACCOUNT_UNKNOWN: f"the account could not be read yet: {_WAIT}",
    ReasonCode.ACCOUNT_STALE: f"the account was not read for too long: {_WAIT}",
    ReasonCode.EXPOSURE_UNKNOWN: f"what the other positions are worth is not known: {_WAIT}",
    ReasonCode.REALISED_UNKNOWN: f"today's profit is not known: {_WAIT}",
    ReasonCode.FEE_UNKNOWN: f"the fee is not known yet: {_WAIT}",
    ReasonCode.FEE_STALE: f"the fee was not read for too long: {_WAIT}",
    ReasonCode.PRODUCTS_STALE: f"the coin's rules at the exchange are out of date: {_WAIT}",
    ReasonCode.CLOSE_UNKNOWN: f"there is no candle to compare the price with: {_WAIT}",
    ReasonCode.CANDLE_STALE: f"the newest candle is too old to compare the price with: {_WAIT}",
    ReasonCode.DIVERGENCE_UNKNOWN: f"the candle venue's price is not known: {_WAIT}",
    ReasonCode.CLOCK_STALE: f"the clock was not compared with the exchange's for too long: {_WAIT}",
    ReasonCode.CLOCK_SKEW: "this machine's clock is wrong: run an NTP client, then try again",
    ReasonCode.SIZE_INVALID: "this is no amount: give a number above zero",
    ReasonCode.DUST: "what is left is below the exchange's smallest step and cannot be sold",
    ReasonCode.NO_POSITION: "the daemon holds none of this coin; what else lies on the account is "
    "yours and is never sold",
    ReasonCode.MORE_THAN_HELD: "the daemon holds less than that: use --all, or a smaller --qty",
    ReasonCode.BELOW_MINIMUM: "the order is too small for the exchange: order more",
    ReasonCode.ABOVE_MAXIMUM: "the order is too large for the exchange: order less",
    ReasonCode.SPREAD_LIMIT: "bid and ask are too far apart: wait, or change risk.max_spread_pct",
    ReasonCode.CLOSE_DISTANCE_LIMIT: "the price is too far from the last candle to be believed: "
    "wait, or change risk.max_close_distance_pct",
    ReasonCode.VENUE_DIVERGENCE_LIMIT: "the two venues' prices are too far apart: wait, or change "
    "risk.max_venue_divergence_pct",
    ReasonCode.DAILY_LOSS_LIMIT: "today's losses reached the limit: wait until tomorrow (UTC), or "
    "change risk.daily_loss_limit_usd",
    ReasonCode.EXIT_COOLDOWN: "the coin was sold a short time ago: wait, or change "
    "risk.exit_cooldown_minutes",
    ReasonCode.OPEN_POSITIONS_LIMIT: "there are as many positions as the limit allows: sell one, "
    "or change risk.max_open_positions",
    ReasonCode.ORDERS_PER_HOUR_LIMIT: "there were as many orders this hour as the limit allows: "
    "wait, or change risk.max_orders_per_hour",
    ReasonCode.POSITION_USD_LIMIT: f"the position would become too large: {_RISK}",
    ReasonCode.POSITION_PCT_LIMIT: f"the position would be too much of the account: {_RISK}",
    ReasonCode.EXPOSURE_LIMIT: f"too much of the account would be in coins: {_RISK}",
    ReasonCode.CASH_SHORT: "there is not enough cash: order less, or sell something first; in live "
    "mode exchange.budget is the limit",
}


_EVERYWHERE = frozenset(
    {
        *("cash", "account_value", "bid", "ask", "quote_age_s", "signal_age_s", "long", "short"),
        *("min_long", "quantity", "average_cost", "stage", "pnl_ask_pct", "pnl_bid_pct"),
    }
)
"""Figures that every decision has: told only where they are the reason."""
_TELLING: Mapping[ReasonCode, frozenset[str]] = {
    ReasonCode.CASH_SHORT: frozenset({"cash"}),
    ReasonCode.QUOTE_STALE: frozenset({"quote_age_s"}),
    ReasonCode.QUOTE_INVALID: frozenset({"bid", "ask"}),
    ReasonCode.MORE_THAN_HELD: frozenset({"quantity"}),
    ReasonCode.DUST: frozenset({"quantity"}),
}


def sentence(decision: Decision) -> str:
    """Why nothing was ordered, and what to do, with the figures that led to it."""
    code = decision.reason_code
    words = SENTENCES.get(code, code.replace("_", " "))
    silent = _EVERYWHERE - _TELLING.get(code, frozenset())
    told = {name: value for name, value in decision.numbers.items() if name not in silent}
    figures = ", ".join(f"{name} {value}" for name, value in told.items())
    return f"{decision.coin}: {words}" + (f" ({figures})" if figures else "")
