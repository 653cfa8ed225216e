"""`--watch`: the same look again and again, until Ctrl-C."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

from powertraderd.ptctl.session import Leave

_CLEAR = "\x1b[H\x1b[2J\x1b[3J"


def looks(seconds: float | None) -> Iterator[None]:
    """One turn; with ``seconds`` one turn after the other, on a clean screen where there is one.

    Ctrl-C leaves with 0. A daemon that goes away ends it with that verb's own code.
    """
    if seconds is None:
        yield
        return
    signal.signal(signal.SIGINT, _leave)
    while True:
        if sys.stdout.isatty():
            sys.stdout.write(_CLEAR)
        yield
        time.sleep(seconds)


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """At once: nothing is held, and the library that draws complains of exceptions in its midst."""
    if sys.stdout.isatty():
        os.write(sys.stdout.fileno(), b"\n")  # below the ^C that the terminal wrote
    os._exit(Leave.DONE)
