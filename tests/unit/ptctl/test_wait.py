"""Waiting for the daemon."""

import re
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from powertraderd.testing.control_server import RecordedDaemon, Reply, good


def status(*, ready: bool = True, trained: str = "READY") -> Reply:
    """What matters here of a status."""
    worker: dict[str, Any] = {"state": "STARTING", "phase": "boot", "ready": ready}
    coins = {"BTC": {"training": {"state": trained}}}
    return good(
        {"workers": {"trainer": {**worker, "ready": True}, "trader": worker}, "coins": coins}
    )


def test_ready_when_all_workers_are(daemon: RecordedDaemon, ptctl: Callable[..., Result]) -> None:
    """Says how long it took."""
    daemon.replies["status"] = status()
    result = ptctl("wait")
    assert result.exit_code == 0
    assert re.fullmatch(r"ready after \d\.\d s\n", result.stdout)


def test_it_goes_on_asking_until_it_is_so(
    daemon: RecordedDaemon, ptctl: Callable[..., Result]
) -> None:
    """Not ready at first, ready later."""
    daemon.replies["status"] = status(ready=False)

    def get_ready() -> None:
        while not daemon.requests:
            time.sleep(0.01)
        daemon.replies["status"] = status()

    waker = threading.Thread(target=get_ready)
    waker.start()
    assert ptctl("wait", "--timeout", "20").exit_code == 0
    waker.join()
    assert len(daemon.requests) > 1


@pytest.mark.parametrize(
    ("words", "reply", "missing"),
    [
        (["ready"], status(ready=False), "trader (STARTING boot)"),
        (["--worker", "trader"], status(ready=False), "trader (STARTING boot)"),
        (["--worker", "bogus"], status(), "bogus (no such worker; known: trainer, trader)"),
        (["trained"], status(trained="RUNNING"), "BTC (RUNNING)"),
        (["ready"], good(), "no worker is known yet"),
        (["trained"], good(), "no coin is known yet"),
    ],
)
def test_time_is_up_with_five_and_says_what_is_missing(
    words: list[str],
    reply: Reply,
    missing: str,
    daemon: RecordedDaemon,
    ptctl: Callable[..., Result],
) -> None:
    """So that nobody has to ask again."""
    daemon.replies["status"] = reply
    result = ptctl("wait", *words, "--timeout", "0")
    assert result.exit_code == 5
    assert missing in result.stderr


def test_one_worker_is_enough_where_one_is_named(
    daemon: RecordedDaemon, ptctl: Callable[..., Result]
) -> None:
    """After a restart of it, for instance."""
    daemon.replies["status"] = status(ready=False)
    assert ptctl("wait", "--worker", "trainer", "--timeout", "0").exit_code == 0


def test_stopped_when_nobody_answers(
    daemon: RecordedDaemon, ptctl: Callable[..., Result], tmp_path: object
) -> None:
    """And not while somebody does."""
    daemon.replies["status"] = status()
    assert ptctl("wait", "stopped", "--timeout", "0").exit_code == 5
    assert ptctl("wait", "stopped", "--socket", f"{tmp_path}/gone.sock").exit_code == 0


def test_training_can_be_waited_for(daemon: RecordedDaemon, ptctl: Callable[..., Result]) -> None:
    """`train --wait` ends when all coins are trained."""
    daemon.replies |= {"train": good(), "status": status()}
    result = ptctl("train", "--wait")
    assert result.exit_code == 0
    assert "trained after" in result.stdout


def test_training_that_takes_too_long_is_shown_and_given_up(
    daemon: RecordedDaemon, ptctl: Callable[..., Result]
) -> None:
    """With a bar on standard error."""
    daemon.replies |= {"train": good(), "status": status(trained="RUNNING")}
    result = ptctl("train", "--wait", "--timeout", "1")
    assert result.exit_code == 5
    assert "BTC      RUNNING" in result.stderr
