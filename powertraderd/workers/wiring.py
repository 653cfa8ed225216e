"""Which role a worker's name means, and the adapters that it is given."""

from powertraderd.errors import ConfigError
from powertraderd.supervision.channel import TradingState
from powertraderd.supervision.protocol import Answer
from powertraderd.supervision.roles import START_ORDER
from powertraderd.workers.role import Command, Context, Role


class Quiet:
    """A role that only shows that it lives."""

    def __init__(self) -> None:
        """Nothing done yet."""
        self._cycles = 0

    def start(self, context: Context) -> None:
        """Remember the context."""
        self._context = context

    def cycle(self) -> float:
        """Report the number of cycles; every trader tick."""
        self._cycles += 1
        self._context.report({"cycles": self._cycles})
        return self._context.settings.trading.tick_seconds

    def command(self, command: Command) -> Answer:
        """Say what was asked."""
        return Answer(command.id, ok=True, code="ok", message=f"{command.verb} heard")

    def trading(self, state: TradingState) -> None:
        """Say so in the log."""
        self._context.log.info("trading_state", paused=state.paused, halted=state.halted)

    def close(self) -> None:
        """Nothing to close."""


def role(name: str, context: Context) -> Role:  # noqa: ARG001 - the real roles need it
    """The role called ``name``; raises ConfigError for a name that is none."""
    if name not in START_ORDER:
        msg = f"there is no worker {name!r}; there are {', '.join(START_ORDER)}"
        raise ConfigError(msg)
    return Quiet()
