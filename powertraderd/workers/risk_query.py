"""The answer to `ptctl risk`: the ladder of each coin from where it stands, and the worst case."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from powertraderd.errors import DataUnavailable
from powertraderd.model.candle import Coin
from powertraderd.model.position import Books
from powertraderd.model.quote import Quote
from powertraderd.model.rules import StrategyRules
from powertraderd.strategy import descent, ladder, worst_case
from powertraderd.strategy.descent import Rung, WorstCase
from powertraderd.workers.report import Row, price_text, rounded, text
from powertraderd.workers.valuation import account_value


def risk_table(
    books: Books,
    quotes: Mapping[Coin, Quote],
    fee_rate: Decimal | None,
    coins: Sequence[Coin],
    rules: StrategyRules,
) -> Row:
    """Rungs by coin, totals, affordable levels and limits.

    Raises DataUnavailable while the fee or all quotes are unknown: a ladder made of guesses would
    be worse than none.
    """
    if fee_rate is None or not quotes:
        msg = "the trader has not told quotes and fee yet; see `ptctl status`"
        raise DataUnavailable(msg)
    found = _from_here(books, quotes, fee_rate, coins, rules)
    value, tried = account_value(books, quotes), worst_case.of_settings(rules, coins)
    return {
        "cash": text(books.cash),
        "value": text(value),
        "needed": text(found.needed),
        "placed": text(found.placed),
        "affordable": {} if value is None else dict(ladder.affordable(value, coins, rules)),
        "coins": {coin: _coin_row(coin, books, quotes.get(coin), found.rungs) for coin in coins},
        "limits": _limits(rules),
        "of_settings": {"needed": text(tried.needed), "placed": text(tried.placed)},
    }


def worst_figures(
    books: Books,
    quotes: Mapping[Coin, Quote],
    fee_rate: Decimal | None,
    coins: Sequence[Coin],
    rules: StrategyRules,
) -> Mapping[str, Decimal]:
    """``needed`` and ``placed`` for a gauge; empty while fee or quotes are unknown."""
    if fee_rate is None or not quotes:
        return {}
    found = _from_here(books, quotes, fee_rate, coins, rules)
    return {"needed": found.needed, "placed": found.placed}


def _from_here(
    books: Books,
    quotes: Mapping[Coin, Quote],
    fee_rate: Decimal,
    coins: Sequence[Coin],
    rules: StrategyRules,
) -> WorstCase:
    views = [
        worst_case.view_of(
            coin, books, quotes.get(coin), fee_rate, worst_case.sketched_product(coin, "USD")
        )
        for coin in coins
    ]
    return descent.worst_case(views, rules)


def _coin_row(coin: Coin, books: Books, quote: Quote | None, rungs: Sequence[Rung]) -> Row:
    position = books.positions.get(coin)
    return {
        "ask": text(quote.ask) if quote else None,
        "stage": position.stage if position else None,
        "spent": text(position.cost + position.fees) if position else None,
        "average_cost": price_text(position.average_cost) if position else None,
        "rungs": [_rung_row(rung, quote) for rung in rungs if rung.coin == coin],
    }


def _rung_row(rung: Rung, quote: Quote | None) -> Row:
    below = None if quote is None else 100 * (rung.price - quote.ask) / quote.ask
    return {
        "stage": rung.stage,
        "price": price_text(rung.price),
        "below_pct": rounded(below),
        "size": text(rung.size),
        "spent": text(rung.spent),
        "cash": text(rung.cash),
        "break_even": price_text(rung.break_even),
        "stopped_by": rung.stopped_by,
        "limit": rung.limit,
    }


def _limits(rules: StrategyRules) -> dict[str, Any]:
    """Every limit that is set, by the name of its setting."""
    return {f"risk.{name}": str(value) for name, value in rules.risk if value is not None}
