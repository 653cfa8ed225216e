"""A newcomer's way, with the commands of the pages and nothing else: init, creds, doctor, run.

The exchange is a loopback one that the real SDK talks to over TLS. One daemon at a time.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from coinbase.rest import RESTClient

from powertraderd.places import SOCKET_VARIABLE
from powertraderd.supervision.client import Client, DaemonUnreachable
from powertraderd.testing import legacy_folder
from powertraderd.testing.live import lay_out_market
from powertraderd.testing.rig import until
from powertraderd.testing.venue import Venue

pytestmark = pytest.mark.timeout(300)
WORDS = b"correct horse battery staple"
OWNERS_ETH = Decimal(5)


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    """The exchange and the candle venue; the owner's own coins lie on the account."""
    running = Venue(tmp_path_factory.mktemp("venue")).start()
    lay_out_market(running)
    running.post("balance", ETH=str(OWNERS_ETH))
    yield running
    running.stop()


class Newcomer:
    """Types commands in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        """Nothing was typed yet."""
        self.folder = folder
        self.daemon: subprocess.Popen[bytes] | None = None
        self.client = Client(folder / "run" / "control.sock")

    def types(self, program: str, *words: str, code: int = 0) -> str:
        """One command, with the passphrase on descriptor 0 where a word asks for it."""
        done = subprocess.run(
            [str(Path(sys.executable).with_name(program)), *words],
            cwd=self.folder,
            input=WORDS if "--passphrase-fd" in words else b"",
            env={**os.environ, SOCKET_VARIABLE: str(self.client.path), "COLUMNS": "100"},
            capture_output=True,
            timeout=120,
            check=False,
        )
        shown = (done.stdout + done.stderr).decode()
        assert done.returncode == code, shown
        return shown

    def buys(self, coin: str, amount: str) -> bool:
        """A person who is told to wait a moment and try again does so."""
        self.types("ptctl", "wait", "--timeout", "90")
        program = str(Path(sys.executable).with_name("ptctl"))
        done = subprocess.run(
            [program, "buy", coin, amount, "--yes"],
            env={**os.environ, SOCKET_VARIABLE: str(self.client.path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if "wait a moment and try again" in " ".join(done.stderr.split()):
            return False
        assert done.returncode == 0, done.stderr
        return "bought" in done.stdout

    def starts(self) -> None:
        """The daemon, as a person starts it; waits until it is ready."""
        command = [str(Path(sys.executable).with_name("powertraderd")), "run",
                   "--config", "live.toml", "--passphrase-fd", "0"]  # fmt: skip
        with (self.folder / "out.log").open("ab") as log:
            self.daemon = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.PIPE, stdout=log, stderr=log
            )
        assert self.daemon.stdin is not None
        self.daemon.stdin.write(WORDS)
        self.daemon.stdin.close()
        until(self.is_ready, "the daemon to be ready", 120)

    def is_ready(self) -> bool:
        """Whether all workers are, and the books were compared with the exchange."""
        assert self.daemon is not None
        assert self.daemon.poll() is None, (self.folder / "out.log").read_text()
        try:
            status = self.client.request("status").data
        except DaemonUnreachable:
            return False
        workers = status["workers"].values()
        return all(worker["ready"] for worker in workers) and bool(status.get("account"))

    def stops(self) -> int:
        """Ctrl-C."""
        if self.daemon is None:
            return 0
        self.daemon.send_signal(signal.SIGTERM)
        code, self.daemon = self.daemon.wait(60), None
        return code

    def writes_settings(self, venue: Venue) -> None:
        """Live settings that lead to the exchange of the test."""
        options = {
            "exchange.base_url": venue.base_url,
            "exchange.ca_file": str(venue.ca_file),
            "candles.base_url": venue.kucoin_url,
            "paths.state_dir": "state",
            "paths.runtime_dir": "run",
            "exporter.listen": "127.0.0.1:0",
        }
        sets = [word for name, value in options.items() for word in ("--set", f"{name}={value}")]
        self.types(
            "powertraderd", "init", "live.toml", "--yes", "--mode", "live", "--coins", "BTC,ETH",
            "--cash", "800", *sets,
        )  # fmt: skip


@pytest.fixture
def newcomer(tmp_path: Path, venue: Venue, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newcomer]:
    """With live settings and a key under a passphrase."""
    monkeypatch.setenv("SYSTEMD_CREDENTIAL_SECRET", str(tmp_path / "no.secret"))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    person = Newcomer(tmp_path)
    person.writes_settings(venue)
    (tmp_path / "cdp_api_key.json").write_bytes(venue.keys["ES256"].file.read_bytes())
    person.types(
        "powertraderd", "creds", "set", "cdp_api_key.json", "--config", "live.toml", "--shred",
        "--passphrase-fd", "0",
    )  # fmt: skip
    yield person
    person.stops()


def in_memory_folders() -> set[str]:
    """Folders in which a passphrase is handed over."""
    return {each.name for each in Path("/dev/shm").glob("powertraderd-*")}  # noqa: S108


def test_from_nothing_to_a_live_position_and_a_chart(newcomer: Newcomer, venue: Venue) -> None:
    """Every step is a command of the pages; the passphrase is gone when the daemon is."""
    assert "0 fail" in newcomer.types(
        "powertraderd", "doctor", "--config", "live.toml", "--passphrase-fd", "0"
    )
    refused = newcomer.types("powertraderd", "run", "--config", "live.toml", code=78)
    assert "a passphrase is needed" in refused
    before = in_memory_folders()
    newcomer.starts()
    assert "trading live, ACTIVE" in newcomer.types("ptctl", "status")
    until(lambda: newcomer.buys("BTC", "25"), "a candle to compare the price with", 90)
    newcomer.types("ptctl", "restart", "trader")
    newcomer.types("ptctl", "wait", "--timeout", "90")
    assert "BTC" in newcomer.types("ptctl", "positions")
    until(lambda: "low 1hour" in newcomer.types("ptctl", "chart", "BTC"), "levels in the chart")
    assert "agree" in newcomer.types("ptctl", "reconcile")
    assert "sold" in newcomer.types("ptctl", "sell", "BTC", "--all", "--yes")
    assert "BTC" in newcomer.types("ptctl", "pnl", "--by", "coin")
    assert newcomer.stops() == 0
    assert in_memory_folders() == before
    for path in newcomer.folder.rglob("*"):
        assert not path.is_file() or WORDS not in path.read_bytes(), path
    assert venue.true_balances()["ETH"] == OWNERS_ETH


def test_from_the_desktop_bots_folder_to_its_position_sold_for_profit(
    newcomer: Newcomer, venue: Venue
) -> None:
    """Imported with the exchange's own fills; then exactly the bot's coins are sold, no others."""
    folder = bought_by_the_bot(venue, newcomer.folder)
    words = ("import-legacy", str(folder), "--config", "live.toml", "--passphrase-fd", "0")
    assert "add --accept-positions" in newcomer.types("powertraderd", *words)
    taken = newcomer.types("powertraderd", *words, "--accept-positions")
    assert "by the exchange's fills" in " ".join(taken.split())
    newcomer.starts()
    assert "ETH" in newcomer.types("ptctl", "positions")
    assert "agree" in newcomer.types("ptctl", "reconcile")
    held = venue.true_balances()["ETH"] - OWNERS_ETH
    assert held > 0
    sold = newcomer.types("ptctl", "sell", "ETH", "--all", "--yes")
    assert "sold" in sold
    assert Decimal(0) <= venue.true_balances()["ETH"] - OWNERS_ETH < Decimal("0.00000001")
    until(lambda: "agree" in newcomer.types("ptctl", "reconcile"), "books and exchange to agree")


def bought_by_the_bot(venue: Venue, root: Path) -> Path:
    """The bot's folder after two buys and a pending one that the exchange really filled."""
    client = RESTClient(key_file=str(venue.keys["ES256"].file), base_url=venue.base_url, timeout=5)
    client.session.trust_env = False
    client.session.verify = str(venue.ca_file)
    folder = legacy_folder.make(root)
    bought = ((legacy_folder.FIRST, "40"), (legacy_folder.SECOND, "76.25"),
              (legacy_folder.PENDING, "180"))  # fmt: skip
    for old, size in bought:
        placed = client.market_order_buy(f"bot-{old}", "ETH-USD", quote_size=size).to_dict()
        order_id = placed["order_id"]
        for name in ("trade_history.jsonl", "pnl_ledger.json"):
            path = folder / "hub_data" / name
            path.write_text(path.read_text().replace(old, order_id))
        until(lambda order=order_id: settled(client, order), "the order to be settled")  # type: ignore[misc]  # a default binds it
    client.session.close()
    return folder


def settled(client: RESTClient, order_id: str) -> bool:
    """Whether an order has come to its end, asked no faster than the exchange allows."""
    time.sleep(0.1)
    return bool(client.get_order(order_id).to_dict()["order"]["settled"])
