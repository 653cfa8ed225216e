"""Answers to questions that change nothing: from the stores, also while the trader hangs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from powertraderd.clock import Clock
from powertraderd.errors import PowertraderError
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.history import Trade
from powertraderd.model.money import Price
from powertraderd.model.order import OrderRecord
from powertraderd.model.prediction import Prediction
from powertraderd.model.quote import Quote
from powertraderd.model.rules import StrategyRules
from powertraderd.model.signal import Signal
from powertraderd.ports import CandleArchive, ImportedTrades, LedgerView, SignalBoard
from powertraderd.supervision.client import Client
from powertraderd.supervision.protocol import Answer, Code, refusal
from powertraderd.supervision.verbs import MAX_ROWS, Candles, Newest, OfCoin, PerhapsCoin
from powertraderd.workers.report import (
    Row,
    account_row,
    decision_row,
    position_row,
    price_text,
    quote_row,
    signal_row,
    text,
)
from powertraderd.workers.risk_query import risk_table
from powertraderd.workers.role import Command

STATUS_PATIENCE_S = 0.5
_LISTS = frozenset({"decisions", "trades", "imported_trades", "orders", "account_history"})
HISTORY_SPAN = timedelta(days=3660)


class StatusUnknown(PowertraderError):
    """The supervisor did not say how the daemon stands."""


def daemon_status(client: Client, verb: str = "status") -> Mapping[str, Any]:
    """The supervisor's status, or training; raises StatusUnknown or DaemonUnreachable, soon."""
    answer = client.request(verb, timeout_s=STATUS_PATIENCE_S)
    if not answer.ok:
        raise StatusUnknown(answer.message)
    return answer.data


@dataclass(frozen=True, slots=True)
class QueryPorts:
    """What is read."""

    ledger: LedgerView
    signals: SignalBoard
    candles: CandleArchive
    imported: ImportedTrades


class Queries:
    """Reads the ledger and the signal board; prices come from the trader's last report."""

    def __init__(
        self,
        ports: QueryPorts,
        *,
        client: Client,
        clock: Clock,
        coins: Sequence[Coin],
        rules: StrategyRules,
    ) -> None:
        """Used by the main thread only; ``coins`` and ``rules`` are for the risk table."""
        self._ledger = ports.ledger
        self._signals = ports.signals
        self._candles = ports.candles
        self._imported = ports.imported
        self._client = client
        self._clock = clock
        self._coins = coins
        self._rules = rules

    def answer(self, command: Command) -> Answer:
        """The rows asked for, or what could not be read."""
        stranger = self._stranger(command)
        if stranger is not None:
            message = f"{stranger} is not among trading.coins: {', '.join(self._coins)}"
            return refusal(command.id, "unknown_coin", message)
        try:
            data = self._data(command)
        except PowertraderError as error:
            return refusal(command.id, Code.NOT_READY, str(error))
        if data is None:
            message = f"the exporter does not know {command.verb}"
            return refusal(command.id, Code.UNKNOWN_VERB, message)
        return Answer(command.id, ok=True, code=Code.OK, data=data)

    def _stranger(self, command: Command) -> Coin | None:
        """A coin that is not traded, where the answer could be of no other."""
        match command.args:
            case OfCoin(coin=coin) | PerhapsCoin(coin=str() as coin) if coin not in self._coins:
                return coin
            case Candles(coin=coin) if (
                coin not in self._coins and self._candles.newest(coin, Timeframe.HOUR_1) is None
            ):
                return coin
        return None

    def _data(self, command: Command) -> Row | None:
        match command.verb, command.args:
            case ("positions" | "account" | "signals") as verb, _:
                return self._now(verb)
            case "risk", PerhapsCoin(coin=coin):
                return self._risk(coin)
            case "levels", OfCoin(coin=coin):
                return self._levels(coin)
            case "candles", Candles() as wish:
                return self._candle_rows(wish)
            case verb, Newest() as wish if verb in _LISTS:
                return {verb: self._rows(verb, wish)}
        return None

    def _now(self, verb: str) -> Row:
        match verb:
            case "positions":
                return self._positions()
            case "account":
                status = self._status()
                quote = (status.get("trading") or {}).get("quote")
                return {**account_row(self._ledger.books(), quotes_of(status)), "quote": quote}
        return self._signal_rows()

    def _rows(self, verb: str, wish: Newest) -> list[Row]:
        match verb:
            case "decisions":
                found = self._ledger.decisions(wish.skip + wish.limit, wish.coin)
                return [decision_row(each) for each in found[wish.skip :]]
            case "trades":
                trades = self._ledger.trades(_reach(wish))
                rows = [_trade_row(each) for each in trades if _meant(wish, each.coin)]
                return rows[_page(wish)]
            case "imported_trades":
                trades = self._imported.trades(_reach(wish))
                rows = [_trade_row(each) for each in trades if _meant(wish, each.coin)]
                return [{**row, "fees": None} for row in rows[_page(wish)]]  # inside the value
            case "orders":
                orders = self._ledger.orders(_reach(wish))
                rows = [_order_row(each) for each in orders if _meant(wish, each.intent.coin)]
                return rows[_page(wish)]
        end = self._clock.now() + timedelta(days=1)
        samples = self._ledger.account_values(end - HISTORY_SPAN, end, wish.limit)
        return [
            {"at": each.at.isoformat(), "value": text(each.value), "cash": text(each.cash)}
            for each in samples
        ]

    def _positions(self) -> Row:
        books, status = self._ledger.books(), self._status()
        quotes, now = quotes_of(status), self._clock.now()
        rows = [
            {
                "coin": coin,
                **quote_row(quotes.get(coin)),
                **position_row(position, quotes.get(coin), None, now),
                **_next_dca(status, coin),
                "dca_max_24h": self._rules.of(coin).dca.max_per_24h,
            }
            for coin, position in sorted(books.positions.items())
        ]
        return {"positions": rows}

    def _risk(self, coin: Coin | None) -> Row:
        """All coins fall together; ``coin`` only picks the rows."""
        status = self._status()
        table = risk_table(
            self._ledger.books(), quotes_of(status), fee_of(status), self._coins, self._rules
        )
        if coin is not None:
            table["coins"] = {coin: table["coins"][coin]}
        return table

    def _status(self) -> Mapping[str, Any]:
        """Without the supervisor's word there are no prices, but the rest is known all the same."""
        try:
            return daemon_status(self._client)
        except PowertraderError:
            return {}

    def _signal_rows(self) -> Row:
        now = self._clock.now()
        rows = [
            {
                "coin": coin,
                **signal_row(signal),
                "ask": signal.ask,
                "age_s": round((now - signal.made_at).total_seconds(), 3),
            }
            for coin, signal in sorted(self._signals.signals().items())
        ]
        return {"signals": rows}

    def _levels(self, coin: Coin) -> Row:
        signal = self._signals.signals().get(coin)
        if signal is None:
            msg = f"{coin}: the thinker has published no levels yet; see `ptctl status`"
            raise StatusUnknown(msg)
        predictions = {each.timeframe: each for each in signal.predictions}
        return {
            "coin": coin,
            "ask": signal.ask,
            "made_at": signal.made_at.isoformat(),
            "levels": [_level_row(each, signal, predictions.get(each)) for each in Timeframe],
        }

    def _candle_rows(self, wish: Candles) -> Row:
        """Each candle as epoch seconds of its opening, open, high, low, close."""
        newest = self._candles.newest(wish.coin, wish.timeframe)
        if newest is None:
            msg = f"{wish.coin}: no candles are stored yet; see `ptctl status` and trading.coins"
            raise StatusUnknown(msg)
        length = wish.timeframe.length
        start = newest - (wish.limit - 1) * length
        found = self._candles.load(wish.coin, wish.timeframe, start, newest + length)
        rows = [[c.opened_at.timestamp(), c.open, c.high, c.low, c.close] for c in found]
        return {"coin": wish.coin, "timeframe": wish.timeframe.value, "candles": rows}


