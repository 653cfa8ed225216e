"""``python -m powertraderd.testing.fakex --state-dir DIR --seed N [--config FILE]``.

The first line on standard output is a JSON object that says where everything listens.
"""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from powertraderd.testing.fakex.admin import Admin
from powertraderd.testing.fakex.auth import Doorkeeper
from powertraderd.testing.fakex.certificates import Certificates
from powertraderd.testing.fakex.exchange import ConservationBroken, Exchange
from powertraderd.testing.fakex.faults import Faults
from powertraderd.testing.fakex.journal import Journal
from powertraderd.testing.fakex.kucoin import Kucoin
from powertraderd.testing.fakex.limits import Limits
from powertraderd.testing.fakex.listener import Converse, Listener
from powertraderd.testing.fakex.message import Answer, Request
from powertraderd.testing.fakex.rest import PREFIX, Rest
from powertraderd.testing.fakex.service import Api, Service

BROKEN = 70


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(prog="fakex", description=__doc__)
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--config", type=Path, help='JSON: {"keys": {name: public key as PEM}}')
    options = parser.parse_args(arguments)
    options.state_dir.mkdir(parents=True, exist_ok=True)
    threading.excepthook = _end_when_broken
    wanted = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    config = json.loads(options.config.read_text("utf-8")) if options.config else {}
    addresses = _open(options.state_dir, options.seed, config.get("keys", {}))
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()
    signal.sigwait(wanted)
    return 0


def _end_when_broken(report: threading.ExceptHookArgs) -> None:
    threading.__excepthook__(report)
    if issubclass(report.exc_type, ConservationBroken):
        os._exit(BROKEN)


def _open(folder: Path, seed: int, keys: dict[str, str]) -> dict[str, Any]:
    exchange = Exchange(folder, seed)
    faults, journal = Faults(seed), Journal(folder / "journal.jsonl")
    doorkeeper = Doorkeeper(exchange.clock, exchange.knobs, keys)
    limits, kucoin = Limits(exchange.clock, exchange.knobs), Kucoin(exchange)
    rest = Rest(exchange, doorkeeper, limits)
    certificates = Certificates(folder)
    listeners: dict[str, Listener] = {}

    def clear() -> None:
        limits.clear()
        kucoin.clear()

    def rate_headers(request: Request) -> dict[str, str]:
        private = not request.path.startswith((f"{PREFIX}/market", f"{PREFIX}/time"))
        return limits.headers(private=private)

    def served(api: Api) -> Converse:
        return Service(api, exchange, faults, journal).converse

    admin = Admin(exchange, faults, journal, listeners, clear)
    apis = {
        "rest": Api("rest", rest.admit, rest.perform, rate_headers),
        "kucoin": Api("kucoin", _free, kucoin.perform, _none),
        "kucoin_tls": Api("kucoin", _free, kucoin.perform, _none),
    }
    for name, api in apis.items():
        tls = None if name == "kucoin" else certificates
        listeners[name] = Listener(api.name, served(api), exchange, faults, tls)
    quiet = Api("admin", _free, admin.perform, _none)
    unnoted = Service(quiet, exchange, Faults(seed), Journal(Path(os.devnull))).converse
    listeners["admin"] = Listener("admin", unnoted, exchange, Faults(seed))
    _listen(folder / "ports.json", listeners)
    return {
        "pid": os.getpid(),
        "rest": f"127.0.0.1:{listeners['rest'].port}",
        "kucoin": f"http://127.0.0.1:{listeners['kucoin'].port}",
        "kucoin_tls": f"https://127.0.0.1:{listeners['kucoin_tls'].port}",
        "admin": f"http://127.0.0.1:{listeners['admin'].port}",
        "ca": str(certificates.ca_file),
    }


def _listen(file: Path, listeners: dict[str, Listener]) -> None:
    """The same ports as in an earlier life."""
    known = json.loads(file.read_text("utf-8")) if file.exists() else {}
    for name, listener in listeners.items():
        listener.open(known.get(name, 0))
    file.write_text(json.dumps({name: each.port for name, each in listeners.items()}), "utf-8")


def _free(_request: Request) -> tuple[Answer | None, str]:
    return None, ""


def _none(_request: Request) -> dict[str, str]:
    return {}


if __name__ == "__main__":
    sys.exit(main())
