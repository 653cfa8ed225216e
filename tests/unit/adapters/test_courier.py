"""Deliveries through apprise to a loopback server: taken, refused, hung; no secret is seen."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from powertraderd.adapters.courier import Courier
from powertraderd.model.news import News, Receipt
from powertraderd.supervision.spawn import python_command
from powertraderd.testing.rig import alive, until

SECRET = "s3cr3t-t0ken"  # noqa: S105 - planted
NEWS = News("state", "trading is halted", "drawdown: 51 percent")


class Service:
    """Takes JSON messages; ``behave`` says how it answers."""

    def __init__(self) -> None:
        """Serve on a free port."""
        self.taken: list[dict[str, Any]] = []
        self.behave: Callable[[BaseHTTPRequestHandler], None] = lambda http: http.send_response(200)
        self.over = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.taken.append(json.loads(body))
                service.behave(self)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def hang(self, _http: BaseHTTPRequestHandler) -> None:
        """Say nothing until the test is over."""
        self.over.wait(60)

    @property
    def url(self) -> str:
        """As the owner writes it, with a password."""
        return f"json://owner:{SECRET}@127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def service() -> Iterator[Service]:
    """A service on loopback."""
    made = Service()
    yield made
    made.over.set()
    made.server.shutdown()
    made.server.server_close()
    made.thread.join()


def courier_of(urls: Sequence[str], timeout_s: float) -> Courier:
    """As the exporter has it."""
    return Courier(urls, timeout_s, python_command("powertraderd.adapters.apprise_post"))


def receipts_of(courier: Courier) -> tuple[Receipt, ...]:
    """Wait for them."""
    found = until(courier.outcome, "the delivery to be over")
    assert not courier.busy
    return found


def delivered(courier: Courier) -> tuple[Receipt, ...]:
    """Send, and wait for the receipts."""
    courier.send(NEWS)
    return receipts_of(courier)


def test_a_message_arrives_with_its_title_and_text(service: Service) -> None:
    """And the receipt shows the address without its secret."""
    (receipt,) = delivered(courier_of([service.url], 30))
    assert receipt.delivered
    assert SECRET not in receipt.address
    assert "127.0.0.1" in receipt.address
    (taken,) = service.taken
    assert taken["title"] == "powertraderd: trading is halted"
    assert taken["message"] == "drawdown: 51 percent"


def test_an_address_that_fails_does_not_keep_the_others_from_theirs(service: Service) -> None:
    """One refused, one unknown, one taken."""
    refusing = Service()
    refusing.behave = lambda http: http.send_response(500)
    try:
        urls = [refusing.url, "carrierpigeon://coop", service.url]
        refused, unknown, taken = delivered(courier_of(urls, 30))
    finally:
        refusing.server.shutdown()
        refusing.server.server_close()
        refusing.thread.join()
    assert (refused.delivered, refused.trouble) == (False, "the service did not take it")
    assert (unknown.address, unknown.delivered) == ("carrierpigeon://...", False)
    assert taken.delivered


def test_a_service_that_hangs_is_given_up_at_the_deadline(service: Service) -> None:
    """The process is gone, and nobody waited for it."""
    service.behave = service.hang
    courier = courier_of([service.url], 3)
    asked = time.monotonic()
    courier.send(NEWS)
    assert time.monotonic() - asked < 2
    process = courier._process
    assert process is not None
    until(lambda: service.taken, "the message to arrive")
    assert courier.outcome() is None
    (receipt,) = receipts_of(courier)
    assert (receipt.delivered, receipt.trouble) == (False, "no answer for 3 s: given up")
    assert not alive(process.pid)


def test_the_secret_stands_in_no_argument_and_no_environment(service: Service) -> None:
    """Where every user of the machine could read it."""
    service.behave = service.hang
    courier = courier_of([service.url], 60)
    courier.send(NEWS)
    process = courier._process
    assert process is not None
    for name in ("cmdline", "environ"):
        assert SECRET.encode() not in Path(f"/proc/{process.pid}/{name}").read_bytes()
    courier.close()
    assert not alive(process.pid)


def test_a_delivery_that_dies_has_a_receipt_that_says_so(service: Service) -> None:
    """Killed from outside, for example for memory."""
    service.behave = service.hang
    courier = courier_of([service.url], 60)
    courier.send(NEWS)
    process = courier._process
    assert process is not None
    process.kill()
    (receipt,) = receipts_of(courier)
    assert receipt.trouble == "the delivery ended with -9 and no receipt"
