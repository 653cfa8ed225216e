"""The trader: signal, quote and position in; orders, fills and the ledger out.

The only process that sends orders, held to be the only one by the trader lock.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from powertraderd.clock import NANOSECOND
from powertraderd.errors import InvariantBroken, TransientExchangeError
from powertraderd.model.candle import Coin
from powertraderd.model.decision import CoinView, Decision, TradingState
from powertraderd.model.money import floor_to
from powertraderd.model.order import OrderSide, OrderState
from powertraderd.ports import Broker, CandleArchive, CandleSource, Ledger, SignalBoard
from powertraderd.strategy import decide, risk
from powertraderd.strategy.balances import Holdings
from powertraderd.supervision import channel, quarantine
from powertraderd.supervision.protocol import Answer, Code, refusal
from powertraderd.supervision.verbs import Buy, Sell
from powertraderd.workers import funding, last_look
from powertraderd.workers.closes import Closes
from powertraderd.workers.coin_views import CoinViews, Moment
from powertraderd.workers.decision_journal import DecisionJournal
from powertraderd.workers.manual_orders import ManualOrders
from powertraderd.workers.order_desk import OrderDesk, Patience
from powertraderd.workers.reconcile import Reconciler
from powertraderd.workers.report import Row, account_row, coin_rows
from powertraderd.workers.role import Command, Context
from powertraderd.workers.safeguards import Safeguards
from powertraderd.workers.valuation import account_value
from powertraderd.workers.venue_facts import VenueFacts

SETTLE_S = 5.0
"""How long a tick waits for the fills of the order it sent, machine seconds."""
RECONCILE_EVERY_S = 300.0
RECONCILE_AGAIN_S = 5.0
"""While there are differences."""
REFUSED_PAUSE_S = 30.0
"""A coin whose order the venue refused is left alone for so long."""
SAMPLE_EVERY = timedelta(minutes=5)
"""Market time between two samples of the account's value."""
SAMPLE_PAUSE_S = 1.0
REPORT_EVERY_S = 0.5

_NOT_YET = ("the ledger was not compared with the venue yet",)


@dataclass(frozen=True, slots=True)
class TraderPorts:
    """What the trader works on; ``venue_candles`` are those of the venue that it trades on."""

    broker: Broker
    ledger: Ledger
    signals: SignalBoard
    closes: CandleArchive
    venue_candles: CandleSource


