"""When a refused key is believed: a 401 now and then is the exchange's weather, not our key."""

from powertraderd.clock import NANOSECOND, Clock
from powertraderd.errors import CredentialsRejected, PowertraderError, TransientExchangeError

LEAST_REFUSALS = 5


class KeyWatch:
    """Counts refusals since the key was last accepted."""

    def __init__(self, clock: Clock, after_s: float) -> None:
        """A key is believed to be refused after ``after_s`` machine seconds of nothing else."""
        self._clock = clock
        self._after_ns = int(after_s * NANOSECOND)
        self._refusals = 0
        self._since_ns = 0

    def accepted(self) -> None:
        """The exchange took the key."""
        self._refusals = 0

    def rejected(self, message: str) -> PowertraderError:
        """What to raise for a refusal."""
        now_ns = self._clock.monotonic_ns()
        if not self._refusals:
            self._since_ns = now_ns
        self._refusals += 1
        lasted_ns = now_ns - self._since_ns
        if self._refusals < LEAST_REFUSALS or lasted_ns < self._after_ns:
            return TransientExchangeError(f"{message}; asking again")
        return CredentialsRejected(
            f"{message}, {self._refusals} times in {lasted_ns / NANOSECOND:.0f} s: make a new key "
            "or mend this one (rights, IP list, the machine's clock), then `ptctl unpark trader`"
        )
