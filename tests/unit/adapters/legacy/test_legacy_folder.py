"""Everything in the folder is read, nothing is changed, and damage is named."""

from decimal import Decimal
from pathlib import Path

import pytest

from powertraderd.adapters.legacy import folder
from powertraderd.adapters.legacy.finding import Finding, Outcome
from powertraderd.errors import ConfigError
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.order import Tag
from powertraderd.testing import legacy_folder

NEGATIVE = '{"last_updated_ts": 1, "open_positions": {"ETH": {"qty": -1, "usd_cost": 2}}}'


def damaged(contents: folder.Contents) -> list[tuple[str, int | None]]:
    """File and line of all damage."""
    found = (each for each in contents.findings if each.outcome is Outcome.DAMAGED)
    return [(each.file, each.line) for each in found]


def said(contents: folder.Contents, file: str) -> str:
    """All that the report says of a file."""
    return "\n".join(each.what for each in contents.findings if each.file == file)


def test_the_small_folder_is_read(small: Path) -> None:
    """Every format once."""
    contents = folder.read(small)
    assert set(contents.memories) == {(Coin("ETH"), each) for each in Timeframe}
    assert [each.tag for each in contents.trades] == [Tag.ENTRY, Tag.TRAIL_SELL, Tag.ENTRY, Tag.DCA]
    assert [each.value for each in contents.values] == [1000, 1001, 1002]
    assert [each.reason for each in contents.signals] == ["Need L>=3 S=0"]
    assert damaged(contents) == [("hub_data/trade_history.jsonl", 5)]


def test_a_position_is_what_the_ledger_calls_one_and_never_the_balance(small: Path) -> None:
    """trader_status.json shows 7.06 ETH, of which the bot bought 0.06."""
    contents = folder.read(small)
    (position,) = contents.positions
    assert (position.coin, position.quantity, position.cost) == (
        "ETH",
        Decimal("0.06"),
        Decimal("116.25"),
    )
    assert [each.order_id for each in position.trades] == [
        legacy_folder.FIRST,
        legacy_folder.SECOND,
    ]
    assert "7.06 is the whole balance, 0.06 of it is the bot's" in said(contents, folder.STATUS)


def test_the_samples_position_is_explained_by_its_trades(sample: Path) -> None:
    """As the bot wrote them: a manual buy and one DCA buy, torn line and pending order aside."""
    contents = folder.read(sample)
    (position,) = contents.positions
    assert (position.quantity, position.cost) == (Decimal("0.0495"), Decimal("149.85"))
    assert [each.tag for each in position.trades] == [Tag.MANUAL_BUY, Tag.DCA]
    assert [each.coin for each in contents.pending] == ["ETH"]
    assert (len(contents.memories), len(contents.values), len(contents.signals)) == (14, 4000, 500)
    assert damaged(contents) == [("hub_data/trade_history.jsonl", 6)]


def test_trades_that_do_not_add_up_explain_nothing(small: Path) -> None:
    """The total of the bot counts; its stage is unknown then."""
    path = small / "hub_data" / "pnl_ledger.json"
    path.write_text(path.read_text().replace("0.06", "0.07"))
    (position,) = folder.read(small).positions
    assert position.quantity == Decimal("0.07")
    assert position.trades == ()


def test_an_old_command_is_shown_and_never_carried_out(small: Path) -> None:
    """The bot sold at its next start because such a file was there."""
    assert "an old command (sell ETH) that is not carried out" in said(
        folder.read(small), folder.COMMAND
    )


def test_a_pending_order_is_kept_for_the_exchange_to_answer(small: Path) -> None:
    """It is neither believed nor cleared."""
    assert [each.order_id for each in folder.read(small).pending] == [legacy_folder.PENDING]


def test_reading_changes_nothing(small: Path) -> None:
    """Not a byte, not a time."""
    before = {each: (each.stat().st_mtime_ns, each.is_file() and each.read_bytes())
              for each in small.rglob("*")}  # fmt: skip
    folder.read(small)
    after = {each: (each.stat().st_mtime_ns, each.is_file() and each.read_bytes())
             for each in small.rglob("*")}  # fmt: skip
    assert before == after


@pytest.mark.parametrize(
    ("file", "line", "text"),
    [
        ("gui_settings.json", 2, '{"coins":\n "BTC'),
        ("hub_data/pnl_ledger.json", 1, '{"open_positions": {'),
        ("hub_data/pnl_ledger.json", None, '{"open_positions": [1]}'),
        ("hub_data/pnl_ledger.json", None, NEGATIVE),
        ("hub_data/pnl_ledger.json", None, '{"pending_orders": {"x": {"symbol": "ETH-USD"}}}'),
        ("hub_data/trader_status.json", None, "[]"),
        ("hub_data/account_value_history.jsonl", 1, '{"ts": "now", "total_account_value": 1}'),
        ("hub_data/account_value_history.jsonl", 2, '{"ts": 1, "total_account_value": 1}\nnull'),
        ("hub_data/signal_log.jsonl", 1, '{"ts": 1, "symbol": "BTC"}'),
        ("hub_data/trade_history.jsonl", 1, '{"side": "hold", "order_id": "x"}'),
        ("ETH/memories_1day.txt", 1, "1 2 3"),
    ],
)  # fmt: skip
def test_damage_is_named_with_its_file_and_line_and_the_rest_is_taken(
    small: Path, file: str, line: int | None, text: str
) -> None:
    """One damaged file never hides another."""
    (small / file).write_text(text)
    contents = folder.read(small)
    assert (file, line) in damaged(contents)
    assert len(contents.memories) >= len(Timeframe) - 1


def test_a_file_that_is_no_text_is_named(small: Path) -> None:
    """Whatever it was."""
    (small / "hub_data" / "signal_log.jsonl").write_bytes(b"\xff\xfe\x00")
    assert Finding(Outcome.DAMAGED, folder.SIGNALS, "is not text") in folder.read(small).findings


def test_the_files_are_found_where_the_settings_say(small: Path, tmp_path: Path) -> None:
    """main_neural_dir and hub_data_dir, where they exist."""
    (small / "hub_data").rename(tmp_path / "hub")
    (small / "ETH").rename(small / "neural")
    (tmp_path / "brain").mkdir()
    (small / "neural").rename(tmp_path / "brain" / "ETH")
    (small / "gui_settings.json").write_text(
        f'{{"main_neural_dir": "{tmp_path / "brain"}", "hub_data_dir": "{tmp_path / "hub"}"}}'
    )
    contents = folder.read(small)
    assert len(contents.memories) == len(Timeframe)
    assert len(contents.trades) == 4


def test_the_main_folder_is_bitcoins(small: Path) -> None:
    """Other coins have a folder of their name."""
    for path in (small / "ETH").glob("*.txt"):
        (small / path.name).write_bytes(path.read_bytes())
    assert {coin for coin, _ in folder.read(small).memories} == {"BTC", "ETH"}


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_that_is_not_the_bots_is_refused(tmp_path: Path, name: str) -> None:
    """Before anything is written anywhere."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=f"^{tmp_path / name}: "):
        folder.read(tmp_path / name)


def test_a_key_waits_for_the_command_that_takes_it(small: Path) -> None:
    """In either form."""
    (small / "cb_key.txt").write_text("k")
    assert "creds import-legacy" in said(folder.read(small), "cb_key.txt")
    (small / "cb_credentials.enc").write_text("k")
    assert "creds import-legacy" in said(folder.read(small), "cb_credentials.enc")
