"""Fault rules: which request meets which fault; the first rule that matches fires."""

import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PHASES = (
    "accept",
    "tls",
    "before_read",
    "before_commit",
    "after_commit",
    "in_headers",
    "in_body",
    "after_response",
)


@dataclass(slots=True)
class Rule:
    """One rule; ``seen`` counts matches, ``fired`` firings."""

    id: str
    action: str
    phase: str = "after_commit"
    match: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    seen: int = 0
    fired: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    kept: dict[str, Any] = field(default_factory=dict)
    """What the rule remembers of earlier answers."""

    def number(self, name: str, default: float) -> float:
        """A numeric parameter."""
        return float(self.params.get(name, default))

    def facts(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "id": self.id,
            "action": self.action,
            "phase": self.phase,
            "match": dict(self.match),
            "params": dict(self.params),
            "seen": self.seen,
            "fired": self.fired,
        }


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a rule may look at."""

    listener: str
    method: str = ""
    path: str = ""
    product: str = ""
    side: str = ""
    client_order_id: str = ""


class Faults:
    """The rules, in their order."""

    def __init__(self, seed: int) -> None:
        """No rule yet."""
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311 - probabilities of a test
        self._began = 0.0

    def change(self, body: Mapping[str, Any], now: float) -> list[dict[str, Any]]:
        """``add`` (a rule or several), ``remove`` (an id), ``release`` (an id), ``clear``."""
        with self._lock:
            if body.get("clear"):
                self._end(self._rules)
                self._rules, self._began = [], now
            if "remove" in body:
                self._end([rule for rule in self._rules if rule.id == body["remove"]])
                self._rules = [rule for rule in self._rules if rule.id != body["remove"]]
            if "release" in body:
                self._end([rule for rule in self._rules if rule.id == body["release"]])
            added = body.get("add", [])
            for facts in [added] if isinstance(added, dict) else added:
                self._rules.append(_rule(facts, len(self._rules)))
        return self.facts()

    def reseed(self, seed: int) -> None:
        """Probabilities from their beginning."""
        with self._lock:
            self._random = random.Random(seed)  # noqa: S311 - probabilities of a test

    def facts(self) -> list[dict[str, Any]]:
        """All rules with their counts."""
        return [rule.facts() for rule in self._rules]

    def pick(self, occasion: Occasion, phases: tuple[str, ...], now: float) -> Rule | None:
        """The rule that fires, if one does."""
        with self._lock:
            for rule in self._rules:
                if rule.phase in phases and self._fires(rule, occasion, now):
                    rule.fired += 1
                    return rule
        return None

    def _end(self, rules: list[Rule]) -> None:
        for rule in rules:
            rule.released.set()

    def _fires(self, rule: Rule, occasion: Occasion, now: float) -> bool:
        match = rule.match
        for name in ("listener", "method", "product", "side"):
            if name in match and match[name] != getattr(occasion, name):
                return False
        if not re.search(match.get("path_regex", ""), occasion.path):
            return False
        if now - self._began < match.get("after_t", 0):
            return False
        rule.seen += 1
        nth, every = int(match.get("nth", 1)), int(match.get("every", 1))
        due = rule.seen >= nth and (rule.seen - nth) % every == 0
        left = rule.fired < int(match.get("count", _UNLIMITED))
        return due and left and self._random.random() < float(match.get("probability", 1))


_UNLIMITED = 1 << 60
_OWN = frozenset({"id", "action", "phase", "match"})


def _rule(facts: Mapping[str, Any], number: int) -> Rule:
    phase = facts.get("phase", "after_commit")
    if phase not in PHASES:
        msg = f"there is no phase {phase!r}; there are {', '.join(PHASES)}"
        raise ValueError(msg)
    return Rule(
        id=str(facts.get("id", f"rule-{number}")),
        action=facts["action"],
        phase=phase,
        match=facts.get("match", {}),
        params={name: value for name, value in facts.items() if name not in _OWN},
    )
