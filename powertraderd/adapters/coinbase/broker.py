"""The broker: everything that needs the key. Only the trader makes one."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from powertraderd.adapters.coinbase import answers, market, placing, reports
from powertraderd.adapters.coinbase.client import CoinbaseClient, NotFound
from powertraderd.adapters.coinbase.pages import pages
from powertraderd.adapters.web.line import Allowance
from powertraderd.clock import Clock
from powertraderd.errors import CredentialsRejected, InvalidAnswer
from powertraderd.model.candle import Coin
from powertraderd.model.money import EXACT
from powertraderd.model.order import Fill, OrderIntent, OrderReport, Placement
from powertraderd.model.product import Product
from powertraderd.model.quote import Quote
from powertraderd.settings import BudgetSettings, ExchangeSettings

_PAGE = 250
_WALLETS = frozenset({"", "ACCOUNT_TYPE_CRYPTO", "ACCOUNT_TYPE_FIAT"})
"""Vaults and the like hold coins that cannot be traded."""
_REMEMBERED = 1000


class CoinbaseBroker:
    """Broker over Coinbase Advanced Trade.

    Every method keeps within four fifths of its phase's budget, unless the server drips headers or
    the name server hangs: then the heartbeat's deadline ends the process.
    """

    def __init__(
        self,
        client: CoinbaseClient,
        clock: Clock,
        settings: ExchangeSettings,
        budgets: BudgetSettings,
        *,
        quote: str,
        coins: Sequence[Coin],
    ) -> None:
        """Trade ``coins`` against ``quote``; nothing is asked yet."""
        self._client = client
        self._clock = clock
        self._settings = settings
        self._budgets = budgets
        self._quote = quote
        self._coins = {f"{coin}-{quote}": coin for coin in coins}
        self._orders: dict[str, OrderReport] = {}

    def close(self) -> None:
        """Close the connections; nothing is pending."""
        self._client.close()

    # -- the key and the clock

    def verify_key(self) -> None:
        """Raises CredentialsRejected for a key without the two rights, or with one too many."""
        rights = self._client.read(
            self._allowance(),
            "key permissions",
            answers.KeyPermissions,
            lambda sdk: sdk.get_api_key_permissions(),
        )
        if not (rights.can_view and rights.can_trade):
            msg = "the key may not view and trade: make one at Coinbase with both rights"
            raise CredentialsRejected(msg)
        if rights.can_transfer and not self._settings.allow_transfer_key:
            msg = (
                "the key may transfer money away, which trading does not need: make one without "
                "that right (or set exchange.allow_transfer_key = true)"
            )
            raise CredentialsRejected(msg)

    def clock_skew(self) -> float:
        """The exchange's clock less ours, seconds, as far as the answer proves it."""
        before = self._clock.now()
        theirs = self._client.read(
            self._allowance(), "server time", answers.ServerTime, lambda sdk: sdk.get_unix_time()
        ).iso
        after = self._clock.now()
        # it was made between the two moments, and names whole seconds
        ahead_s = (theirs - after).total_seconds()
        behind_s = (before - theirs).total_seconds() - 1
        return max(ahead_s, 0.0) - max(behind_s, 0.0)

    # -- what the exchange tells

    def quotes(self, coins: Sequence[Coin]) -> Mapping[Coin, Quote]:
        """Best prices of all ``coins`` in one call."""
        wanted = self._products_of(coins)
        if not wanted:
            return {}
        books = self._client.read(
            self._client.allowance(self._budgets.quotes),
            "quotes",
            answers.BestBidAsk,
            lambda sdk: sdk.get_best_bid_ask(product_ids=list(wanted)),
        ).pricebooks
        return market.quotes(books, wanted, self._clock.now())

    def products(self, coins: Sequence[Coin]) -> Mapping[Coin, Product]:
        """Increments, sizes and flags."""
        wanted = self._products_of(coins)
        if not wanted:
            return {}
        found = self._client.read(
            self._allowance(),
            "products",
            answers.ProductList,
            lambda sdk: sdk.get_products(product_ids=list(wanted)),
        ).products
        return dict(market.products(found, wanted))

    def balances(self) -> Mapping[str, Decimal]:
        """Total holdings by currency, available plus held."""
        what, allowance = "accounts", self._allowance()

        def page(cursor: str | None) -> answers.AccountPage:
            return self._client.read(
                allowance,
                what,
                answers.AccountPage,
                lambda sdk: sdk.get_accounts(limit=_PAGE, cursor=cursor),
            )

        found: dict[str, answers.Account] = {}
        for each in pages(what, page, lambda page: page.cursor if page.has_next else None):
            for account in each.accounts:
                if found.setdefault(account.uuid, account) != account:
                    msg = f"{what}: account {account.uuid} is there twice and differs"
                    raise InvalidAnswer(msg)
        totals: dict[str, Decimal] = {}
        for account in found.values():
            if account.type in _WALLETS:
                held = account.hold.value if account.hold else Decimal(0)
                total = EXACT.add(account.available_balance.value, held)
                totals[account.currency] = EXACT.add(
                    totals.get(account.currency, Decimal(0)), total
                )
        return totals

    def fee_rate(self) -> Decimal:
        """The taker fee as a fraction."""
        return self._client.read(
            self._allowance(),
            "transaction summary",
            answers.TransactionSummary,
            lambda sdk: sdk.get_transaction_summary(product_type="SPOT"),
        ).fee_tier.taker_fee_rate

    # -- orders

    def place(self, intent: OrderIntent) -> Placement:
        """Send one market order, once. Raises AmbiguousOrder unless the answer is definite."""
        return placing.place(
            self._client, self._client.allowance(self._budgets.place_order), intent
        )

    def order(self, order_id: str) -> OrderReport | None:
        """The order, or None while the exchange does not show it."""
        return self._order(self._allowance(), order_id)

    def orders_since(self, product_id: str, start: datetime) -> tuple[OrderReport, ...]:
        """All orders of a product created at or after ``start``, oldest first."""
        what, allowance = f"orders of {product_id}", self._allowance()
        since = start.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

        def page(cursor: str | None) -> answers.OrderPage:
            return self._client.read(
                allowance,
                what,
                answers.OrderPage,
                lambda sdk: sdk.list_orders(
                    product_ids=[product_id], start_date=since, limit=_PAGE, cursor=cursor
                ),
            )

        found: dict[str, OrderReport] = {}
        for each in pages(what, page, lambda page: page.cursor if page.has_next else None):
            for answer in each.orders:
                report = reports.report(what, answer)
                if report.product_id != product_id:
                    msg = f"{what}: got one of {report.product_id}"
                    raise InvalidAnswer(msg)
                found[report.order_id] = report  # the list may have moved on between two pages
        mine = [report for report in found.values() if report.created_at >= start]
        return tuple(self._remember(each) for each in sorted(mine, key=lambda r: r.created_at))

    def fills(self, order_id: str) -> tuple[Fill, ...]:
        """All fills of an order that show by now, oldest first."""
        what, allowance = f"fills of {order_id}", self._allowance()
        order = self._orders.get(order_id) or self._order(allowance, order_id)
        if order is None:
            return ()
        coin = self._coins.get(order.product_id)
        if coin is None:
            msg = f"{what}: {order.product_id} is not traded here"
            raise InvalidAnswer(msg)

        def page(cursor: str | None) -> answers.FillPage:
            return self._client.read(
                allowance,
                what,
                answers.FillPage,
                lambda sdk: sdk.get_fills(order_ids=[order_id], limit=_PAGE, cursor=cursor),
            )

        found: dict[str, Fill] = {}
        for each in pages(what, page, lambda page: page.cursor):
            for answer in each.fills:
                fill = reports.fill(what, answer, order, coin)
                if found.setdefault(fill.trade_id, fill) != fill:
                    msg = f"{what}: trade {fill.trade_id} is there twice and differs"
                    raise InvalidAnswer(msg)
        return tuple(sorted(found.values(), key=lambda fill: (fill.at, fill.trade_id)))

    # -- inside

    def _order(self, allowance: Allowance, order_id: str) -> OrderReport | None:
        what = f"order {order_id}"
        try:
            answer = self._client.find(
                allowance, what, answers.OrderBox, lambda sdk: sdk.get_order(order_id)
            )
        except NotFound:
            return None
        report = reports.report(what, answer.order)
        if report.order_id != order_id:
            msg = f"{what}: got order {report.order_id}"
            raise InvalidAnswer(msg)
        return self._remember(report)

    def _remember(self, report: OrderReport) -> OrderReport:
        """Whose order it is does not change: fills are read by this."""
        self._orders.pop(report.order_id, None)
        self._orders[report.order_id] = report
        if len(self._orders) > _REMEMBERED:
            del self._orders[next(iter(self._orders))]
        return report

    def _products_of(self, coins: Sequence[Coin]) -> dict[str, Coin]:
        return {f"{coin}-{self._quote}": coin for coin in coins}

    def _allowance(self) -> Allowance:
        return self._client.allowance(self._budgets.read_orders)
