"""The border: the SDK behind it, plain dictionaries before it.

Everything that the SDK hands out becomes a dictionary by ``.to_dict()`` in this file, in the same
breath. Callers name a method in a lambda, ``lambda sdk: sdk.get_order(order_id)``, and nothing
else; a test reads this package's source for that.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import requests
from coinbase.rest import RESTClient

from powertraderd.adapters.coinbase import answers
from powertraderd.adapters.coinbase.key_watch import KeyWatch
from powertraderd.adapters.web import failures
from powertraderd.adapters.web.line import Allowance, Line, Tried, uncounted
from powertraderd.adapters.web.pace import Pace
from powertraderd.adapters.web.session import Timeouts, make_session
from powertraderd.clock import Clock
from powertraderd.errors import InvalidAnswer, PowertraderError
from powertraderd.model.api_key import ApiKey
from powertraderd.settings import ExchangeSettings

_Kind = TypeVar("_Kind", bound=answers.Answer)
Call = Callable[[Any], Any]
"""(the SDK) -> its response object"""

BURST = 12.0
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_NO_SCOPE = ("Missing required scopes", "PERMISSION_DENIED")
_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What the SDK raises while it takes an answer apart that is not what it expects."""


class NotFound(PowertraderError):
    """The exchange does not know it (yet)."""


class CoinbaseClient:
    """One per process, made after its start."""

    def __init__(
        self, key: ApiKey, settings: ExchangeSettings, clock: Clock, tried: Tried = uncounted
    ) -> None:
        """Nothing is asked yet; ``tried`` counts each request."""
        _silence()
        self._sdk = RESTClient(
            api_key=key.name, api_secret=key.private_key, base_url=settings.base_url
        )
        self._sdk.session.close()
        self._sdk.session = make_session(settings.ca_file)
        self._watch = KeyWatch(clock, settings.rejected_after_seconds)
        self.line = Line(
            clock,
            Pace(settings.requests_per_second, BURST, clock.monotonic_ns()),
            connect_s=settings.connect_timeout_seconds,
            read_s=settings.read_timeout_seconds,
            tried=tried,
        )

    def close(self) -> None:
        """Close the connections."""
        self._sdk.session.close()

    def allowance(self, budget_s: float) -> Allowance:
        """The time for one port call, over all its pages and tries."""
        return self.line.allowance(budget_s)

    def read(self, allowance: Allowance, what: str, kind: type[_Kind], call: Call) -> _Kind:
        """The answer to a question as ``kind``, asked again where that helps.

        Raises TransientExchangeError (InvalidAnswer, RateLimited), CredentialsRejected. A list
        that is not found is a wrong answer: it says nothing about what would be in it.
        """
        try:
            return self.find(allowance, what, kind, call)
        except NotFound as error:
            raise InvalidAnswer(str(error)) from None

    def find(self, allowance: Allowance, what: str, kind: type[_Kind], call: Call) -> _Kind:
        """Like `read`, of something that need not exist: raises NotFound."""
        return self.line.read(
            allowance, what, lambda timeouts: self._ask(what, kind, call, timeouts)
        )

    def send(self, allowance: Allowance, what: str, kind: type[_Kind], call: Call) -> _Kind:
        """The answer to something that must not be done twice: one try. Raises like `find`."""
        return self.line.ask_once(
            allowance, what, lambda timeouts: self._ask(what, kind, call, timeouts)
        )

    def may_send(self, allowance: Allowance) -> bool:
        """Whether something could leave in time; if not, nothing does."""
        return self.line.may_leave_within(allowance)

    def _ask(self, what: str, kind: type[_Kind], call: Call, timeouts: Timeouts) -> _Kind:
        self._sdk.timeout = timeouts
        try:
            answer: dict[str, Any] = call(self._sdk).to_dict()
        except requests.HTTPError as error:
            raise self._refused(what, error.response) from None
        except requests.JSONDecodeError:
            raise InvalidAnswer(f"{what}: the answer is no JSON") from None
        except requests.RequestException:
            raise
        except _MALFORMED as error:
            msg = f"{what}: the answer is not what it should be ({type(error).__name__})"
            raise InvalidAnswer(msg) from None
        self._watch.accepted()
        return answers.read(kind, answer, what)

    def _refused(self, what: str, response: requests.Response) -> PowertraderError:
        status = response.status_code
        if status == requests.codes.not_found:
            return NotFound(f"{what}: not found (404)")
        no_scope = status == _FORBIDDEN and any(word in response.text for word in _NO_SCOPE)
        if status == _UNAUTHORIZED or no_scope:
            return self._watch.rejected(f"{what}: the exchange refuses the key ({status})")
        self._watch.accepted()
        return failures.refused_status(what, response) or InvalidAnswer(f"{what}: status {status}")


def _silence() -> None:
    """The SDK's logger prints whole answers to standard error: take its voice away."""
    logger = logging.getLogger("coinbase.RESTClient")
    logger.handlers.clear()
    logger.propagate = False
    logger.disabled = True
