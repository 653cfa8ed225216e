"""What single coins have of their own: tables like [coins.BTC.dca] in the settings."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError

from powertraderd.model.candle import Coin
from powertraderd.model.rules import (
    ACCOUNT_WIDE,
    DcaRules,
    EntryRules,
    ExitRules,
    RiskLimits,
    Rules,
    StrategyRules,
)

CoinName = Annotated[Coin, Field(pattern=r"^[A-Z0-9]{1,15}$")]

_PER_COIN: Mapping[str, type[Rules]] = {
    "entry": EntryRules,
    "dca": DcaRules,
    "exit": ExitRules,
    "risk": RiskLimits,
}


class CoinTables(Rules):
    """What one coin has of its own; keys that are not named are as for all coins."""

    entry: Mapping[str, Any] = {}
    dca: Mapping[str, Any] = {}
    exit: Mapping[str, Any] = {}
    risk: Mapping[str, Any] = {}

    def over(self, rules: StrategyRules) -> StrategyRules:
        """``rules`` with these keys in the place of theirs; raises ValueError naming the key."""
        own = {}
        for section, model in _PER_COIN.items():
            table = getattr(self, section)
            for key in table:
                if section == "risk" and key in ACCOUNT_WIDE:
                    msg = f"risk.{key} is of the whole account; set it in [risk]"
                    raise ValueError(msg)
            try:
                own[section] = model(**{**dict(getattr(rules, section)), **table})
            except ValidationError as error:
                raise ValueError(_first_problem(section, error)) from None
        return rules.model_copy(update=own)


def _first_problem(section: str, error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in problem["loc"])
    return f"{section}.{key} = {problem['input']!r}: {problem['msg']}"


class CoinSettings(Rules):
    """Tables like [coins.BTC.dca]: settings of single coins, by ticker."""

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[CoinName, CoinTables]  # type: ignore[assignment]  # pydantic's way

    def tables(self) -> Mapping[Coin, CoinTables]:
        """Coins that have something of their own."""
        return {Coin(name): table for name, table in (self.__pydantic_extra__ or {}).items()}
