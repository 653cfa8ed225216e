"""The exchange's clock: the wall clock plus a skew, or standing still until it is stepped."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class VirtualClock:
    """``now`` is wall time + skew, or frozen; ``monotonic`` is the machine's and never virtual."""

    def __init__(self) -> None:
        """Be the wall clock."""
        self._skew = timedelta(0)
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """The exchange's time, aware UTC."""
        if self._frozen is not None:
            return self._frozen
        return datetime.now(UTC) + self._skew

    def monotonic(self) -> float:
        """Machine seconds."""
        return time.monotonic()

    def change(self, orders: Mapping[str, Any]) -> dict[str, Any]:
        """``skew_ms``, ``freeze`` (an ISO time, true or false), ``step`` (seconds), in this order.

        Stepping a running clock adds to its skew.
        """
        if "skew_ms" in orders:
            self._skew = timedelta(milliseconds=orders["skew_ms"])
        if "freeze" in orders:
            self._freeze(orders["freeze"])
        if "step" in orders:
            self._step(timedelta(seconds=orders["step"]))
        return {"now": self.now().isoformat()}

    def state(self) -> dict[str, Any]:
        """What ``change`` must be given to come here again."""
        frozen = False if self._frozen is None else self._frozen.isoformat()
        return {"skew_ms": self._skew / timedelta(milliseconds=1), "freeze": frozen}

    def _freeze(self, moment: object) -> None:
        if moment is False:
            self._frozen = None
        elif moment is True:
            self._frozen = self.now()
        else:
            self._frozen = datetime.fromisoformat(str(moment)).astimezone(UTC)

    def _step(self, step: timedelta) -> None:
        if self._frozen is None:
            self._skew += step
        else:
            self._frozen += step


def stamp(moment: datetime, digits: int = 6) -> str:
    """RFC 3339 with 6 or 9 fractional digits and Z."""
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text + "0" * (digits - 6) + "Z"


def moment_of(text: str) -> datetime:
    """An RFC 3339 time of a client, or whole epoch seconds; raises ValueError."""
    if text.isdigit():
        return EPOCH + timedelta(seconds=int(text))
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
