"""Recorded decisions made again by today's code and settings."""

from collections.abc import Iterable
from dataclasses import dataclass

from powertraderd.model.decision import Action, Decision
from powertraderd.model.inputs import from_text
from powertraderd.model.rules import StrategyRules
from powertraderd.strategy import decide, risk

_BY_HAND = {Action.MANUAL_BUY, Action.MANUAL_SELL, Action.MANUAL_SKIP}


@dataclass(frozen=True, slots=True)
class Difference:
    """Where today's decision is another one than what was recorded."""

    recorded: Decision
    today: Decision


@dataclass(frozen=True, slots=True)
class Replay:
    """``same`` counts equal decisions, ``skipped`` those that were a person's or have no inputs."""

    same: int
    skipped: int
    differences: tuple[Difference, ...]


def replay(recorded: Iterable[tuple[Decision, str | None]], rules: StrategyRules) -> Replay:
    """Make each decision again from its inputs. Raises StoreDamaged for inputs that do not fit."""
    same = skipped = 0
    differences = []
    for decision, text in recorded:
        if text is None or decision.action in _BY_HAND:
            skipped += 1
            continue
        view = from_text(text, f"decision of {decision.coin} at {decision.at.isoformat()}")
        of_coin = rules.of(decision.coin)
        today = risk.admit(decide.decide(view, of_coin), view, of_coin)
        if _essence(today) == _essence(decision):
            same += 1
        else:
            differences.append(Difference(decision, today))
    return Replay(same, skipped, tuple(differences))


def _essence(decision: Decision) -> tuple[object, ...]:
    """What is done and why; the numbers beside it are for the reader."""
    return (
        decision.action,
        decision.reason_code,
        decision.quote_size,
        decision.base_size,
        decision.trail,
        decision.next_dca_price,
    )
