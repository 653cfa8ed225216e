"""Exceptions sorted by what the catcher must do, and the exit codes they map to.

The class docstring is the default message; fields carry the data.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a process says when it leaves; the supervisor judges its own children by these."""

    CLEAN = 0
    INTERNAL = 70
    TEMPORARY = 75
    CREDENTIALS = 77
    CONFIG = 78


class PowertraderError(Exception):
    """Something went wrong."""

    exit_code = ExitCode.INTERNAL

    def __init__(self, message: str | None = None) -> None:
        """Use ``message``, or the first line of the class docstring."""
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])


class ConfigError(PowertraderError):
    """The settings are not usable: park until the owner mends them."""

    exit_code = ExitCode.CONFIG


class CredentialsRejected(PowertraderError):
    """The exchange refuses the key: park until the owner mends it."""

    exit_code = ExitCode.CREDENTIALS


class TransientExchangeError(PowertraderError):
    """The exchange could not answer; a read may be tried again."""

    exit_code = ExitCode.TEMPORARY


class RateLimited(TransientExchangeError):
    """The exchange asks for patience."""

    def __init__(self, message: str | None = None, *, retry_after_s: float | None = None) -> None:
        """Keep the pause that the exchange asked for, in seconds, where it named one."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class InvalidAnswer(TransientExchangeError):
    """The exchange answered with something that cannot be true; nothing was changed."""


class AmbiguousOrder(PowertraderError):
    """The outcome of a placement is unknown: resolve it by reading, never send it again blindly."""


class DataUnavailable(PowertraderError):
    """The data asked for does not exist (yet): unknown, which is not the same as empty."""

    exit_code = ExitCode.TEMPORARY


class StoreDamaged(PowertraderError):
    """A file of ours is damaged and was left as it is.

    The message names the file, what is wrong with it, and the remedy.
    """


class StoreTooNew(StoreDamaged):
    """A file was written by a newer version and is refused."""


class StoreUnavailable(PowertraderError):
    """A file of ours cannot be used right now: disk full, no permission, locked for too long.

    The message names the file, what the system says, and the remedy. Nothing was changed.
    """

    exit_code = ExitCode.TEMPORARY


class InvariantBroken(PowertraderError):
    """The books do not add up: halt trading, keep everything, tell the owner."""


class StateLocked(PowertraderError):
    """Another process holds the lock: there must be only one."""

    exit_code = ExitCode.TEMPORARY
