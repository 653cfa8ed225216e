"""Messages to the owner, from a real fill to a real receiver, and around one that hangs."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from powertraderd.testing.rig import Daemon, until

_SECRET = "correct-horse"  # noqa: S105 - planted, to be looked for
_NOTIFY: dict[str, object] = {"timeout_seconds": 2, "events": ["fill", "state"]}


@pytest.fixture
def received() -> Iterator[tuple[str, Queue[dict[str, Any]]]]:
    """An apprise address of a receiver on loopback, and what came there."""
    came: Queue[dict[str, Any]] = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.put(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            """Stay quiet."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"json://owner:{_SECRET}@127.0.0.1:{server.server_port}/hook", came
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def silent() -> Iterator[str]:
    """An address of somebody who takes the call and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"json://owner:{_SECRET}@127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    """A running daemon with real trader and exporter that writes to these addresses."""
    made: list[Daemon] = []

    def start(*urls: str) -> Daemon:
        daemon = Daemon(tmp_path, "exporter", "trainer", "trader")
        made.append(daemon)
        daemon.configure(sections={"notify": {**_NOTIFY, "urls": list(urls)}})
        return daemon.start()

    yield start
    for daemon in made:
        daemon.clean_up()


def _title(came: Queue[dict[str, Any]], word: str) -> str:
    """The first message from now on that has ``word`` in it."""
    while True:
        message = came.get(timeout=90)
        text = f"{message['title']} {message['message']}"
        if word in text:
            return text


def test_a_fill_and_a_halt_reach_the_owner_and_the_address_stays_secret(
    told: Callable[..., Daemon], received: tuple[str, Queue[dict[str, Any]]], tmp_path: Path
) -> None:
    """As they happen, each once; `ptctl notify test` says that the way is free."""
    address, came = received
    daemon = told(address)
    tried = daemon.ptctl("notify", "test")
    assert tried.returncode == 0, tried.stderr
    assert "delivered" in tried.stdout
    assert "what messages will look like" in _title(came, "test")
    until(daemon.bought, "a purchase")
    assert "BTC" in _title(came, "BTC")
    assert daemon.ptctl("halt", "--reason", "fire drill").returncode == 0
    assert "fire drill" in _title(came, "is halted")
    shown = [daemon.ptctl(*words, "--json").stdout for words in (("status",), ("reload",))]
    daemon.stop()
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    holders = [text for text in written if _SECRET.encode() in text]
    assert holders == [daemon.config.read_bytes()]
    assert not any(_SECRET in text for text in [*shown, tried.stdout, tried.stderr])


def test_a_service_that_hangs_is_given_up_counted_and_holds_nobody_up(
    told: Callable[..., Daemon], received: tuple[str, Queue[dict[str, Any]]], silent: str
) -> None:
    """Orders go through meanwhile, and no worker dies of it."""
    address, came = received
    daemon = told(address, silent)
    tried = daemon.ptctl("notify", "test")
    assert tried.returncode == 1
    assert "2 s" in tried.stderr
    until(daemon.bought, "a purchase")
    assert _title(came, "BTC")
    until(
        lambda: daemon.metrics().get('powertraderd_notifications_total{outcome="failed"}', 0) > 1,
        "the deliveries to be counted",
    )
    assert not daemon.logs("worker_died")
