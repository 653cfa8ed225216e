"""Keys of the live view: what each means, read from the terminal one at a time."""

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum

QUIT = "q"
HELP = (
    ("p", "pause (nothing is bought, exits go on), or resume; y confirms"),
    ("d", "positions and orders in detail"),
    ("l", "the newest log lines"),
    ("r", "look again now"),
    ("?", "this help; the key that opened a view closes it"),
    ("q", "leave; Ctrl-C too"),
)
"""Each key of the view and what it does."""


class Pane(StrEnum):
    """What the lower part of the view shows."""

    DECISIONS = "decisions"
    DETAILS = "details"
    LOG = "log"
    HELP = "help"


_PANES = {"d": Pane.DETAILS, "l": Pane.LOG, "?": Pane.HELP, "h": Pane.HELP}


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at; ``asks`` is the verb that waits for a yes, ``said`` the last answer."""

    pane: Pane = Pane.DECISIONS
    asks: str = ""
    said: str = ""


def pressed(view: View, key: str, *, active: bool) -> tuple[View, str]:
    """The view after ``key``, and the verb that is to be asked now; "" for none.

    ``active`` is whether the daemon trades, so that p means pause; else it means resume.
    """
    if view.asks:
        answered = replace(view, asks="", said="" if key == "y" else f"{view.asks}: not done")
        return answered, view.asks if key == "y" else ""
    if key == "p":
        return replace(view, asks="pause" if active else "resume", said=""), ""
    if key in _PANES:
        pane = Pane.DECISIONS if view.pane is _PANES[key] else _PANES[key]
        return View(pane), ""
    return replace(view, said=""), ""


def foot(view: View) -> str:
    """The last line: the question, else the answer, and the keys."""
    if view.asks:
        return f"{view.asks} trading? y: yes, any other key: no"
    keys = "p pause/resume  d details  l log  ? help  q or Ctrl-C leaves"
    return f"{view.said}   {keys}" if view.said else keys


@contextmanager
def keyboard() -> Iterator[None]:
    """Keys come one at a time and are not shown; the terminal is given back as it was."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)  # Ctrl-C stays a signal
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def next_key(seconds: float) -> str:
    """The next key, or "" when none came within ``seconds``."""
    if not sys.stdin.isatty():
        time.sleep(seconds)
        return ""
    if not select.select([sys.stdin], [], [], seconds)[0]:
        return ""
    return os.read(sys.stdin.fileno(), 1).decode("ascii", "replace")
