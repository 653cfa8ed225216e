"""A daemon for each test, or one that lives through many of them; nothing is left afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from powertraderd.testing.rig import ROLES, Daemon, until

_PATIENCE_S = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole daemons start here; on a busy machine that takes ten times longer."""
    for item in items:
        if "faults" in item.path.parts:
            item.add_marker(pytest.mark.timeout(_PATIENCE_S))


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that has not been started."""
    under_test = Daemon(tmp_path)
    yield under_test
    under_test.clean_up()
    assert _tracebacks(under_test) == []


@pytest.fixture(scope="session")
def _longest_serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    under_test = Daemon(tmp_path_factory.mktemp("veteran"))
    under_test.configure(breaker_fast_deaths=1000, breaker_slow_deaths=1000)
    under_test.start()
    yield under_test
    under_test.clean_up()


@pytest.fixture
def veteran(_longest_serving: Daemon) -> Iterator[Daemon]:
    """A running daemon that has been through the tests before; the breaker never trips in it."""
    until(_longest_serving.all_running, "all workers to run")
    _longest_serving.forget()
    yield _longest_serving
    for role in ROLES:
        _longest_serving.order(role, "")
    assert _tracebacks(_longest_serving) == []


def _tracebacks(daemon: Daemon) -> list[str]:
    """Of the supervisor itself; workers may have some by order."""
    return [
        entry["exception"]
        for entry in daemon.logs()
        if entry["worker"] == "supervisor" and "exception" in entry
    ]
