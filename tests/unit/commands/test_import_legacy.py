"""`powertraderd import-legacy`: what is written and said, and that a second run changes nothing."""

import json
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from coinbase.rest import RESTClient
from typer.testing import CliRunner, Result

from powertraderd import settings_file
from powertraderd.__main__ import build
from powertraderd.adapters.legacy.finding import Outcome
from powertraderd.adapters.legacy.folder import read
from powertraderd.adapters.legacy.store import LEGACY_DB, LegacyReader
from powertraderd.adapters.memory_files import MemoryFiles
from powertraderd.adapters.sqlite.ledger_reader import LedgerReader
from powertraderd.commands.legacy_takeover import Takeover
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.memory import Memory
from powertraderd.settings import PathSettings, Settings, TradingSettings
from powertraderd.supervision import lock
from powertraderd.supervision.folders import prepare_state_dir
from powertraderd.testing import legacy_folder
from powertraderd.testing.venue import Venue

SAMPLE = Path(__file__).parents[3].parent / "shared" / "legacy" / "PowerTrader_AI"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of the defaults."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(settings_file.CONFIG_VARIABLE, raising=False)
    return tmp_path / "home" / "powertraderd"


@pytest.fixture(params=["small", "sample"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder of our own, and one that the bot itself wrote."""
    if request.param == "small":
        return legacy_folder.make(tmp_path)
    if not SAMPLE.is_dir():
        pytest.skip(f"the sample {SAMPLE} is not here")
    return SAMPLE


def run(*words: str) -> Result:
    """One import."""
    return CliRunner().invoke(build("import-legacy"), ["import-legacy", *words])


def rows(*words: str) -> list[dict[str, Any]]:
    """The report as JSON, of an import that went well."""
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def files(root: Path) -> dict[Path, bytes]:
    """All files below, the lock aside, which names the process that held it."""
    return {
        each: each.read_bytes()
        for each in sorted(root.rglob("*"))
        if each.is_file() and each.name != lock.SUPERVISOR_LOCK
    }


def test_a_dry_run_says_everything_and_writes_nothing(
    state: Path, directory: Path, tmp_path: Path
) -> None:
    """Not even a folder."""
    config = tmp_path / "powertraderd.toml"
    report = rows(str(directory), "--config", str(config), "--dry-run")
    assert {"taken", "converted", "damaged", "not needed"} <= {each["outcome"] for each in report}
    assert not state.exists()
    assert not config.exists()


def test_a_second_run_changes_nothing(state: Path, directory: Path, tmp_path: Path) -> None:
    """Byte for byte; what was taken is said to be here already."""
    config = tmp_path / "powertraderd.toml"
    rows(str(directory), "--config", str(config))
    before = files(tmp_path)
    assert state / LEGACY_DB in before
    again = rows(str(directory), "--config", str(config))
    assert files(tmp_path) == before
    taken = {each["file"] for each in again if each["outcome"] == "taken"}
    assert taken <= {"gui_settings.json"}


def test_memories_settings_and_history_arrive(state: Path, tmp_path: Path) -> None:
    """Each where the daemon looks for it."""
    directory = legacy_folder.make(tmp_path)
    config = tmp_path / "powertraderd.toml"
    assert run(str(directory), "--config", str(config)).exit_code == 0
    store = MemoryFiles(state / "memory")
    for timeframe in Timeframe:
        loaded = store.load(Coin("ETH"), timeframe)
        assert loaded is not None
        assert isinstance(loaded[0], Memory)
        assert loaded[0].patterns.tolist() == [1.0, 1.2, -3.0]
    settings = settings_file.load(config)
    assert settings.trading.coins == ("BTC", "ETH")
    assert (settings.entry.min_long_level, settings.dca.max_per_24h) == (4, 0)
    trades = LegacyReader(state / LEGACY_DB).trades(10)
    assert [each.client_order_id.removeprefix("legacy-") for each in trades] == [
        legacy_folder.SECOND, legacy_folder.FIRST, "sold-sell", "sold-buy",
    ]  # fmt: skip
    assert [str(each.realised) for each in trades] == ["None", "None", "50", "None"]
    assert trades[0].value == Decimal("76.25")


def test_a_memory_that_learned_on_stays(state: Path, tmp_path: Path) -> None:
    """The import never takes away what was learned here."""
    directory = legacy_folder.make(tmp_path)
    rows(str(directory))
    store = MemoryFiles(state / "memory")
    loaded = store.load(Coin("ETH"), Timeframe.DAY)
    assert loaded is not None
    (directory / "ETH" / "neural_perfect_threshold_1day.txt").write_text("41")
    before = files(state)
    report = rows(str(directory))
    assert files(state) == before
    told = [each["what"] for each in report if each["file"] == "ETH/memories_1day.txt"]
    assert "it stays" in told[0]


def test_a_settings_file_that_is_there_is_compared_and_never_changed(
    state: Path, tmp_path: Path
) -> None:
    """The owner decides."""
    directory = legacy_folder.make(tmp_path)
    config = tmp_path / "powertraderd.toml"
    config.write_text(f'[paths]\nstate_dir = "{state}"\n[dca]\nmax_per_24h = 0\n')
    before = config.read_bytes()
    report = rows(str(directory), "--config", str(config))
    assert config.read_bytes() == before
    waiting = [each["what"] for each in report if each["outcome"] == "waits for you"]
    assert any("entry.min_long_level is 3 in" in each for each in waiting)
    assert not any("dca.max_per_24h" in each for each in waiting)


def test_a_running_daemon_is_never_written_behind(state: Path, tmp_path: Path) -> None:
    """It holds the state folder; the import says who does."""
    directory = legacy_folder.make(tmp_path)
    prepare_state_dir(state)
    held = lock.hold(state / lock.SUPERVISOR_LOCK)
    try:
        result = run(str(directory))
    finally:
        os.close(held)
    assert result.exit_code == 75
    assert "stop that one first" in result.output
    assert [each.name for each in state.iterdir()] == [lock.SUPERVISOR_LOCK]


def test_paper_money_never_owns_the_bots_coins(state: Path, tmp_path: Path) -> None:
    """Even with the owner's word."""
    report = rows(str(legacy_folder.make(tmp_path)), "--accept-positions")
    waiting = [each["what"] for each in report if each["outcome"] == "waits for you"]
    assert any("0.06 for 116.25, stage 1" in each and "paper" in each for each in waiting)
    assert any(legacy_folder.PENDING in each and "unknown" in each for each in waiting)
    assert not (state / "ledger.db").exists()


@pytest.fixture
def live(tmp_path: Path) -> Settings:
    """Settings in live mode, as a takeover is given them."""
    trading = TradingSettings(coins=(Coin("BTC"), Coin("ETH"))).model_copy(update={"mode": "live"})
    paths = PathSettings(state_dir=tmp_path / "state", runtime_dir=tmp_path / "run")
    prepare_state_dir(paths.state_dir)
    return Settings(paths=paths).model_copy(update={"trading": trading})


@pytest.fixture
def takeover(live: Settings, tmp_path: Path) -> Callable[..., Takeover]:
    """Takes over the small folder."""
    contents = read(legacy_folder.make(tmp_path))

    def make(*, dry_run: bool = False) -> Takeover:
        return Takeover(contents, live, dry_run)

    return make


def test_positions_need_the_owners_word(takeover: Callable[..., Takeover], live: Settings) -> None:
    """The old quantities are estimates."""
    *_, told = takeover().positions(None, accepted=False)
    assert told.outcome is Outcome.WAITING
    assert "--accept-positions" in told.what
    *_, dry = takeover(dry_run=True).positions(None, accepted=True)
    assert dry.outcome is Outcome.CONVERTED
    assert not (live.paths.state_dir / "ledger.db").exists()


def test_an_accepted_position_is_ours_once(
    takeover: Callable[..., Takeover], live: Settings
) -> None:
    """And only once, however often it is imported."""
    *_, told = takeover().positions(None, accepted=True)
    assert told.outcome is Outcome.CONVERTED
    ledger = live.paths.state_dir / "ledger.db"
    assert LedgerReader(ledger).books().positions[Coin("ETH")].stage == 1
    before = ledger.read_bytes()
    *_, again = takeover().positions(None, accepted=True)
    assert again.outcome is Outcome.KNOWN
    assert ledger.read_bytes() == before


def test_a_folder_that_is_not_the_bots_is_refused(state: Path, tmp_path: Path) -> None:
    """With exit code 78, and nothing written."""
    result = run(str(tmp_path))
    assert result.exit_code == 78
    assert "holds nothing of PowerTrader_AI" in result.output
    assert not state.exists()


@pytest.fixture
def bought(venue: Venue, tmp_path: Path) -> Path:
    """The bot's folder after two buys and a pending one that the exchange really filled."""
    client = RESTClient(key_file=str(venue.keys["ES256"].file), base_url=venue.base_url, timeout=5)
    client.session.trust_env = False
    client.session.verify = str(venue.ca_file)
    folder = legacy_folder.make(tmp_path)
    for old, size in ((legacy_folder.FIRST, "40"), (legacy_folder.SECOND, "76.25"),
                      (legacy_folder.PENDING, "180")):  # fmt: skip
        placed = client.market_order_buy(f"bot-{old}", "ETH-USD", quote_size=size).to_dict()
        for name in ("trade_history.jsonl", "pnl_ledger.json"):
            path = folder / "hub_data" / name
            path.write_text(path.read_text().replace(old, placed["order_id"]))
        venue.post("clock", step=10)
    client.session.close()
    return folder


def test_with_a_key_the_exchanges_own_fills_are_booked_and_the_pending_order_is_found(
    venue: Venue, config: Path, bought: Path, tmp_path: Path
) -> None:
    """Over TLS with the real SDK: what is owned is what was really bought, fees apart."""
    venue.post("balance", ETH="5")  # lay there before the bot came
    before = venue.true_balances()["ETH"]
    key = venue.keys["ES256"].file
    config.write_text(
        config.read_text().replace("[paths]", f'budget = 500\nkey_file = "{key}"\n[paths]')
        + '[trading]\nmode = "live"\ncoins = ["BTC", "ETH"]\n[candles]\nsource = "kucoin"\n'
    )
    report = rows(str(bought), "--config", str(config), "--accept-positions")
    ledger = [each for each in report if each["file"] == "hub_data/pnl_ledger.json"]
    assert [each["outcome"] for each in ledger] == ["converted", "taken"]
    assert "from 3 orders by the exchange's fills" in ledger[-1]["what"]
    books = LedgerReader(tmp_path / "state" / "ledger.db").books()
    position = books.positions[Coin("ETH")]
    filled = sum(Decimal(each["filled_size"]) for each in venue.orders())
    assert position.quantity == filled
    assert position.quantity < before
    assert position.cost + position.fees == Decimal("296.25")
    assert position.fees > 0
    assert position.stage == 2
    assert books.cash == 0
    again = rows(str(bought), "--config", str(config), "--accept-positions")
    assert again[-1]["outcome"] == "already here"
