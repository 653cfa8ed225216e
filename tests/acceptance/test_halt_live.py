"""The kill switch in live mode: 100 halts at random moments, counted at the exchange.

The real daemon buys from a loopback exchange over TLS as fast as people ask it to. What the
exchange read after `ptctl halt` had returned is in its own journal.
"""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from powertraderd.supervision.protocol import Answer
from powertraderd.testing.live import LiveDaemon
from powertraderd.testing.rig import alive, until
from powertraderd.testing.venue import Venue

pytestmark = pytest.mark.timeout(1200)
REPETITIONS = 100
UNDER_WAY_S = 0.25
"""What the trader sent before the halt may lie in the exchange's socket for so long."""
ORDERS = {"method": "POST", "path_regex": "/orders$"}


@pytest.fixture(scope="module")
def daemon(venue: Venue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveDaemon]:
    """`powertraderd run`; no limit holds it back, and a halt waits for half a second."""
    running = LiveDaemon(tmp_path_factory.mktemp("live"), venue)
    text = running.config.read_text(encoding="utf-8")
    free = 'max_orders_per_hour = "none"\nmax_position_pct = "none"\nmax_exposure_pct = "none"\n'
    text = text.replace("max_orders_per_hour = 1000\n", free)
    text = text.replace("[exporter]", "[control]\nhalt_seconds = 0.5\n\n[exporter]")
    running.config.write_text(text, encoding="utf-8")
    running.start()
    yield running
    running.clean_up()


class Buyers:
    """People who buy as fast as they are answered, half of them the one coin, half the other."""

    def __init__(self, daemon: LiveDaemon) -> None:
        """Begin."""
        self._daemon = daemon
        self._over = threading.Event()
        self.answers: list[Answer] = []
        self._threads = [
            threading.Thread(target=self._buy, args=(coin,)) for coin in ("BTC", "ETH", "BTC")
        ]
        for thread in self._threads:
            thread.start()

    def _buy(self, coin: str) -> None:
        while not self._over.is_set():
            args = {"coin": coin, "usd": "2"}
            self.answers.append(self._daemon.client.request("buy", args, 20))

    def end(self) -> None:
        """Go home."""
        self._over.set()
        for thread in self._threads:
            thread.join(30)


def posts(venue: Venue) -> list[float]:
    """When the exchange read each order, machine seconds."""
    return [
        entry["t_mono"]
        for entry in venue.get("journal?since=0")
        if entry["method"] == "POST" and entry["path"].endswith("/orders")
    ]


def test_once_a_halt_has_returned_the_exchange_reads_no_order_any_more(
    daemon: LiveDaemon, venue: Venue
) -> None:
    """A tenth of the time the trader is stopped, a fifth of the time it hangs in the very call."""
    dice = random.Random(11)  # noqa: S311 - the same dice for everybody
    until(lambda: daemon.client.request("buy", {"coin": "BTC", "usd": "2"}, 20).ok, "a first buy")
    killed, latest = 0, -UNDER_WAY_S
    for repetition in range(REPETITIONS):
        until(daemon.all_running, "all workers to run")
        pid = daemon.worker("trader")["pid"]
        known = len(posts(venue))
        if repetition % 5 == 3:
            venue.fault("hang_before_headers", match={**ORDERS, "count": 1})
        buyers = Buyers(daemon)
        until(lambda: len(posts(venue)) > known, "an order")  # noqa: B023 - waited for here
        time.sleep(dice.uniform(0, 0.3))
        if repetition % 10 == 9:
            os.kill(pid, signal.SIGSTOP)
        answer = daemon.client.request("halt", {"reason": f"number {repetition}"}, 30)
        returned = time.monotonic()
        assert answer.ok, answer.message
        killed += not alive(pid)
        time.sleep(2 * UNDER_WAY_S)
        buyers.end()
        seen = posts(venue)
        latest = max([latest, *(at - returned for at in seen)])
        assert not [at for at in seen if at > returned + UNDER_WAY_S], f"number {repetition}"
        venue.post("faults", clear=True)
        assert daemon.ask("resume").ok
    print(f"{len(posts(venue))} orders, {killed} killed, latest {latest:+.3f} s")  # noqa: T201
    assert killed >= REPETITIONS // 10
    until(daemon.all_running, "all workers to run")
    until(lambda: not daemon.in_flight(), "orders to come to their end", 90)
    sent = [order["client_order_id"] for order in venue.orders()]
    assert len(sent) == len(set(sent))
