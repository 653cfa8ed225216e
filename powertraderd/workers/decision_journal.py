"""Decisions for people: logged and stored when they change, not at every tick."""

from powertraderd import log
from powertraderd.model import inputs
from powertraderd.model.candle import Coin
from powertraderd.model.decision import CoinView, Decision
from powertraderd.ports import Ledger


class DecisionJournal:
    """The newest decision of each coin, and a line for each change of mind."""

    def __init__(self, ledger: Ledger) -> None:
        """Store changes in ``ledger``."""
        self._ledger = ledger
        self._log = log.get(__name__)
        self._newest: dict[Coin, Decision] = {}

    def newest(self, coin: Coin) -> Decision | None:
        """What was decided last, at the last tick."""
        return self._newest.get(coin)

    def note(self, decision: Decision, view: CoinView | None = None) -> None:
        """Keep ``decision``; log and store it when it differs from the one before, or orders.

        ``view``: what it was made from, None for a decision that a person made.
        """
        before = self._newest.get(decision.coin)
        self._newest[decision.coin] = decision
        if before is not None and _same(before, decision) and not _orders(decision):
            return
        self._ledger.record_decision(decision, None if view is None else inputs.to_text(view))
        self._log.info(
            "decision",
            coin=decision.coin,
            action=decision.action.value,
            reason_code=decision.reason_code,
            at=decision.at.isoformat(),
            numbers=dict(decision.numbers),
        )


def _same(before: Decision, now: Decision) -> bool:
    return (before.action, before.reason_code) == (now.action, now.reason_code)


def _orders(decision: Decision) -> bool:
    return decision.quote_size is not None or decision.base_size is not None
