"""How far down the ladder of averaging down an amount of money reaches (STRATEGY.md, DCA)."""

from decimal import Decimal

from powertraderd.model.money import EXACT, Usd
from powertraderd.model.rules import DcaRules, EntryRules

MOST_STAGES = 100
_HUNDRED = Decimal(100)


def affordable_stages(account_value: Usd, coins: int, entry: EntryRules, dca: DcaRules) -> int:
    """Averaging-down stages that an equal share of ``account_value`` for each of ``coins`` pays.

    Taken at constant price, where each stage multiplies what was spent by 1 + multiplier; a fallen
    price makes stages cheaper. The entry is the share of the account that the rules name.
    """
    budget = EXACT.divide(account_value, Decimal(coins))
    spent = EXACT.divide(EXACT.multiply(account_value, entry.allocation_pct), _HUNDRED)
    growth = 1 + dca.multiplier
    stages = 0
    while stages < MOST_STAGES and 0 < (spent := EXACT.multiply(spent, growth)) <= budget:
        stages += 1
    return stages
