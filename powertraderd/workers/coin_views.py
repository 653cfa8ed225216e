"""What the trader knows of each coin at one moment, gathered for the pure decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from powertraderd.model.candle import Coin
from powertraderd.model.decision import CoinView, TradingState
from powertraderd.model.product import Product
from powertraderd.model.quote import Quote
from powertraderd.model.signal import Signal
from powertraderd.ports import Ledger
from powertraderd.workers.closes import Closes
from powertraderd.workers.safeguards import Safeguards
from powertraderd.workers.valuation import account_value, exposure

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """The outside at one moment; what is missing in a mapping is unknown."""

    now: datetime
    quotes: Mapping[Coin, Quote]
    signals: Mapping[Coin, Signal]
    products: Mapping[Coin, Product]
    fee_rate: Decimal | None
    trading: TradingState


class CoinViews:
    """Joins a moment with the books, which may change between two coins of the same moment."""

    def __init__(self, ledger: Ledger, closes: Closes, safeguards: Safeguards) -> None:
        """Books from ``ledger``, last closes from ``closes``, ages from ``safeguards``."""
        self._ledger = ledger
        self._closes = closes
        self._safeguards = safeguards

    def view(self, coin: Coin, moment: Moment) -> CoinView:
        """Everything known about ``coin`` at ``moment``."""
        books, close = self._ledger.books(), self._closes.of(coin)
        return CoinView(
            coin=coin,
            now=moment.now,
            product=moment.products.get(coin),
            quote=moment.quotes.get(coin),
            signal=moment.signals.get(coin),
            position=books.positions.get(coin),
            books=books,
            account_value=account_value(books, moment.quotes),
            exposure=exposure(books, moment.quotes),
            fee_rate=moment.fee_rate,
            orders_last_hour=len(self._ledger.orders_since(moment.now - HOUR)),
            last_exit_at=self._ledger.last_exit_at(coin),
            last_close=close.price if close else None,
            last_close_at=close.at if close else None,
            divergence_pct=close.divergence_pct if close else None,
            realised_today=self._safeguards.realised_today(),
            order_in_flight=any(item.intent.coin == coin for item in self._ledger.open_orders()),
            trading=moment.trading,
            ages=self._safeguards.ages(),
        )
