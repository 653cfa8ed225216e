"""One coin's world in plain values: a calm market in which every gate is open.

Tests change one thing at a time: ``coin_view(quote=None)``, ``a_position(stage=2)``.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.decision import CoinView, TradingState, VenueAges
from powertraderd.model.money import Base, Price, Usd
from powertraderd.model.order import Fill, OrderSide
from powertraderd.model.position import Books, Position
from powertraderd.model.prediction import Prediction
from powertraderd.model.product import Product
from powertraderd.model.quote import Quote
from powertraderd.model.signal import Levels, Side, Signal

BTC = Coin("BTC")
ETH = Coin("ETH")
NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
FRESH = VenueAges(account=0, products=0, fee=0, clock=0, skew=0)
"""Everything was read at the venue just now."""
LOWS = (99.0, 98.5, 98.0, 97.5, 97.0, 96.5, 96.0)
"""Low levels of the seven timeframes, shortest first."""


def a_product(**changes: Any) -> Product:  # noqa: ANN401 - any field
    """BTC-USD in cents and satoshis, 1 dollar or 0.0001 coins at least."""
    product = Product(
        product_id="BTC-USD",
        coin=BTC,
        base_increment=Decimal("0.00000001"),
        quote_increment=Decimal("0.01"),
        base_min_size=Decimal("0.0001"),
        quote_min_size=Decimal(1),
        base_max_size=None,
        quote_max_size=None,
        closed_because="",
    )
    return replace(product, **changes)


def a_quote(bid: str = "100", ask: str | None = None, at: datetime = NOW) -> Quote:
    """A quote; the ask is the bid unless it is given."""
    return Quote(BTC, Price(Decimal(bid)), Price(Decimal(ask or bid)), at)


def a_signal(**changes: Any) -> Signal:  # noqa: ANN401 - any field
    """LONG 3, SHORT 0, made now from a training of yesterday."""
    frames = tuple(Timeframe)
    signal = Signal(
        coin=BTC,
        made_at=NOW,
        trained_at=NOW - timedelta(days=1),
        ask=100.0,
        ask_at=NOW,
        predictions=tuple(Prediction(frame, NOW, 103.0, 99.0) for frame in frames),
        levels=Levels(
            low=dict(zip(frames, LOWS, strict=True)),
            high=dict.fromkeys(frames, 103.5),
        ),
        sides=dict.fromkeys(frames, Side.WITHIN),
        long_count=3,
        short_count=0,
        long_margin_pct=0.25,
        short_margin_pct=0.25,
    )
    return replace(signal, **changes)


def a_position(**changes: Any) -> Position:  # noqa: ANN401 - any field
    """Two coins for 200 dollars and 1.20 of fees, opened an hour ago."""
    position = Position(
        coin=BTC,
        quantity=Base(Decimal(2)),
        cost=Usd(Decimal(200)),
        fees=Usd(Decimal("1.2")),
        opened_at=NOW - timedelta(hours=1),
    )
    return replace(position, **changes)


def a_books(position: Position | None = None, cash: str = "10000") -> Books:
    """Books that add up, with ``position`` as the only one."""
    tied = Decimal(0) if position is None else position.cost + position.fees
    return Books(
        paid_in=Usd(Decimal(cash) + tied),
        cash=Usd(Decimal(cash)),
        positions={} if position is None else {position.coin: position},
    )


def coin_view(position: Position | None = None, **changes: Any) -> CoinView:  # noqa: ANN401
    """What the trader knows of BTC at NOW: nothing stands against any decision."""
    view = CoinView(
        coin=BTC,
        now=NOW,
        product=a_product(),
        quote=a_quote(),
        signal=a_signal(),
        position=position,
        books=a_books(position),
        account_value=Usd(Decimal(10_000)),
        exposure=Usd(Decimal(0) if position is None else position.cost),
        fee_rate=Decimal("0.006"),
        orders_last_hour=0,
        last_exit_at=None,
        last_close=Price(Decimal(100)),
        last_close_at=NOW,
        divergence_pct=Decimal(0),
        realised_today=Usd(Decimal(0)),
        order_in_flight=False,
        trading=TradingState(),
        ages=FRESH,
    )
    return replace(view, **changes)


def a_fill(side: OrderSide, quantity: str, price: str, fee: str = "0") -> Fill:
    """A fill of BTC at NOW, its value computed."""
    size, each = Base(Decimal(quantity)), Price(Decimal(price))
    return Fill(
        trade_id="t-1",
        order_id="o-1",
        client_order_id="c-1",
        coin=BTC,
        side=side,
        quantity=size,
        price=each,
        value=Usd(size * each),
        fee=Usd(Decimal(fee)),
        at=NOW,
    )
