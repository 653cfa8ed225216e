"""A daemon for each test, and nothing left of it afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from powertraderd.testing.rig import Daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that has not been started."""
    under_test = Daemon(tmp_path)
    yield under_test
    under_test.clean_up()
    assert _tracebacks(under_test) == []


def _tracebacks(daemon: Daemon) -> list[str]:
    """Of the supervisor itself; workers may have some by order."""
    return [
        entry["exception"]
        for entry in daemon.logs()
        if entry["worker"] == "supervisor" and "exception" in entry
    ]
