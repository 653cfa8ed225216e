"""The worst case that settings allow, before any market: every coin entered, then falling."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from powertraderd.model.candle import Coin
from powertraderd.model.decision import CoinView, TradingState, VenueAges
from powertraderd.model.money import EXACT, ZERO_USD, Price, Usd, ratio
from powertraderd.model.position import Books
from powertraderd.model.product import Product
from powertraderd.model.quote import Quote
from powertraderd.model.rules import StrategyRules
from powertraderd.strategy import descent, ledgering
from powertraderd.strategy.descent import WorstCase

NOMINAL = Usd(Decimal(10_000))
"""Cash of the account that settings are tried on; only shares of it are shown."""
_FEE_RATE = Decimal("0.006")
_HUNDRED = Price(Decimal(100))
_UNDATED = datetime(2000, 1, 1, tzinfo=UTC)
_CALM = VenueAges(account=0, products=0, fee=0, clock=0, skew=0)


def sketched_product(coin: Coin, quote: str) -> Product:
    """Cents and satoshis, one dollar at least: near enough for a look ahead."""
    return Product(
        product_id=f"{coin}-{quote}",
        coin=coin,
        base_increment=Decimal("1e-8"),
        quote_increment=Decimal("0.01"),
        base_min_size=Decimal("1e-8"),
        quote_min_size=Decimal(1),
        base_max_size=None,
        quote_max_size=None,
        closed_because="",
    )


def view_of(
    coin: Coin, books: Books, quote: Quote | None, fee_rate: Decimal | None, product: Product
) -> CoinView:
    """What a look down the ladder needs to know of a coin; everything else is calm."""
    return CoinView(
        coin=coin,
        now=_UNDATED if quote is None else quote.at,
        product=product,
        quote=quote,
        signal=None,
        position=books.positions.get(coin),
        books=books,
        account_value=None,
        exposure=None,
        fee_rate=fee_rate,
        orders_last_hour=0,
        last_exit_at=None,
        last_close=None,
        last_close_at=None,
        divergence_pct=None,
        realised_today=None,
        order_in_flight=False,
        trading=TradingState(),
        ages=_CALM,
    )


def of_settings(rules: StrategyRules, coins: Sequence[Coin]) -> WorstCase:
    """An account of NOMINAL cash without positions, all ``coins`` entered at once."""
    books = ledgering.pay_in(Books(paid_in=ZERO_USD, cash=ZERO_USD), NOMINAL)
    views = [
        view_of(
            coin,
            books,
            Quote(coin, _HUNDRED, _HUNDRED, _UNDATED),
            _FEE_RATE,
            sketched_product(coin, "USD"),
        )
        for coin in coins
    ]
    return descent.worst_case(views, rules)


def words(needed: Usd, placed: Usd) -> str:
    """One sentence for people, about figures of ``of_settings``."""
    return (
        f"if all coins fall to the end of their ladders, these ask for {_share(needed)} of the "
        f"account; the limits let {_share(placed)} through"
    )


def raised(old: tuple[Usd, Usd], new: tuple[Usd, Usd]) -> str:
    """What a change of settings makes worse, in words; empty when nothing.

    Both are (needed, placed) of ``of_settings``.
    """
    worse = [
        f"{what} {_share(after)} of the account, {_share(before)} so far"
        for what, before, after in zip(
            ("the ladders ask for", "the limits let through"), old, new, strict=True
        )
        if after > before
    ]
    return "; ".join(worse)


def _share(part: Usd) -> str:
    share = ratio(EXACT.multiply(Decimal(100), part), NOMINAL)
    return f"{share:,.1f} %"
