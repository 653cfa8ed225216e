"""How long a sick exchange stops us: the daemon beside the SDK alone, for each way of hanging.

The daemon runs in live mode with default budgets and timeouts against a loopback exchange, over
TLS. One request for quotes meets the fault; the time runs from its arrival to the next quotes that
are delivered whole. The SDK alone asks once with timeout=10, as the report that started this
project did; after PATIENCE_S it is ended from outside.

    python benchmarks/hangs.py [NAME...]
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from powertraderd.testing.live import LiveDaemon, lay_out_market
from powertraderd.testing.rig import until
from powertraderd.testing.venue import Venue

PATIENCE_S = 60.0
QUOTES = "best_bid_ask$"
_LOOK_S = 0.02
SDK_ALONE = """
import json, sys
from coinbase.rest import RESTClient
base_url, key_file, ca_file = sys.argv[1:]
client = RESTClient(key_file=key_file, base_url=base_url, timeout=10)
client.session.trust_env = False
client.session.verify = ca_file
client.get_best_bid_ask(product_ids=["BTC-USD"])
"""


@dataclass(frozen=True)
class Hang:
    """One way of hanging; ``params`` is a rule of the loopback exchange, empty for SIGSTOP."""

    name: str
    action: str
    phase: str = "in_body"
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def on_connect(self) -> bool:
        """Whether it hits a connection and not a request."""
        return self.phase in {"accept", "tls"}


HANGS = (
    Hang("never answers", "hang_before_headers", "in_headers"),
    Hang("TLS never starts", "tls_never", "tls"),
    Hang("TLS record dripped, 1 byte per 0.2 s", "record_drip"),
    Hang("stopped (SIGSTOP)", ""),
    Hang("stalls in the middle of a chunk", "chunk_stall"),
    Hang("header drip, 1 byte per 0.2 s", "header_drip", "in_headers"),
    Hang("body drip, 1 byte per 0.2 s", "body_drip"),
    Hang("chunk drip, 1 byte per 0.2 s", "chunk_drip"),
    Hang("endless 100 Continue", "continue_flood", "in_headers"),
    Hang("endless body", "infinite_body"),
    Hang(
        "redirect loop, 1 s per hop",
        "redirect",
        params={"code": 307, "location": "/api/v3/brokerage/best_bid_ask", "delay_s": 1},
    ),
)


def rule(hang: Hang, count: int) -> dict[str, Any]:
    """The fault for the next ``count`` requests, or connections."""
    where = {"listener": "rest"} if hang.on_connect else {"path_regex": QUOTES}
    return {"action": hang.action, "phase": hang.phase, "match": {**where, "count": count}} | (
        hang.params
    )


def sdk_alone(venue: Venue, hang: Hang) -> float | None:
    """Wall seconds of one call; None where it did not end within PATIENCE_S."""
    if hang.action:
        venue.post("faults", add=rule(hang, 1000))
    else:
        venue.signal(signal.SIGSTOP)
    command = [sys.executable, "-c", SDK_ALONE, venue.base_url]
    command += [str(venue.keys["ES256"].file), str(venue.ca_file)]
    begun = time.monotonic()
    try:
        subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=False)
        return time.monotonic() - begun
    except subprocess.TimeoutExpired:
        return None
    finally:
        venue.signal(signal.SIGCONT)
        venue.post("faults", clear=True)


def daemons(venue: Venue, daemon: LiveDaemon, hang: Hang) -> tuple[float, bool]:
    """Wall seconds to the next good quotes, and whether the trader had to be killed for it."""
    pid = daemon.worker("trader")["pid"]
    begun = stop_for_a_cycle(venue, daemon) if not hang.action else meet(venue, hang)
    until(lambda: good_since(venue, begun), f"quotes after {hang.name}", 120)
    ended = good_since(venue, begun)
    venue.post("faults", clear=True)
    until(lambda: daemon.worker("trader").get("state") == "RUNNING", "the trader", 60)
    return ended - begun, daemon.worker("trader")["pid"] != pid


def meet(venue: Venue, hang: Hang) -> float:
    """When the fault was met, machine time."""
    faults = [rule(hang, 1)]
    if hang.on_connect:  # the connection is kept alive: end it first
        match = {"path_regex": QUOTES, "count": 1}
        faults.append({"action": "close", "phase": "in_headers", "match": match})
    venue.post("faults", add=faults)
    until(lambda: venue.get("stats")["faults"][0]["fired"], "the fault", 60)
    if hang.on_connect:
        return time.monotonic()
    entries = [entry for entry in venue.get("journal") if entry["action"] == hang.action]
    return float(entries[-1]["t_mono"])


def stop_for_a_cycle(venue: Venue, daemon: LiveDaemon) -> float:
    """Stop the exchange until the trader has come to the end of a cycle that failed."""
    daemon.forget()
    begun = time.monotonic()
    venue.signal(signal.SIGSTOP)
    until(
        lambda: [each for each in daemon.logs("cycle_failed") if each["worker"] == "trader"],
        "a cycle that fails",
        60,
    )
    venue.signal(signal.SIGCONT)
    return begun


def good_since(venue: Venue, begun: float) -> float:
    """Arrival of the first quotes after ``begun`` that were delivered whole; 0 while none were."""
    for entry in venue.get("journal"):
        whole = entry["delivered"] and entry["fault_id"] is None
        if entry["path"].endswith("best_bid_ask") and whole and entry["t_mono"] > begun:
            return float(entry["t_mono"])
    return 0.0


def shown(seconds: float | None) -> str:
    """For the table."""
    return f"never (ended after {PATIENCE_S:.0f} s)" if seconds is None else f"{seconds:.1f} s"


def main(names: list[str]) -> int:
    """Print the table."""
    chosen = [hang for hang in HANGS if not names or any(name in hang.name for name in names)]
    folder = Path(tempfile.mkdtemp(prefix="hangs-"))
    venue = Venue(folder / "venue").start()
    lay_out_market(venue)
    venue.post("policy", nonce_replay="ignore")  # or a redirected request would end with a 401
    (folder / "live").mkdir()
    daemon = LiveDaemon(folder / "live", venue, scaled=False)
    rows: list[dict[str, Any]] = []
    try:
        alone = {hang.name: watched(f"SDK: {hang.name}", sdk_alone, venue, hang) for hang in chosen}
        daemon.start()
        venue.post("policy", private_rps=1000, public_rps=1000)
        for hang in chosen:
            seconds, killed = watched(f"daemon: {hang.name}", daemons, venue, daemon, hang)
            rows.append(
                {
                    "hang": hang.name,
                    "sdk_s": alone[hang.name],
                    "daemon_s": seconds,
                    "killed": killed,
                }
            )
    finally:
        daemon.clean_up()
        venue.stop()
    print("| the exchange | SDK alone, timeout=10 | powertraderd | how |")
    print("|---|---|---|---|")
    for row in rows:
        how = "killed at its deadline, restarted" if row["killed"] else "the read failed in time"
        print(f"| {row['hang']} | {shown(row['sdk_s'])} | {shown(row['daemon_s'])} | {how} |")
    print(json.dumps(rows), file=sys.stderr)
    return 0


def watched(what: str, measure: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401
    """Measure, and tell the person who waits what is going on."""
    print(what, end=" ... ", file=sys.stderr, flush=True)
    result = measure(*arguments)
    print(result, file=sys.stderr)
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
