"""Buying and selling by hand: once per request id, whatever is repeated (STRATEGY.md, Manual)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from powertraderd.model.candle import Coin
from powertraderd.model.decision import Action, CoinView, Decision
from powertraderd.model.money import EXACT, Base, Usd, plain
from powertraderd.model.order import OrderRecord, OrderState
from powertraderd.model.rules import StrategyRules
from powertraderd.ports import Ledger
from powertraderd.strategy import decide, risk
from powertraderd.supervision.protocol import Answer, refusal
from powertraderd.supervision.verbs import Buy, Sell
from powertraderd.workers.decision_journal import DecisionJournal
from powertraderd.workers.order_desk import OrderDesk
from powertraderd.workers.refusals import sentence
from powertraderd.workers.report import price_text, text

_HUNDRED = Decimal(100)


class ManualOrders:
    """Answers buy and sell."""

    def __init__(
        self,
        *,
        view: Callable[[Coin], CoinView],
        rules: StrategyRules,
        desk: OrderDesk,
        ledger: Ledger,
        journal: DecisionJournal,
    ) -> None:
        """``view`` gives a coin with a fresh quote, and may raise TransientExchangeError."""
        self._view = view
        self._rules = rules
        self._desk = desk
        self._ledger = ledger
        self._journal = journal

    def answer(self, request_id: str, wish: Buy | Sell) -> Answer:
        """Do what was asked, or say why not; asked again, only say what became of it."""
        known = self._ledger.order_by_request(request_id)
        if known is not None:
            return _answer(request_id, known)
        view = self._view(wish.coin)
        decision = risk.admit(self._decide(wish, view), view, self._rules)
        self._journal.note(decision)
        if decision.action is Action.MANUAL_SKIP or view.product is None:
            return refusal(request_id, decision.reason_code, sentence(decision))
        return _answer(request_id, self._desk.submit(decision, view.product, request_id))

    def _decide(self, wish: Buy | Sell, view: CoinView) -> Decision:
        match wish:
            case Buy(usd=usd):
                return decide.manual_buy(view, self._rules, Usd(usd))
            case Sell():
                return decide.manual_sell(view, self._rules, _base_size(wish, view))


def _base_size(wish: Sell, view: CoinView) -> Base:
    """The quantity asked for; rounding to the product's increment is the strategy's."""
    held = view.position.quantity if view.position else Base(Decimal(0))
    if wish.qty is not None:
        return Base(wish.qty)
    if wish.pct is not None:
        return Base(EXACT.divide(EXACT.multiply(held, wish.pct), _HUNDRED))
    return held


def _answer(request_id: str, record: OrderRecord) -> Answer:
    data = _data(record)
    match record.state:
        case OrderState.REJECTED | OrderState.NOT_PLACED:
            message = (
                f"the exchange did not take the order: {record.refusal}; nothing was traded, see "
                "`ptctl orders`"
            )
            return Answer(request_id, ok=False, code="order_refused", message=message, data=data)
        case OrderState.FILLED:
            return Answer(request_id, ok=True, code="ok", message=_filled(record), data=data)
        case state if state.final and not record.filled_quantity:
            message = f"the order ended {state.value} without a fill"
            return Answer(request_id, ok=False, code="order_unfilled", message=message, data=data)
        case state if state.final:
            message = f"{_filled(record)}; the rest ended {state.value}"
            return Answer(request_id, ok=True, code="ok", message=message, data=data)
    message = (
        f"the order was sent and is {record.state.value}; the daemon goes on reading what became "
        "of it: ask again with the same request id, or look at `ptctl orders`"
    )
    return Answer(request_id, ok=False, code="order_unsettled", message=message, data=data)


def _filled(record: OrderRecord) -> str:
    verb = "bought" if record.intent.side == "BUY" else "sold"
    return (
        f"{verb} {plain(record.filled_quantity)} {record.intent.coin} at "
        f"{price_text(_average(record))}, fees {plain(record.fees)}"
    )


def _average(record: OrderRecord) -> Decimal | None:
    if not record.filled_quantity:
        return None
    return EXACT.divide(record.filled_value, record.filled_quantity)


def _data(record: OrderRecord) -> dict[str, Any]:
    intent = record.intent
    return {
        "state": record.state.value,
        "client_order_id": intent.client_order_id,
        "coin": intent.coin,
        "product_id": intent.product_id,
        "side": intent.side.value,
        "quantity": text(record.filled_quantity),
        "average_price": price_text(_average(record)),
        "value": text(record.filled_value),
        "fees": text(record.fees),
        "realised": text(record.realised),
        "refusal": record.refusal,
    }
