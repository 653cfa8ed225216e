"""A worker process with the test in the supervisor's place; see performer.py."""

import json
import os
import select
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from powertraderd.settings import PathSettings, Settings
from powertraderd.supervision import spawn
from powertraderd.supervision.channel import Channel, TradingState
from powertraderd.supervision.page import Page


class Stage:
    """One performer and our end of its channel."""

    def __init__(self, state_dir: Path) -> None:
        """Nobody performs yet."""
        self.settings = Settings(paths=PathSettings(state_dir=state_dir))
        self.children: list[spawn.Child] = []

    def perform(self, behaviour: str, role: str = "thinker", **first: object) -> spawn.Child:
        """Start a performer; ``first`` changes the start message."""
        start: dict[str, Any] = {
            "type": "start",
            "settings": json.loads(self.settings.model_dump_json()),
            "clock": {"kind": "real"},
            "incarnation": 3,
            "trading": asdict(TradingState(paused=True)),
            "last_page": None,
            "quarantine": [],
            **first,
        }

        def command(name: str, page_fd: int, channel_fd: int) -> list[str]:
            numbers = ("--page-fd", str(page_fd), "--channel-fd", str(channel_fd))
            supervisor = ("--supervisor-pid", str(os.getpid()))
            module = "powertraderd.testing.performer"
            return spawn.python_command(module, behaviour, name, *numbers, *supervisor)

        child = spawn.spawn(role, 3, command, start, time.monotonic_ns())
        self.children.append(child)
        return child

    def clean_up(self) -> None:
        """Leave nobody behind."""
        for child in self.children:
            child.kill_group()
            child.process.wait()
            child.close()


def hear(channel: Channel, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The next message that is ``wanted``; others are thrown away."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        select.select([channel], [], [], 1)
        message = channel.receive()
        if message is not None and wanted(message):
            return message
    raise AssertionError("waited 20 s in vain for a message")


def told(child: spawn.Child, what: str) -> dict[str, Any]:
    """The performer's next report about ``what``."""
    message = hear(child.channel, lambda each: each.get("report", {}).get("what") == what)
    report: dict[str, Any] = message["report"]
    return report


def page_of(child: spawn.Child, phase: str) -> Page:
    """Its page, once it is in ``phase``."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        page = child.page.read(time.monotonic_ns()).page
        if page is not None and page.phase == phase:
            return page
        time.sleep(0.01)
    msg = f"waited 20 s in vain for phase {phase}"
    raise AssertionError(msg)
