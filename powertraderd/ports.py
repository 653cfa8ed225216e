"""Ports: what the roles need from the outside. One contract test suite per port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.model.decision import Decision
from powertraderd.model.history import AccountValue, Gap, Stocked, Trade
from powertraderd.model.money import Usd
from powertraderd.model.order import (
    Fill,
    OrderIntent,
    OrderRecord,
    OrderReport,
    OrderState,
    Placement,
    Tag,
)
from powertraderd.model.position import Books, Trail
from powertraderd.model.product import Product
from powertraderd.model.quote import Quote
from powertraderd.model.signal import Signal

if TYPE_CHECKING:
    from powertraderd.model.memory_file import (
        AnyMemory,  # numpy stays out of the workers without a model
    )


class CandleSource(Protocol):
    """A venue's closed candles, as of the clock's now."""

    def candles(
        self, coin: Coin, timeframe: Timeframe, start: datetime, end: datetime
    ) -> tuple[Candle, ...]:
        """Closed candles with ``start <= opened_at < end``, ascending, unique.

        A candle that has not closed by now is never among them. An interval without trades has no
        candle. Raises DataUnavailable for an unknown coin, TransientExchangeError when the venue
        does not answer.
        """
        ...


class CandleArchive(Protocol):
    """Our own copy of a venue's candles."""

    def newest(self, coin: Coin, timeframe: Timeframe) -> datetime | None:
        """When the newest stored candle opened; a download resumes after it."""
        ...

    def append(self, coin: Coin, timeframe: Timeframe, candles: Sequence[Candle]) -> Stocked:
        """Store closed candles, in any order, also into gaps; durable when it returns.

        A candle equal to the stored one is only counted. One that cannot be true, or that differs
        from the stored one, is refused: the stored one stays, and the answer says which and why.
        """
        ...

    def load(
        self, coin: Coin, timeframe: Timeframe, start: datetime, end: datetime
    ) -> tuple[Candle, ...]:
        """Stored candles with ``start <= opened_at < end``, ascending, unique."""
        ...

    def gaps(self, coin: Coin, timeframe: Timeframe) -> tuple[Gap, ...]:
        """Holes between the oldest and the newest stored candle, oldest first."""
        ...


class QuoteSource(Protocol):
    """Best prices on the trading venue."""

    def quotes(self, coins: Sequence[Coin]) -> Mapping[Coin, Quote]:
        """Quotes of ``coins``; a coin without a usable quote is missing from the answer.

        Raises TransientExchangeError when the venue does not answer.
        """
        ...


class Broker(QuoteSource, Protocol):
    """The trading venue."""

    def verify_key(self) -> None:
        """Ask what our key may do; nothing where no key is needed.

        Raises CredentialsRejected for one that may not trade, or may do more than it should.
        """
        ...

    def products(self, coins: Sequence[Coin]) -> Mapping[Coin, Product]:
        """What may be traded and in which steps; an unknown coin is missing."""
        ...

    def balances(self) -> Mapping[str, Decimal]:
        """Total holdings by currency, available plus held."""
        ...

    def fee_rate(self) -> Decimal:
        """The taker fee as a fraction: 0.006 is 0.6 percent."""
        ...

    def clock_skew(self) -> float:
        """The venue's clock less ours, seconds; 0 where the venue goes by our clock."""
        ...

    def place(self, intent: OrderIntent) -> Placement:
        """Place a market order once. Raises AmbiguousOrder when the outcome is unknown."""
        ...

    def order(self, order_id: str) -> OrderReport | None:
        """The order, or None where the venue does not know it (yet)."""
        ...

    def orders_since(self, product_id: str, start: datetime) -> tuple[OrderReport, ...]:
        """All orders of a product created at or after ``start``."""
        ...

    def fills(self, order_id: str) -> tuple[Fill, ...]:
        """All fills of an order that are visible by now, oldest first."""
        ...


class MemoryStore(Protocol):
    """Memories by coin and timeframe."""

    def load(self, coin: Coin, timeframe: Timeframe) -> tuple[AnyMemory, datetime] | None:
        """The memory and when it was trained; None where none was ever saved.

        Raises StoreDamaged or StoreTooNew with the file's name.
        """
        ...

    def save(
        self, coin: Coin, timeframe: Timeframe, memory: AnyMemory, trained_at: datetime
    ) -> None:
        """Replace the memory atomically and durably."""
        ...

    def stamp(self, coin: Coin, timeframe: Timeframe) -> str:
        """Changes whenever the memory was replaced; cheap to ask. Empty where there is none."""
        ...

    def set_aside(self, coin: Coin, timeframe: Timeframe) -> str:
        """Keep a damaged memory under another name, which is returned, out of the way."""
        ...


class SignalBoard(Protocol):
    """Where the thinker publishes and everyone else reads."""

    def publish(self, signal: Signal) -> None:
        """Replace the coin's signal."""
        ...

    def signals(self) -> Mapping[Coin, Signal]:
        """The newest signal of each coin."""
        ...


class Bookkeeper(Protocol):
    """The rules of the books, as pure functions: the module strategy.ledgering has this shape.

    The wiring hands it to the ledger, because stores and strategy do not know each other.
    """

    def pay_in(self, books: Books, amount: Usd, /) -> Books:
        """The books after cash was paid in (or taken back, when negative)."""
        ...

    def book(
        self, books: Books, fill: Fill, tag: Tag, /, *, first_of_order: bool
    ) -> tuple[Books, Usd | None]:
        """The books after a fill, and the realised profit of a sell (None for a buy).

        ``first_of_order``: no fill of the same order was booked before.
        """
        ...

    def close_remainder(self, books: Books, coin: Coin, /) -> tuple[Books, Usd]:
        """The books after a position's rest became dust, and the loss that this realised."""
        ...

    def residual(self, books: Books, /) -> Usd:
        """By how much the accounting identity is broken; zero while the books add up."""
        ...


