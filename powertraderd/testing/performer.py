"""A worker that tells its supervisor everything, and does one thing well or badly.

``python -m powertraderd.testing.performer BEHAVIOUR ROLE ...``, the rest as for a real worker.
"""

import os
import sys
import time
from pathlib import Path

from powertraderd.errors import CredentialsRejected, InvariantBroken, TransientExchangeError
from powertraderd.supervision.channel import TradingState
from powertraderd.supervision.protocol import Answer
from powertraderd.workers.__main__ import main
from powertraderd.workers.role import Command, Context

_FAILURES = 2


class Performer:
    """Tells the supervisor about everything that happens to it."""

    def __init__(self, behaviour: str, context: Context) -> None:
        """``behaviour`` is one of the words below."""
        self._behaviour = behaviour
        self._context = context
        self._cycles = 0

    def start(self, context: Context) -> None:
        """Report what was handed over."""
        page = context.last_page
        self._tell(
            "start",
            role=context.settings.trading.coins,
            market=context.clock.now(),
            trading=[context.trading.paused, context.trading.safe_mode],
            last_phase=page and page.phase,
            quarantined=[entry.detail for entry in context.quarantines],
            descriptors=sorted(int(path.name) for path in Path("/proc/self/fd").iterdir()),
            environment=sorted(os.environ),
        )

    def cycle(self) -> float:
        """Do what the behaviour says; otherwise pause for a minute."""
        self._cycles += 1
        self._tell("cycle", number=self._cycles)
        match self._behaviour:
            case "outage" if self._cycles <= _FAILURES:
                raise TransientExchangeError("the exchange is down")
            case "rejected":
                raise CredentialsRejected
            case "broken_books":
                raise InvariantBroken("the books are off by 1")
            case "bug":
                raise KeyError("no such thing")
            case "stuck":
                with self._context.heart.phase("stuck.call", 60, "order 17"):
                    time.sleep(600)
            case "polls":
                while self._context.poll():
                    time.sleep(0.01)
            case "eager":
                return 0.0
        return 60.0

    def command(self, command: Command) -> Answer:
        """Obey, fail for now, or fail badly: by verb."""
        if command.verb == "reconcile":
            raise TransientExchangeError("later, please")
        if command.verb == "sell":
            raise ValueError("not like that")
        self._context.poll()  # must not run the next command inside this one
        return Answer(command.id, ok=True, code="ok", data={"args": str(command.args)})

    def trading(self, state: TradingState) -> None:
        """Report it."""
        self._tell("trading", paused=state.paused, safe_mode=state.safe_mode)

    def close(self) -> None:
        """Report it."""
        self._tell("close")

    def _tell(self, what: str, **facts: object) -> None:
        self._context.report({"what": what, **facts})


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], lambda _name, context: Performer(sys.argv[1], context)))
