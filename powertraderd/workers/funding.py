"""The cash that the books begin with, and how it follows the settings. Pure.

Only this cash is the daemon's. On a real account more may lie beside it; that is the owner's and
is neither counted nor spent.
"""

from powertraderd.model.money import EXACT, ZERO_USD, Usd
from powertraderd.model.position import Books
from powertraderd.settings import Settings

STARTING_CASH, BUDGET = "paper.starting_cash", "exchange.budget"
"""Notes of the ledger's cash flows: the setting that they come from."""


def payment(books: Books, settings: Settings) -> tuple[Usd, str]:
    """What to pay into the books now (negative: to take back), and the note for it.

    On paper the cash is paid in once. In live mode what was paid in follows ``exchange.budget``;
    when that is lowered, cash is taken back as far as it is free.
    """
    if settings.trading.mode == "paper":
        return Usd(ZERO_USD if books.paid_in else settings.paper.starting_cash), STARTING_CASH
    budget = settings.exchange.budget
    if budget is None:
        raise AssertionError("the settings allow no live mode without exchange.budget")
    free = max(books.cash, ZERO_USD)
    return Usd(max(EXACT.subtract(budget, books.paid_in), EXACT.minus(free))), BUDGET
