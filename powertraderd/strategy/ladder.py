"""How far down the ladder of averaging down the account's money reaches (STRATEGY.md, DCA)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from powertraderd.model.candle import Coin
from powertraderd.model.money import EXACT, Usd
from powertraderd.model.rules import StrategyRules

MOST_STAGES = 100
_HUNDRED = Decimal(100)


def affordable(
    account_value: Usd, coins: Sequence[Coin], rules: StrategyRules
) -> Mapping[str, int]:
    """Averaging-down stages that the account pays for: ``single``, all of it for one coin, and
    ``spread``, an equal share for each of ``coins``.

    Taken at constant price, where each stage multiplies what was spent by 1 + multiplier; a fallen
    price makes stages cheaper. The entry is the share of the account that the rules name.
    """  # noqa: D205 - one sentence
    entry = EXACT.divide(EXACT.multiply(account_value, rules.entry.allocation_pct), _HUNDRED)
    growth = 1 + rules.dca.multiplier
    share = EXACT.divide(account_value, Decimal(len(coins)))
    return {
        "single": _stages(account_value, entry, growth),
        "spread": _stages(share, entry, growth),
    }


def _stages(budget: Decimal, entry: Decimal, growth: Decimal) -> int:
    if entry <= 0:
        return 0
    stages = 0
    while stages < MOST_STAGES and EXACT.multiply(entry, growth ** (stages + 1)) <= budget:
        stages += 1
    return stages
