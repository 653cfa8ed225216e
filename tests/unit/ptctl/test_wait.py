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


def training(btc: str, eth: str) -> Reply:
    """Two coins, a timeframe each."""
    phase = {"phase": "learn", "detail": "BTC 1hour", "progress": [5, 9]}
    states = {"BTC": btc, "ETH": eth}
    return good(
        {
            "trainer": {"state": "RUNNING", **phase},
            "coins": {coin: {"training": {"state": state}} for coin, state in states.items()},
            "timeframes": {
                coin: {"1hour": {"state": state, "progress": 5 / 9}}
                for coin, state in states.items()
            },
        }
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
    daemon.replies |= {"train": good(), "training": status()}
    result = ptctl("train", "--wait")
    assert result.exit_code == 0
    assert "trained after" in result.stdout


def test_training_that_takes_too_long_is_shown_and_given_up(
    daemon: RecordedDaemon, ptctl: Callable[..., Result]
) -> None:
    """Without a terminal one line for each change says how far it is."""
    daemon.replies |= {"train": good(), "training": training("RUNNING", "READY")}
    result = ptctl("train", "--wait", "--timeout", "1")
    assert result.exit_code == 5
    said = result.stderr.splitlines()
    assert said[0] == "ptctl: 1 of 2 memories are ready; trainer: learn BTC 1hour, 5 of 9 candles"
    assert said[1:] == ["ptctl: refused (timed_out): not trained after 1.0 s: BTC (RUNNING)"]


def test_only_the_coins_that_are_named_are_waited_for(
    daemon: RecordedDaemon, ptctl: Callable[..., Result]
) -> None:
    """Another coin may take its time."""
    daemon.replies |= {"train": good(), "training": training("READY", "RUNNING")}
    assert ptctl("train", "BTC", "--wait", "--timeout", "1").exit_code == 0
    assert ptctl("train", "ETH", "--wait", "--timeout", "1").exit_code == 5


def test_on_a_terminal_the_bars_of_every_timeframe_move_in_place(
    daemon: RecordedDaemon, terminal: Callable[[list[str], str, str], tuple[int, str]]
) -> None:
    """Ctrl-C ends the waiting, says that the training goes on, and is no error."""
    daemon.replies |= {"train": good(), "training": training("RUNNING", "READY")}
    code, seen = terminal(["train", "--wait"], "5 of 9 candles", "\x03")
    assert code == 0
    assert "██▏░" in seen
    assert "the training goes on" in seen
    assert "Traceback" not in seen
