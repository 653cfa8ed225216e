"""What the trader measures itself by: how old its facts are, the day's loss, the drawdown."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from powertraderd import log
from powertraderd.clock import NANOSECOND, Clock
from powertraderd.model.decision import Brake, TradingState, VenueAges
from powertraderd.model.money import EXACT, ZERO_USD, Usd
from powertraderd.model.rules import RiskLimits
from powertraderd.ports import Heart, Ledger
from powertraderd.strategy import standing
from powertraderd.strategy.figures import shown
from powertraderd.workers.venue_facts import VenueFacts

KEEP_EVERY = timedelta(minutes=5)
"""Market time between two writes of a rising high-water mark."""


class Safeguards:
    """Ages, brakes, and the drawdown that halts."""

    def __init__(
        self,
        *,
        facts: VenueFacts,
        ledger: Ledger,
        clock: Clock,
        heart: Heart,
        limits: RiskLimits,
        ledger_budget_s: float,
        halt: Callable[[str], None],
    ) -> None:
        """``halt(reason)`` asks the supervisor to halt durably."""
        self._facts = facts
        self._ledger = ledger
        self._clock = clock
        self._heart = heart
        self._limits = limits
        self._ledger_budget_s = ledger_budget_s
        self._halt = halt
        self._agreed_ns: int | None = None
        self._peak_gain: Usd | None = None
        self._kept_at: datetime | None = None
        self._told = ""
        self.drawn_down = ""
        self._drawdown_pct: str | None = None
        self._log = log.get(__name__)

    def books_agree(self) -> None:
        """Ledger and venue were just compared and hold the same."""
        self._agreed_ns = self._clock.monotonic_ns()

    def ages(self) -> VenueAges:
        """How old is what the venue said."""
        now_ns = self._clock.monotonic_ns()
        return VenueAges(
            account=_age_s(now_ns, self._agreed_ns),
            products=_age_s(now_ns, self._facts.products_read_ns),
            fee=_age_s(now_ns, self._facts.fee_read_ns),
            clock=_age_s(now_ns, self._facts.clock_read_ns),
            skew=self._facts.clock_skew_s,
        )

    def realised_today(self) -> Usd:
        """Profit realised since midnight UTC, market time."""
        midnight = self._clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        return self._ledger.realised_since(midnight)

    def brakes(self) -> tuple[Brake, ...]:
        """What is pulled right now; a change is logged."""
        pulled = standing.brakes(self.realised_today(), self.ages(), self._limits)
        told = "; ".join(brake.why for brake in pulled)
        if bool(told) != bool(self._told):
            codes = [brake.code.value for brake in pulled]
            self._log.warning("brakes", codes=codes, why=told or "released")
        self._told = told
        return pulled

    def watch_drawdown(self, value: Usd | None, *, halted: bool) -> None:
        """Raise the mark, or halt once the value has fallen too far below it.

        A halt that the supervisor has confirmed moves the mark down to where the value is: whoever
        resumes accepts it, and is not halted again by the same loss.
        """
        if value is None:
            return
        gain = Usd(EXACT.subtract(value, self._ledger.books().paid_in))
        peak = self._raise_mark(gain)
        fallen = standing.drawdown_pct(value, self._ledger.books().paid_in, peak)
        self._drawdown_pct = f"{fallen:.4f}"
        most = self._limits.max_drawdown_pct
        self.drawn_down = ""
        if most is None or fallen <= most:
            return
        if halted:
            self._keep(gain)
            return
        self.drawn_down = (
            f"drawdown: the account is {shown(fallen)} percent below its peak; "
            f"the limit is {shown(most)}"
        )
        self._log.critical("drawdown_limit", reason=self.drawn_down)
        self._halt(self.drawn_down)

    def row(self, trading: TradingState) -> Mapping[str, Any]:
        """For the status."""
        ages = self.ages()
        pulled = self.brakes()
        return {
            "standing": standing.standing(trading, pulled).value,
            "brakes": [{"code": brake.code.value, "why": brake.why} for brake in pulled],
            "ages_s": {
                "account": ages.account,
                "products": ages.products,
                "fee": ages.fee,
                "clock": ages.clock,
            },
            "clock_skew_s": ages.skew,
            "fee_rate": self._facts.fee_rate,
            "realised_today": self.realised_today(),
            "drawdown_pct": self._drawdown_pct,
        }

    def _raise_mark(self, gain: Usd) -> Usd:
        if self._peak_gain is None:
            kept = self._ledger.high_water()
            self._peak_gain = ZERO_USD if kept is None else kept
        now = self._clock.now()
        if gain > self._peak_gain:
            self._peak_gain = gain
            if self._kept_at is None or now - self._kept_at >= KEEP_EVERY:
                self._keep(gain)
        return self._peak_gain

    def _keep(self, gain: Usd) -> None:
        with self._heart.phase("ledger.high_water", self._ledger_budget_s):
            self._ledger.keep_high_water(gain, self._clock.now())
        self._peak_gain, self._kept_at = gain, self._clock.now()


def _age_s(now_ns: int, read_ns: int | None) -> float | None:
    return None if read_ns is None else (now_ns - read_ns) / NANOSECOND
