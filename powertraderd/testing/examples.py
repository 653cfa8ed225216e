"""Ready-made values for tests: every part that a test does not care about has a sensible value."""

from datetime import UTC, datetime
from decimal import Decimal

from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.decision import Action, Decision, ReasonCode
from powertraderd.model.money import EXACT, Base, Price, Usd
from powertraderd.model.order import Fill, OrderIntent, OrderSide, Tag
from powertraderd.model.position import Trail
from powertraderd.model.prediction import Prediction
from powertraderd.model.signal import Levels, Side, Signal

NOW = datetime(2024, 5, 1, 12, 30, 15, 123456, tzinfo=UTC)
BTC, ETH, DOGE = Coin("BTC"), Coin("ETH"), Coin("DOGE")


def buy_intent(
    client_order_id: str,
    quote_size: str = "100",
    *,
    coin: Coin = BTC,
    tag: Tag = Tag.ENTRY,
    at: datetime = NOW,
    request_id: str | None = None,
) -> OrderIntent:
    """A market buy against USD."""
    return OrderIntent(
        client_order_id=client_order_id,
        coin=coin,
        product_id=f"{coin}-USD",
        side=OrderSide.BUY,
        tag=tag,
        created_at=at,
        quote_size=Usd(Decimal(quote_size)),
        reason_code=ReasonCode.LONG_SIGNAL,
        request_id=request_id,
        inputs={"ask": "60000", "long": "4"},
    )


def sell_intent(
    client_order_id: str,
    base_size: str,
    *,
    coin: Coin = BTC,
    tag: Tag = Tag.TRAIL_SELL,
    at: datetime = NOW,
) -> OrderIntent:
    """A market sell against USD."""
    return OrderIntent(
        client_order_id=client_order_id,
        coin=coin,
        product_id=f"{coin}-USD",
        side=OrderSide.SELL,
        tag=tag,
        created_at=at,
        base_size=Base(Decimal(base_size)),
        reason_code=ReasonCode.TRAIL_CROSSED,
    )


def fill_of(
    intent: OrderIntent,
    trade_id: str,
    quantity: str,
    price: str,
    *,
    fee: str = "0",
    at: datetime = NOW,
) -> Fill:
    """A fill of ``intent``; value is quantity times price, the order id follows from ours."""
    return Fill(
        trade_id=trade_id,
        order_id=f"order-of-{intent.client_order_id}",
        client_order_id=intent.client_order_id,
        coin=intent.coin,
        side=intent.side,
        quantity=Base(Decimal(quantity)),
        price=Price(Decimal(price)),
        value=Usd(EXACT.multiply(Decimal(quantity), Decimal(price))),
        fee=Usd(Decimal(fee)),
        at=at,
    )


def decision(
    action: Action = Action.HOLD,
    reason_code: ReasonCode = ReasonCode.WAITING,
    *,
    coin: Coin = BTC,
    at: datetime = NOW,
) -> Decision:
    """A decision with every part set."""
    return Decision(
        coin=coin,
        at=at,
        action=action,
        reason_code=reason_code,
        numbers={"bid": "59990.01", "pnl_ask_pct": "-1.25"},
        quote_size=Usd(Decimal("12.34")),
        base_size=Base(Decimal("0.00000001")),
        trail=Trail(armed=True, peak=Price(Decimal("61000.5")), line=Price(Decimal(60695))),
        next_dca_price=Price(Decimal("58500.1")),
        next_dca_source="neural N4",
    )


def signal(coin: Coin = BTC, *, ask: float = 60_000.1, at: datetime = NOW) -> Signal:
    """A signal with one active and one inactive timeframe."""
    return Signal(
        coin=coin,
        made_at=at,
        trained_at=at,
        ask=ask,
        ask_at=at,
        predictions=(
            Prediction(Timeframe.HOUR_1, at, high=ask * 1.01, low=ask * 0.99),
            Prediction(Timeframe.WEEK, at, high=None, low=None),
        ),
        levels=Levels(
            low={Timeframe.HOUR_1: 0.1 + 0.2}, high={Timeframe.HOUR_1: ask * 1.0150500000000001}
        ),
        sides={Timeframe.HOUR_1: Side.WITHIN, Timeframe.WEEK: Side.INACTIVE},
        long_count=0,
        short_count=0,
        long_margin_pct=0.25,
        short_margin_pct=1 / 3,
        blocked_because="",
    )
