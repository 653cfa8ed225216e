"""The row of benchmarks/hangs.py that needs a machine of its own: a name server that is silent.

Root makes a mount namespace in which "localhost" is known only while a hosts file says so, and the
only name server never answers. The hosts file comes back when the trader has failed a cycle or was
found hanging.

    python benchmarks/silent_dns.py
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from hangs import PATIENCE_S, QUOTES, SDK_ALONE, good_since, shown

from powertraderd.testing.live import LiveDaemon, lay_out_market
from powertraderd.testing.rig import until
from powertraderd.testing.venue import Venue

_INSIDE = "HANGS_INSIDE_A_NAMESPACE"
_SERVER = "127.0.0.99"
_KNOWN = "127.0.0.1 localhost\n"


def private_names(folder: Path) -> Path:
    """Bind files over the system's own, which must exist; returns the hosts file."""
    texts = {
        "hosts": _KNOWN,
        "resolv.conf": f"nameserver {_SERVER}\n",
        "nsswitch.conf": "hosts: files dns\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="ascii")
        subprocess.run(["mount", "--bind", str(folder / name), f"/etc/{name}"], check=True)
    return folder / "hosts"


def sdk_alone(venue: Venue, base_url: str, hosts: Path) -> float | None:
    """Wall seconds of one call."""
    hosts.write_text("", encoding="ascii")
    command = [sys.executable, "-c", SDK_ALONE, base_url]
    command += [str(venue.keys["ES256"].file), str(venue.ca_file)]
    begun = time.monotonic()
    try:
        subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=False)
        return time.monotonic() - begun
    except subprocess.TimeoutExpired:
        return None
    finally:
        hosts.write_text(_KNOWN, encoding="ascii")


def daemons(venue: Venue, daemon: LiveDaemon, hosts: Path) -> tuple[float, bool]:
    """Wall seconds from the closed connection to the next good quotes; whether it was killed."""
    pid = daemon.worker("trader")["pid"]
    daemon.forget()
    hosts.write_text("", encoding="ascii")
    venue.fault("close", phase="in_headers", match={"path_regex": QUOTES, "count": 1})
    until(venue.fired, "the connection to be closed", 60)
    begun = time.monotonic()

    def noticed() -> bool:
        failed = [line for line in daemon.logs("cycle_failed") if line["worker"] == "trader"]
        return bool(failed or daemon.logs("worker_hung"))

    until(noticed, "the trader to fail", 120)
    hosts.write_text(_KNOWN, encoding="ascii")
    until(lambda: good_since(venue, begun), "quotes", 120)
    return good_since(venue, begun) - begun, daemon.worker("trader")["pid"] != pid


def main() -> int:
    """Print the row."""
    if os.geteuid() != 0:
        print("silent_dns.py: skipped, it needs root", file=sys.stderr)
        return 0
    if _INSIDE not in os.environ:
        words = ["unshare", "--mount", "--propagation", "private", sys.executable, __file__]
        return subprocess.run(words, env={**os.environ, _INSIDE: "1"}, check=False).returncode
    folder = Path(tempfile.mkdtemp(prefix="silent-dns-"))
    hosts = private_names(folder)
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind((_SERVER, 53))
    venue = Venue(folder / "venue").start()
    lay_out_market(venue)
    base_url = venue.base_url.replace("127.0.0.1", "localhost")
    alone = sdk_alone(venue, base_url, hosts)
    (folder / "live").mkdir()
    daemon = LiveDaemon(folder / "live", venue, scaled=False)
    settings = daemon.config.read_text(encoding="utf-8")
    daemon.config.write_text(settings.replace(venue.base_url, base_url), encoding="utf-8")
    try:
        daemon.start()
        until(lambda: good_since(venue, 0.0), "quotes", 60)
        seconds, killed = daemons(venue, daemon, hosts)
    finally:
        daemon.clean_up()
        venue.stop()
        silent.close()
    how = "killed at its deadline, restarted" if killed else "the read failed in time"
    print(f"| name server silent | {shown(alone)} | {shown(seconds)} | {how} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