class Ledger(Protocol):
    """The daemon's own books. One writer; every method is durable when it returns."""

    def books(self) -> Books:
        """All money and positions."""
        ...

    def pay_in(self, amount: Usd, at: datetime, note: str) -> None:
        """Record cash that was handed to the daemon (or taken back, when negative)."""
        ...

    def record_intent(self, intent: OrderIntent) -> None:
        """Write an intent in state INTENDED.

        Raises InvariantBroken on a known id, on a known request id, and while another order of
        the same product is not final: one order in flight per product.
        """
        ...

    def set_order_state(
        self,
        client_order_id: str,
        state: OrderState,
        at: datetime,
        *,
        order_id: str | None = None,
        refusal: str | None = None,
    ) -> None:
        """Move an order on. Raises InvariantBroken when it is unknown or already final.

        What is None stays as it was.
        """
        ...

    def revive_order(self, client_order_id: str, order_id: str, at: datetime) -> None:
        """Make PLACED what counted as never placed or refused: the venue has it after all.

        Raises InvariantBroken for an order in any other state, for one that the venue has named
        before, and while another order of the same product is not final.
        """
        ...

    def record_fills(
        self, client_order_id: str, fills: Sequence[Fill], state: OrderState, at: datetime
    ) -> Books:
        """Book the fills not seen before and the order's state, in one transaction.

        A fill is known by its trade id; known ones must be unchanged, and a final order takes no
        new ones. Checks the accounting identity before it commits; raises InvariantBroken and
        writes nothing when it would not hold. Returns the books after it.
        """
        ...

    def close_remainder(self, coin: Coin, at: datetime) -> Books:
        """Close a position whose rest is below the product's increment: the rest becomes dust."""
        ...

    def order(self, client_order_id: str) -> OrderRecord | None:
        """One order by our own id."""
        ...

    def order_by_request(self, request_id: str) -> OrderRecord | None:
        """The order that a manual request led to, so that repeating it repeats the answer."""
        ...

    def open_orders(self) -> tuple[OrderRecord, ...]:
        """Orders that are not final, oldest first."""
        ...

    def orders_since(self, start: datetime) -> tuple[OrderRecord, ...]:
        """Orders intended at or after ``start``, oldest first."""
        ...

    def last_exit_at(self, coin: Coin) -> datetime | None:
        """When the coin's last position was closed."""
        ...

    def realised_since(self, start: datetime) -> Usd:
        """Profit realised by sells, and by remainders that became dust, at or after ``start``."""
        ...

    def high_water(self) -> Usd | None:
        """The highest that account value less cash paid in was kept as; None before the first."""
        ...

    def keep_high_water(self, gain: Usd, at: datetime) -> None:
        """Replace the mark, also by a lower one."""
        ...

    def save_trail(self, coin: Coin, trail: Trail) -> None:
        """Keep the trailing exit of an open position. Raises InvariantBroken without a position."""
        ...

    def record_decision(self, decision: Decision, inputs: str | None = None) -> None:
        """Append a decision that differs from the coin's previous one; old ones are pruned.

        ``inputs``: what it was made from (model/inputs.py), None for one that a person made.
        """
        ...

    def record_account_value(self, at: datetime, value: Usd, cash: Usd) -> None:
        """Append to the account's history; old samples are thinned out, so that it stays small."""
        ...


class LedgerView(Protocol):
    """The ledger for those who only look: all read-only, while the writer writes.

    Every method raises DataUnavailable while there is no ledger yet.
    """

    def books(self) -> Books:
        """All money and positions."""
        ...

    def orders(self, limit: int) -> tuple[OrderRecord, ...]:
        """Orders, newest first."""
        ...

    def trades(self, limit: int) -> tuple[Trade, ...]:
        """Orders that have fills, newest first."""
        ...

    def fills(self, client_order_id: str) -> tuple[Fill, ...]:
        """The booked fills of one order, oldest first."""
        ...

    def decisions(self, limit: int, coin: Coin | None = None) -> tuple[Decision, ...]:
        """Changes of mind, newest first, of one coin or of all."""
        ...

    def decision_inputs(
        self, start: datetime, end: datetime
    ) -> tuple[tuple[Decision, str | None], ...]:
        """Decisions with ``start <= at < end``, oldest first, and what each was made from."""
        ...

    def account_values(
        self, start: datetime, end: datetime, limit: int
    ) -> tuple[AccountValue, ...]:
        """The newest ``limit`` samples with ``start <= at < end``, oldest first."""
        ...

    def realised_since(self, start: datetime) -> Usd:
        """Profit realised at or after ``start``."""
        ...

    def high_water(self) -> Usd | None:
        """The highest that account value less cash paid in was kept as; None before the first."""
        ...


class ImportedTrades(Protocol):
    """Trades of the bot that was here before; nothing where none were imported."""

    def trades(self, limit: int) -> tuple[Trade, ...]:
        """The newest; quantities, prices and values are that bot's estimates, fees inside."""
        ...


class Heart(Protocol):
    """The heartbeat; only the main thread may beat."""

    def phase(self, name: str, budget_s: float, detail: str = "") -> AbstractContextManager[None]:
        """Promise to leave this phase within ``budget_s`` machine seconds.

        Phases nest; leaving restores the outer one; the inner deadline never exceeds the outer.
        """
        ...

    def progress(self, done: int, total: int) -> None:
        """Renew the phase's deadline, under its total cap, if ``done`` has strictly risen."""
        ...
