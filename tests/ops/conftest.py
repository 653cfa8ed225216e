"""One demo daemon, watched by one real Prometheus that has our rules, for the whole session."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from powertraderd.commands import demo_settings
from powertraderd.supervision.client import Client, DaemonUnreachable
from powertraderd.supervision.spawn import python_command
from powertraderd.testing.rig import until

ROOT = Path(__file__).parents[2]
CONFIG = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: powertraderd
    static_configs: [{{targets: ["{target}"]}}]
"""


def free_address() -> str:
    """A loopback address on which nobody listens just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Asked over HTTP, as Grafana does; ``daemon`` is the address of the daemon's own page."""

    address: str
    daemon: str

    def ask(self, path: str, **parameters: str | float) -> Any:  # noqa: ANN401 - JSON
        """The data of an answer; an error of the query is an error of the test."""
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def series(self, expr: str) -> list[Any]:
        """What the expression has had since the beginning, at most ten minutes."""
        now = time.time()
        span = {"start": now - 600, "end": now, "step": 1}
        return list(self.ask("query_range", query=expr, **span)["result"])

    def exported(self) -> str:
        """The daemon's page as it is."""
        with urllib.request.urlopen(f"http://{self.daemon}/metrics", timeout=10) as answer:
            return str(answer.read().decode())


def _daemon(folder: Path, address: str) -> subprocess.Popen[bytes]:
    """`powertraderd run` on the settings of the demo, with a socket and a port of its own."""
    config = demo_settings.write(folder)
    with (folder / "output.log").open("wb") as output:
        return subprocess.Popen(
            python_command("powertraderd", "run", "--config", str(config)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={
                **os.environ,
                "POWERTRADERD_EXPORTER__LISTEN": address,
                "POWERTRADERD_PATHS__RUNTIME_DIR": str(folder / "run"),
                "POWERTRADERD_EXCHANGE__CA_FILE": str(_certificate(folder)),
                "POWERTRADERD_EXCHANGE__KEY_RENEW_BY": "2199-12-31",
            },
        )


def _certificate(folder: Path) -> Path:
    """An authority of our own, so that its end is exported."""
    path = folder / "ca.pem"
    trustme.CA().cert_pem.write_to_path(path)
    return path


def _prometheus(folder: Path, address: str, target: str) -> subprocess.Popen[bytes]:
    config = folder / "prometheus.yml"
    rules = ROOT / "ops" / "prometheus" / "rules" / "*.yml"
    config.write_text(CONFIG.format(rules=rules, target=target), encoding="utf-8")
    with (folder / "prometheus.log").open("wb") as output:
        return subprocess.Popen(
            (
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address={address}",
            ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


def _answers(folder: Path) -> bool:
    try:
        return Client(folder / "run" / "control.sock").request("status").ok
    except DaemonUnreachable:
        return False


def _back_up(folder: Path) -> None:
    """A real backup, so that its age is exported."""
    config = str(folder / demo_settings.FILE_NAME)
    subprocess.run(python_command("powertraderd", "backup", "--config", config), check=True)


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Scrapes the demo daemon each second; both are gone afterwards."""
    if shutil.which("prometheus") is None:
        pytest.skip("needs prometheus: package prometheus")
    folder = tmp_path_factory.mktemp("watched")
    watching = Prometheus(free_address(), free_address())
    processes = [_daemon(folder, watching.daemon)]
    try:
        until(lambda: _answers(folder), "the daemon to answer")
        until((folder / "state" / "ledger.db").exists, "a ledger")
        _back_up(folder)
        processes.append(_prometheus(folder, watching.address, watching.daemon))
        until(lambda: _is_ready(watching), "Prometheus to answer")
        yield watching
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(60)


def _is_ready(watching: Prometheus) -> bool:
    try:
        return bool(watching.ask("query", query='up{job="powertraderd"}')["result"])
    except OSError:
        return False
