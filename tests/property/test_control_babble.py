"""The parser of the control protocol under masses of random messages.

20,000 of them in `make test`; ``POWERTRADERD_BABBLE=1000000`` asks for more.
"""

import os
import resource

from powertraderd.supervision.protocol import (
    MAX_MESSAGE,
    Answer,
    Code,
    encode_answer,
    parse_request,
)
from powertraderd.testing.babble import messages

COUNT = int(os.environ.get("POWERTRADERD_BABBLE", "20000"))
_REFUSALS = {Code.BAD_MESSAGE, Code.TOO_LARGE, Code.UNKNOWN_VERB, Code.BAD_ARGUMENTS}


def _resident_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_random_messages_are_requests_or_refusals_and_leave_nothing_behind() -> None:
    """Nothing is raised, every refusal can be sent, and memory stays where it was."""
    codes: dict[str, int] = {}
    settled = 0
    for number, message in enumerate(messages(seed=24, count=COUNT)):
        outcome = parse_request(message)
        code = outcome.code if isinstance(outcome, Answer) else "request"
        codes[code] = codes.get(code, 0) + 1
        if isinstance(outcome, Answer):
            assert outcome.code in _REFUSALS
            assert len(encode_answer(outcome)) < MAX_MESSAGE
        if number == COUNT // 4:
            settled = _resident_kib()
    assert set(codes) == {*_REFUSALS, "request"}, "every kind was tried"
    assert _resident_kib() - settled < 4096