def quotes_of(status: Mapping[str, Any]) -> dict[Coin, Quote]:
    """The quotes that the trader last reported; a coin without one is missing."""
    quotes = {}
    for coin, row in (status.get("coins") or {}).items():
        bid, ask, at = row.get("bid"), row.get("ask"), row.get("quote_at")
        if bid is not None and ask is not None and at is not None:
            prices = Price(Decimal(bid)), Price(Decimal(ask))
            quotes[Coin(coin)] = Quote(Coin(coin), *prices, datetime.fromisoformat(at))
    return quotes


def fee_of(status: Mapping[str, Any]) -> Decimal | None:
    """The taker fee that the trader last reported, as a fraction."""
    fee_rate = (status.get("safeguards") or {}).get("fee_rate")
    return None if fee_rate is None else Decimal(fee_rate)


def _next_dca(status: Mapping[str, Any], coin: Coin) -> Row:
    """The line of the trader's last tick, which the ledger does not keep."""
    coins = status.get("coins") or {}
    position = coins.get(coin, {}).get("position") or {}
    return {name: value for name, value in position.items() if name.startswith("next_dca_")}


def _reach(wish: Newest) -> int:
    """How many rows to read so that one coin's are among them."""
    return wish.skip + wish.limit if wish.coin is None else MAX_ROWS


def _page(wish: Newest) -> slice:
    return slice(wish.skip, wish.skip + wish.limit)


def _meant(wish: Newest, coin: Coin) -> bool:
    return wish.coin is None or wish.coin == coin


def _trade_row(trade: Trade) -> Row:
    return {
        "at": trade.at.isoformat(),
        "coin": trade.coin,
        "side": trade.side.value,
        "tag": trade.tag.value,
        "quantity": text(trade.quantity),
        "average_price": price_text(trade.average_price),
        "value": text(trade.value),
        "fees": text(trade.fees),
        "realised": text(trade.realised),
        "client_order_id": trade.client_order_id,
    }


def _order_row(record: OrderRecord) -> Row:
    intent = record.intent
    return {
        "created_at": intent.created_at.isoformat(),
        "updated_at": record.updated_at.isoformat(),
        "coin": intent.coin,
        "product_id": intent.product_id,
        "side": intent.side.value,
        "tag": intent.tag.value,
        "state": record.state.value,
        "reason_code": intent.reason_code,
        "quote_size": text(intent.quote_size),
        "base_size": text(intent.base_size),
        "filled_quantity": text(record.filled_quantity),
        "filled_value": text(record.filled_value),
        "fees": text(record.fees),
        "realised": text(record.realised),
        "refusal": record.refusal,
        "client_order_id": intent.client_order_id,
        "order_id": record.order_id,
    }


def _level_row(timeframe: Timeframe, signal: Signal, prediction: Prediction | None) -> Row:
    return {
        "timeframe": timeframe.value,
        "low": signal.levels.low.get(timeframe),
        "high": signal.levels.high.get(timeframe),
        "predicted_low": prediction.low if prediction else None,
        "predicted_high": prediction.high if prediction else None,
        "side": signal.sides[timeframe].value if timeframe in signal.sides else None,
        "closed_at": prediction.closed_at.isoformat() if prediction else None,
    }