class Trader:
    """The role."""

    def __init__(self, ports: TraderPorts) -> None:
        """Work on ``ports``; the runtime holds the trader lock by now."""
        self._ports = ports

    # -- the role

    def start(self, context: Context) -> None:
        """Bring old orders to their end and compare the books with the venue.

        An exchange that does not answer is no reason to die: entries wait until it did.
        """
        self._context = context
        settings = context.settings
        self._coins = settings.trading.coins
        self._rules = settings.rules
        self._budgets = settings.supervisor.budgets
        self._assemble(context, self._ports)
        self._differences: tuple[str, ...] = _NOT_YET
        self._broken = ""
        self._failing = ""
        self._reconciled_ns: int | None = None
        self._due_ns: dict[str, int] = {}
        self._refused_until_ns: dict[Coin, int] = {}
        self._sampled_at: datetime | None = None
        self._guarded(self._begin)

    def cycle(self) -> float:
        """One tick over all coins."""
        self._guarded(self._tick)
        return self._context.settings.trading.tick_seconds

    def command(self, command: Command) -> Answer:
        """Answer buy, sell and reconcile."""
        if not self._broken:
            try:
                return self._obey(command)
            except InvariantBroken as error:
                self._halt(error)
        return refusal(command.id, "halted", f"trading is halted: {self._broken}")

    def _obey(self, command: Command) -> Answer:
        match command.args:
            case Buy() | Sell() as wish:
                return self._by_hand(command.id, wish)
        if command.verb == "reconcile":
            return self._reconcile_now(command.id)
        return refusal(command.id, Code.UNKNOWN_VERB, f"the trader does not know {command.verb}")

    def trading(self, state: channel.TradingState) -> None:
        """Taken from the context at each look; logged here because it changed."""
        self._context.log.info(
            "trading_state",
            paused=state.paused,
            safe_mode=state.safe_mode,
            halted=state.halted,
        )

    def close(self) -> None:
        """Everything durable is durable already; the kernel lets go of the lock."""
        self._context.log.info("trader_closed")

    # -- putting it together

    def _assemble(self, context: Context, ports: TraderPorts) -> None:
        settings, heart, clock = context.settings, context.heart, context.clock
        self._desk = OrderDesk(
            broker=ports.broker,
            ledger=ports.ledger,
            clock=clock,
            heart=heart,
            budgets=self._budgets,
            patience=Patience(SETTLE_S, settings.trading.quiet_window_seconds),
            avoid=self._avoid,
            forbidden=self._forbidden,
        )
        self._reconciler = Reconciler(
            desk=self._desk,
            broker=ports.broker,
            ledger=ports.ledger,
            heart=heart,
            budgets=self._budgets,
            holdings=Holdings(
                settings.trading.quote, self._coins, shared=settings.trading.mode == "live"
            ),
        )
        self._facts = VenueFacts(
            broker=ports.broker,
            clock=clock,
            heart=heart,
            budgets=self._budgets,
            coins=self._coins,
        )
        self._safeguards = Safeguards(
            facts=self._facts,
            ledger=ports.ledger,
            clock=clock,
            heart=heart,
            limits=self._rules.risk,
            ledger_budget_s=self._budgets.ledger,
            halt=context.halt,
        )
        self._closes = Closes(
            archive=ports.closes,
            venue=ports.venue_candles,
            clock=clock,
            heart=heart,
            budget_s=self._budgets.candles,
        )
        self._views = CoinViews(ports.ledger, self._closes, self._safeguards)
        self._journal = DecisionJournal(ports.ledger)
        self._manual = ManualOrders(
            view=self._fresh_view,
            rules=self._rules,
            desk=self._desk,
            ledger=ports.ledger,
            journal=self._journal,
        )

    def _forbidden(self, side: OrderSide) -> str:
        state_dir = self._context.settings.paths.state_dir
        return last_look.forbidden(state_dir, self._trading(), side)

    def _avoid(self, phase: str, detail: str) -> bool:
        now_ns = self._context.clock.monotonic_ns()
        return quarantine.active(self._context.quarantines, phase, detail, now_ns)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Books that do not add up halt trading; the worker lives on to say so."""
        if self._broken:
            return
        try:
            work()
        except InvariantBroken as error:
            self._halt(error)

    def _halt(self, error: InvariantBroken) -> None:
        self._broken = str(error)
        self._context.log.critical("trading_halted", reason=self._broken)
        self._context.halt(self._broken)

    # -- the start

    def _begin(self) -> None:
        cash, note = funding.payment(self._ports.ledger.books(), self._context.settings)
        if cash:
            self._ports.ledger.pay_in(cash, self._context.clock.now(), note)
            self._context.log.info("cash_paid_in", amount=cash, note=note)
        with self._context.heart.phase("reconcile", self._budgets.reconcile):
            self._tolerate(self._reconcile)

    def _tolerate(self, read: Callable[[], None]) -> None:
        """A read that fails leaves what was known; what is unknown keeps orders from being sent."""
        try:
            read()
        except TransientExchangeError as error:
            self._note_failure(str(error))
        else:
            self._note_failure("")

    def _note_failure(self, problem: str) -> None:
        if problem and problem != self._failing:
            self._context.log.warning("venue_read_failed", error=problem)
        self._failing = problem

    def _reconcile(self) -> None:
        self._facts.refresh()
        self._reconciler.advance_orders()
        found = (*self._facts.missing(), *self._reconciler.differences(self._facts.products))
        if found != self._differences:
            level = self._context.log.warning if found else self._context.log.info
            level("reconciled", differences=list(found))
        self._differences = found
        self._reconciled_ns = self._context.clock.monotonic_ns()
        if not found:
            self._safeguards.books_agree()

    # -- the tick

    def _tick(self) -> None:
        self._tolerate(self._facts.refresh)
        self._reconciler.advance_orders()
        if self._due("reconcile", RECONCILE_AGAIN_S if self._differences else RECONCILE_EVERY_S):
            self._tolerate(self._reconcile)
        moment = self._moment(self._coins)
        self._watch_drawdown(moment)
        for coin in self._coins:
            if not self._context.poll():
                break
            self._closes.refresh(coin)
            self._decide(coin, moment)
        self._close_remainders()
        self._sample(moment)
        self._report(moment)

    def _moment(self, coins: tuple[Coin, ...]) -> Moment:
        with self._context.heart.phase("broker.quotes", self._budgets.quotes):
            quotes = self._ports.broker.quotes(coins)
        return Moment(
            now=self._context.clock.now(),
            quotes=quotes,
            signals=self._ports.signals.signals(),
            products=self._facts.products,
            fee_rate=self._facts.fee_rate,
            trading=self._trading(),
        )

    def _watch_drawdown(self, moment: Moment) -> None:
        value = account_value(self._ports.ledger.books(), moment.quotes)
        self._safeguards.watch_drawdown(value, halted=self._context.trading.halted)

    def _trading(self) -> TradingState:
        state = self._context.trading
        return TradingState(
            paused=state.paused,
            safe_mode=state.safe_mode,
            halted=state.halted or bool(self._broken or self._safeguards.drawn_down),
            differences=self._differences,
        )

    def _decide(self, coin: Coin, moment: Moment) -> None:
        """One coin; earlier coins and commands of this tick have taken time and perhaps money."""
        moment = replace(moment, now=self._context.clock.now(), trading=self._trading())
        view = self._views.view(coin, moment)
        decision = risk.admit(decide.decide(view, self._rules), view, self._rules)
        self._journal.note(decision, view)
        self._context.log.debug(
            "looked",
            coin=coin,
            at=view.now.isoformat(),
            quote_at=view.quote and view.quote.at.isoformat(),
            signal_at=view.signal and view.signal.made_at.isoformat(),
        )
        self._save_trail(view, decision)  # before an order: booking a buy starts the trail anew
        if decision.quote_size is not None or decision.base_size is not None:
            self._carry_out(decision, view)

    def _close_remainders(self) -> None:
        """What a sell left below the product's increment cannot be sold: it becomes dust."""
        busy = {record.intent.coin for record in self._ports.ledger.open_orders()}
        for coin, position in self._ports.ledger.books().positions.items():
            product = self._facts.products.get(coin)
            if product is None or coin in busy:
                continue
            whole = floor_to(position.quantity, product.base_increment)
            if whole or position.cost > product.quote_min_size:  # no rest costs a whole order
                continue
            with self._context.heart.phase("ledger.close_remainder", self._budgets.ledger, coin):
                self._ports.ledger.close_remainder(coin, self._context.clock.now())
            self._context.log.info("remainder_closed", coin=coin, quantity=position.quantity)

    def _save_trail(self, view: CoinView, decision: Decision) -> None:
        if view.position is None or decision.trail in {None, view.position.trail}:
            return
        with self._context.heart.phase("ledger.trail", self._budgets.ledger, view.coin):
            self._ports.ledger.save_trail(view.coin, decision.trail)

    def _carry_out(self, decision: Decision, view: CoinView) -> None:
        now_ns = self._context.clock.monotonic_ns()
        if view.product is None or now_ns < self._refused_until_ns.get(view.coin, 0):
            return
        record = self._desk.submit(decision, view.product)
        if record.state is OrderState.REJECTED:
            pause_ns = int(REFUSED_PAUSE_S * NANOSECOND)
            self._refused_until_ns[view.coin] = self._context.clock.monotonic_ns() + pause_ns

    # -- commands

    def _fresh_view(self, coin: Coin) -> CoinView:
        self._facts.refresh()
        self._closes.refresh(coin)
        return self._views.view(coin, self._moment(self._coins))

    def _by_hand(self, request_id: str, wish: Buy | Sell) -> Answer:
        if wish.coin not in self._coins:
            known = ", ".join(self._coins)
            message = f"{wish.coin} is not among trading.coins: {known}"
            return refusal(request_id, "unknown_coin", message)
        return self._manual.answer(request_id, wish)

    def _reconcile_now(self, request_id: str) -> Answer:
        self._reconcile()
        if self._differences:
            message = "; ".join(self._differences)
            data = {"differences": list(self._differences)}
            return Answer(request_id, ok=False, code="differences", message=message, data=data)
        message = "the ledger and the venue agree"
        return Answer(request_id, ok=True, code="ok", message=message, data={"differences": []})

    # -- what others see

    def _due(self, name: str, every_s: float) -> bool:
        """Whether ``name`` was not done for ``every_s`` machine seconds; then it counts as done."""
        now_ns = self._context.clock.monotonic_ns()
        last_ns = self._due_ns.get(name)
        if last_ns is not None and now_ns - last_ns < every_s * NANOSECOND:
            return False
        self._due_ns[name] = now_ns
        return True

    def _sample(self, moment: Moment) -> None:
        if self._sampled_at is not None and moment.now - self._sampled_at < SAMPLE_EVERY:
            return
        books = self._ports.ledger.books()
        value = account_value(books, moment.quotes)
        if value is None or not self._due("sample", SAMPLE_PAUSE_S):
            return
        with self._context.heart.phase("ledger.account_value", self._budgets.ledger):
            self._ports.ledger.record_account_value(moment.now, value, books.cash)
        self._sampled_at = moment.now

    def _report(self, moment: Moment) -> None:
        if not self._due("report", REPORT_EVERY_S):
            return
        books = self._ports.ledger.books()
        self._context.report(
            {
                "account": account_row(books, moment.quotes),
                "coins": coin_rows(
                    self._coins, moment.quotes, books, self._journal.newest, moment.now
                ),
                "differences": list(self._differences),
                "venue": self._venue_row(),
                "safeguards": self._safeguards.row(self._trading()),
            }
        )

    def _venue_row(self) -> Row:
        """Ages in machine seconds."""
        return {
            "reconciled_age_s": self._age_s(self._reconciled_ns),
            "facts_age_s": self._age_s(self._facts.products_read_ns),
            "clock_skew_s": self._facts.clock_skew_s,
        }

    def _age_s(self, at_ns: int | None) -> float | None:
        return None if at_ns is None else (self._context.clock.monotonic_ns() - at_ns) / NANOSECOND
