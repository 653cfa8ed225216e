"""What a soak in live mode does: the exchange and its line misbehave, and processes die."""

import random
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

from powertraderd.testing.live import COINS, LiveDaemon
from powertraderd.testing.soak_faults import Injector

PLACING = {"method": "POST", "path_regex": "/orders$"}
READING = {"method": "GET", "listener": "rest"}
SLOW = frozenset({"SIGSTOP of a worker", "SIGKILL of the supervisor"})
"""Between two phases a worker has its whole cycle's budget; a whole daemon takes long to start."""
GENEROUS = {"private_rps": 1000, "public_rps": 1000}
LINE: Mapping[str, Mapping[str, Any]] = {
    **{name: {} for name in ("close", "rst", "truncate", "malformed_json", "html_200")},
    **{name: {} for name in ("hang_before_headers", "chunk_stall", "infinite_body", "gzip_bomb")},
    **{name: {"pause_s": 0.1} for name in ("header_drip", "body_drip", "record_drip")},
    **{f"status {code}": {"code": code} for code in (401, 404, 429, 500, 502, 504)},
    "wrong_types": {"mode": "nulls"},
}
"""What may happen to any answer, by action."""
PRICES = ("crossed_book", "zero_price", "one_sided", "spike", "stale_price")
DOUBTFUL = ("UNKNOWN_FAILURE_REASON", "COMMANDER_REJECTED_NEW_ORDER")
_TRIES = 4
_LONGEST_LAG_S = 1.5
"""Below the quiet window of the live daemon's settings: what lags for longer is another proof's."""


class VenueInjector(Injector):
    """Carries faults out on a daemon in live mode and on its exchange."""

    daemon: LiveDaemon

    def __init__(self, daemon: LiveDaemon, dice: random.Random) -> None:
        """Work on ``daemon`` and its venue with the luck of ``dice``."""
        super().__init__(daemon, dice)
        self.venue = daemon.venue
        self.fired = 0
        self.kinds: Mapping[str, tuple[int, Callable[[], None]]] = {
            "answer to an order, before the commit": (4, lambda: self._order("before_commit")),
            "answer to an order, after the commit": (6, lambda: self._order("after_commit")),
            "answers to reads": (6, self._reads),
            "doubtful refusal": (2, self._doubtful),
            "order made late": (2, lambda: self._placing("late_commit", s=1)),
            "partly filled, then cancelled": (2, lambda: self._placing("partial_fill", pct=50)),
            "partly filled, then the rest": (
                2,
                lambda: self._placing("partial_fill", pct=50, rest="later", s=2),
            ),
            "views that lag": (3, self._lags),
            "prices that cannot be": (3, self._prices),
            "storm of 429": (2, lambda: self._storm(429, 0.6)),
            "storm of 401": (2, lambda: self._storm(401, 0.4)),
            "exchange killed": (2, self._kill_venue),
            "candle venue closed": (1, self._no_candles),
            "market moves": (3, self._move),
            "SIGKILL of a worker": (3, lambda: self._signal(signal.SIGKILL)),
            "SIGSTOP of a worker": (2, lambda: self._signal(signal.SIGSTOP)),
            "SIGKILL amid an order": (4, self._kill_amid),
            "SIGKILL of the supervisor": (1, self._kill_supervisor),
        }

    def inject(self, kind: str) -> None:
        """Let it happen, trade meanwhile, and take away what is left of it."""
        super().inject(kind)
        self.fired += self.venue.fired()
        self.venue.post("faults", clear=True)

    # -- the line

    def _order(self, phase: str) -> None:
        action = self.dice.choice(list(LINE))
        self._placing(action.partition(" ")[0], phase=phase, **LINE[action])

    def _placing(self, action: str, *, phase: str = "after_commit", **params: Any) -> None:  # noqa: ANN401
        self.venue.fault(action, phase=phase, match={**PLACING, "count": 1}, **params)
        self._until_fired()

    def _doubtful(self) -> None:
        phase = self.dice.choice(("before_commit", "after_commit"))
        self._placing("refuse", phase=phase, code=self.dice.choice(DOUBTFUL))

    def _reads(self) -> None:
        for _ in range(3):
            action = self.dice.choice(list(LINE))
            match = {**READING, "count": self.dice.randint(1, 3)}
            name = action.partition(" ")[0]
            self.venue.fault(name, phase="in_body", match=match, **LINE[action])
        self._until_fired()

    def _storm(self, code: int, share: float) -> None:
        match = {"listener": "rest", "probability": share}
        self.venue.fault("status", phase="before_commit", match=match, code=code)
        self._trade_for(self.dice.uniform(1, 3))

    def _prices(self) -> None:
        match = {"path_regex": "best_bid_ask", "count": 10}
        self.venue.fault(self.dice.choice(PRICES), phase="in_body", match=match, x=2)
        self._trade_for(2)

    def _no_candles(self) -> None:
        self.venue.fault("close", phase="in_body", match={"listener": "kucoin"})
        self._trade_for(2)

    # -- the exchange

    def _lags(self) -> None:
        views = ("order_lag_s", "list_lag_s", "fills_lag_s", "balance_lag_s")
        lags = {view: round(self.dice.uniform(0, _LONGEST_LAG_S), 2) for view in views}
        self.venue.post("policy", **lags)
        self._trade_for(2)
        self.venue.post("policy", **dict.fromkeys(views, 0))

    def _kill_venue(self) -> None:
        self.trade()
        self.venue.stop()
        time.sleep(self.dice.uniform(0, 2))
        self.venue.start()

    def _move(self) -> None:
        for coin in COINS:
            before = float(self.venue.post("product", id=f"{coin}-USD")["price"])
            price = before * self.dice.uniform(0.985, 1.015)
            self.venue.post("price", id=f"{coin}-USD", price=f"{price:.2f}")
        self.trade()

    # -- the daemon

    def _kill_amid(self) -> None:
        """While the exchange holds the order, taken or not, the trader dies."""
        phase = self.dice.choice(("before_commit", "after_commit"))
        match = {**PLACING, "count": 1}
        self.venue.fault("hang_before_headers", phase=phase, match=match)
        self._until_fired()
        self._signal(signal.SIGKILL)

    def _until_fired(self) -> None:
        for _ in range(_TRIES):
            self.trade()
            if self.venue.fired():
                return

    def _trade_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.trade()
            time.sleep(0.2)
