"""`powertraderd doctor` against an exchange on this machine: every line can be ok, and can fail."""

import json
import os
import sqlite3
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from powertraderd.__main__ import build
from powertraderd.adapters.memory_files import MemoryFiles
from powertraderd.adapters.sqlite.ledger import SqliteLedger
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.memory import from_rows
from powertraderd.model.money import Usd
from powertraderd.strategy import ledgering
from powertraderd.supervision.spawn import python_command
from powertraderd.testing.venue import Venue, make_key

NOW = datetime.now(UTC)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state folder."""
    path = tmp_path / "state"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def live(venue: Venue, config: Path, state: Path) -> Path:
    """Settings of a live daemon whose every part is as it should be."""
    venue.post("policy", auth_clock="wall")
    key = venue.keys["ES256"].file
    config.write_text(
        config.read_text().replace("[paths]", f'budget = 500\nkey_file = "{key}"\n[paths]')
        + '[trading]\nmode = "live"\ncoins = ["BTC", "ETH"]\n'
        + f'[candles]\nsource = "kucoin"\nbase_url = "{venue.kucoin_url}"\n'
    )
    config.chmod(0o640)
    save_memories(state, NOW)
    ledger = SqliteLedger(state / "ledger.db", ledgering)
    ledger.pay_in(Usd(Decimal(500)), NOW, "budget")
    ledger.close()
    (state / "backups").mkdir()
    (state / "backups" / "powertraderd-1.tar.gz").touch()
    return config


def save_memories(state: Path, trained_at: datetime) -> None:
    """Of both coins."""
    memory = from_rows(np.ones((1, 7)).tolist(), 1.0)
    for coin in ("BTC", "ETH"):
        for timeframe in Timeframe:
            MemoryFiles(state / "memory").save(Coin(coin), timeframe, memory, trained_at)


def doctor(config: Path, *words: str) -> Result:
    """One examination."""
    return CliRunner().invoke(build("doctor"), ["doctor", "--config", str(config), *words])


def lines(config: Path) -> dict[str, dict[str, Any]]:
    """The worst finding of each topic."""
    found: dict[str, dict[str, Any]] = {}
    order = ["ok", "warn", "fail"]
    for row in json.loads(doctor(config, "--json").stdout):
        known = found.get(row["topic"])
        if known is None or order.index(row["verdict"]) >= order.index(known["verdict"]):
            found[row["topic"]] = row
    return found


def verdicts(config: Path, *topics: str) -> list[str]:
    """How these stand."""
    found = lines(config)
    return [found[topic]["verdict"] for topic in topics]


def test_a_sound_live_daemon_passes(live: Path) -> None:
    """Every part that this machine can have right; what it has not is a warning, no failure."""
    result = doctor(live)
    assert result.exit_code == 0, result.output
    found = lines(live)
    for topic in ("settings", "settings file", "state folder", "disk", "socket group", "ledger",
                  "backups", "model BTC", "model ETH", "exchange", "candle venue", "key rights",
                  "clock skew", "product BTC", "product ETH"):  # fmt: skip
        assert found[topic]["verdict"] == "ok", found[topic]
    assert found["key"]["verdict"] == "warn"
    assert "not encrypted" in found["key"]["what"]
    assert {"time sync", "systemd watchdog", "memory limit"} <= set(found)
    assert doctor(live, "--gate").exit_code == 0


def test_every_line_that_is_not_ok_has_a_remedy(live: Path, venue: Venue) -> None:
    """Whatever is wrong."""
    venue.post("policy", can_trade=False)
    rows = json.loads(doctor(live, "--json").stdout)
    assert all(row["remedy"] for row in rows if row["verdict"] != "ok")


@pytest.mark.parametrize(
    ("knobs", "words"),
    [({"can_trade": False}, "may not view and trade"), ({"can_transfer": True}, "transfer money")],
)
def test_a_key_with_other_rights_forbids_live(
    live: Path, venue: Venue, knobs: dict[str, bool], words: str
) -> None:
    """The gate says so too, in words on standard error."""
    venue.post("policy", **knobs)
    assert verdicts(live, "key rights") == ["fail"]
    gate = doctor(live, "--gate")
    assert gate.exit_code == 78
    assert words in gate.stderr
    assert gate.stdout == ""


def test_a_key_that_the_exchange_does_not_know_forbids_live(live: Path, tmp_path: Path) -> None:
    """Not a passing trouble."""
    stranger = make_key(tmp_path)
    text = live.read_text()
    old = next(line for line in text.splitlines() if line.startswith("key_file"))
    live.write_text(text.replace(old, f'key_file = "{stranger.file}"'))
    assert verdicts(live, "key rights") == ["fail"]
    assert doctor(live, "--gate").exit_code == 78


def test_a_missing_key_forbids_live(live: Path) -> None:
    """With the command that sets one."""
    text = live.read_text()
    old = next(line for line in text.splitlines() if line.startswith("key_file"))
    live.write_text(text.replace(old, ""))
    assert lines(live)["key"]["verdict"] == "fail"
    assert "creds set" in doctor(live, "--gate").stderr


def test_an_exchange_that_does_not_answer_fails_and_does_not_forbid_a_start(live: Path) -> None:
    """The daemon waits for it; a person is told."""
    text = live.read_text()
    old = next(line for line in text.splitlines() if line.startswith("base_url"))
    live.write_text(text.replace(old, 'base_url = "127.0.0.1:1"', 1))
    assert verdicts(live, "exchange") == ["fail"]
    assert doctor(live).exit_code == 78
    assert doctor(live, "--gate").exit_code == 0


@pytest.mark.parametrize(("ahead_s", "verdict"), [(3, "warn"), (60, "fail"), (-60, "fail")])
def test_a_clock_that_is_wrong_is_measured_against_the_exchange(
    live: Path, venue: Venue, ahead_s: int, verdict: str
) -> None:
    """Beyond five seconds nothing is traded."""
    venue.post("clock", skew_ms=ahead_s * 1000)
    assert verdicts(live, "clock skew") == [verdict]
    assert doctor(live, "--gate").exit_code == (78 if verdict == "fail" else 0)


def test_a_coin_that_the_exchange_does_not_have_forbids_live(live: Path) -> None:
    """Named, with the key to change."""
    live.write_text(live.read_text().replace('"ETH"]', '"NOSUCH"]'))
    found = lines(live)
    assert found["product NOSUCH"]["verdict"] == "fail"
    assert "trading.coins" in found["product NOSUCH"]["remedy"]
    assert found["exchange"]["verdict"] == "fail"
    assert doctor(live, "--gate").exit_code == 78


def test_a_product_that_does_not_trade_now_is_told(live: Path, venue: Venue) -> None:
    """It may open again, so a start is not forbidden."""
    venue.post("product", id="BTC-USD", patch={"trading_disabled": True})
    found = lines(live)["product BTC"]
    assert (found["verdict"], found["forbids_live"]) == ("fail", False)
    assert "trading_disabled" in found["what"]


def test_a_ledger_whose_books_do_not_add_up_forbids_live(live: Path, state: Path) -> None:
    """Looked at read only; a row that was changed by hand is found."""
    with sqlite3.connect(state / "ledger.db") as connection:
        connection.execute("UPDATE account SET cash = '501'")
    connection.close()
    assert "501 instead of 500" in lines(live)["ledger"]["what"]
    assert doctor(live, "--gate").exit_code == 78


def test_a_ledger_that_is_no_database_forbids_live(live: Path, state: Path) -> None:
    """And stays as it is."""
    (state / "ledger.db").write_bytes(b"x" * 5000)
    assert verdicts(live, "ledger") == ["fail"]
    assert (state / "ledger.db").read_bytes() == b"x" * 5000


def test_old_models_missing_models_and_damaged_ones_are_told_apart(live: Path, state: Path) -> None:
    """None of them forbids a start: the daemon trains."""
    save_memories(state, NOW - timedelta(days=15))
    assert "15 days ago" in lines(live)["model BTC"]["what"]
    (state / "memory" / "BTC" / "1day.npz").unlink()
    assert "1 of 7 timeframes" in lines(live)["model BTC"]["what"]
    (state / "memory" / "ETH" / "1day.npz").write_bytes(b"x")
    assert "damaged" in lines(live)["model ETH"]["what"]


def test_files_that_others_may_change_are_told(live: Path, state: Path) -> None:
    """Settings decide about money; the state folder is private."""
    live.chmod(0o666)
    state.chmod(0o777)
    assert verdicts(live, "settings file", "state folder") == ["fail", "fail"]
    live.chmod(0o660)
    state.chmod(0o705)
    assert verdicts(live, "settings file", "state folder") == ["warn", "warn"]


def test_old_and_missing_backups_are_told(live: Path, state: Path) -> None:
    """The ledger cannot be made again."""
    copy = state / "backups" / "powertraderd-1.tar.gz"
    old = (NOW - timedelta(days=3)).timestamp()
    os.utime(copy, (old, old))
    assert verdicts(live, "backups") == ["warn"]
    copy.unlink()
    assert "never backed up" in lines(live)["backups"]["what"]


def test_wrong_settings_end_the_examination(config: Path) -> None:
    """There is nothing to go by."""
    config.write_text("[dca]\nmultiplier = 99\n")
    result = doctor(config)
    assert result.exit_code == 78
    assert "line 2" in result.stdout.replace("\n", " ")


def test_paper_money_asks_no_exchange_for_a_key(config: Path, venue: Venue) -> None:
    """And made-up candles ask nobody at all."""
    before = len(venue.get("journal"))
    assert doctor(config).exit_code == 0
    assert len(venue.get("journal")) == before


def test_a_live_daemon_does_not_start_where_the_doctor_forbids_it(
    live: Path, venue: Venue, state: Path
) -> None:
    """The real command; exit code 78, no worker was started, no order left."""
    venue.post("policy", can_transfer=True)
    done = subprocess.run(
        python_command("powertraderd", "run", "--config", str(live)),
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 78, done.stderr
    assert "may transfer money away" in done.stderr
    assert "needs the doctor's consent" in done.stderr
    assert not (state / "trader.lock").exists()
    assert venue.orders() == []
