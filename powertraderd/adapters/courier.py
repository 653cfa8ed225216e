"""Carries messages to the owner: each delivery is a process of its own with a deadline.

Services hang and drip like exchanges do. Whoever waits for them must not be the exporter: it looks
in now and then, and kills a delivery that takes too long.
"""

import json
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

from powertraderd.model.news import News, Receipt

_NS = 1_000_000_000


class Courier:
    """At most one delivery at a time; ``urls`` are secret."""

    def __init__(self, urls: Sequence[str], timeout_s: float, command: Sequence[str]) -> None:
        """Nothing is on its way; ``command`` runs apprise_post."""
        self._command = list(command)
        self._urls = list(urls)
        self._timeout_ns = int(timeout_s * _NS)
        self._process: subprocess.Popen[bytes] | None = None
        self._until_ns = 0

    @property
    def busy(self) -> bool:
        """Whether a delivery is on its way."""
        return self._process is not None

    def send(self, news: News) -> None:
        """Begin a delivery; raises OSError when no process can be made."""
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        wish = {"urls": self._urls, "title": f"powertraderd: {news.title}", "text": news.text}
        with suppress(BrokenPipeError):  # it died at once; its receipt is missing
            if process.stdin is not None:
                process.stdin.write(json.dumps(wish).encode())
                process.stdin.close()
        self._process = process
        self._until_ns = time.monotonic_ns() + self._timeout_ns

    def outcome(self) -> tuple[Receipt, ...] | None:
        """Receipts once the delivery is over; None while it is on its way.

        One that took too long is killed here, and has a single receipt that says so.
        """
        process = self._process
        if process is None:
            return None
        if process.poll() is None:
            if time.monotonic_ns() < self._until_ns:
                return None
            self.close()
            slow = f"no answer for {self._timeout_ns / _NS:g} s: given up"
            return (Receipt("all addresses", delivered=False, trouble=slow),)
        said = process.stdout.read() if process.stdout else b""
        self.close()
        return _receipts(said, process.returncode)

    def close(self) -> None:
        """Nothing stays behind."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def _receipts(said: bytes, code: int) -> tuple[Receipt, ...]:
    try:
        rows = json.loads(said)
        return tuple(Receipt(row["address"], row["delivered"], row["trouble"]) for row in rows)
    except (ValueError, KeyError, TypeError):
        trouble = f"the delivery ended with {code} and no receipt"
        return (Receipt("all addresses", delivered=False, trouble=trouble),)
