"""`ptctl chart` and `ptctl pnl`: pictures that fit, with every line and every sum."""

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from powertraderd.ptctl import picture
from powertraderd.ptctl.chart import lines_of
from powertraderd.ptctl.pnl import By, summed
from powertraderd.ptctl.table import Paper
from powertraderd.testing.control_server import RecordedDaemon, Replies, good, refused

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture(autouse=True)
def replies(daemon: RecordedDaemon) -> dict[str, Replies]:
    """Answers as a real daemon gave them, by verb."""
    for file in RECORDED.glob("*.json"):
        daemon.replies[file.stem] = good(json.loads(file.read_text()))
    daemon.replies["trades"] = good({"trades": TRADES})
    return daemon.replies


def trade(at: str, coin: str, side: str, value: str, realised: str | None = None) -> dict[str, Any]:
    """One, with a fee of 1."""
    tag = "TRAIL_SELL" if side == "SELL" else "ENTRY"
    return {"at": f"2024-03-{at}:00+00:00", "coin": coin, "side": side, "tag": tag,
            "value": value, "fees": "1", "realised": realised}  # fmt: skip


TRADES = [  # newest first, as the daemon answers
    trade("02T11:00", "ETH", "SELL", "90", "-12"),
    trade("02T10:00", "BTC", "SELL", "120", "18"),
    trade("02T09:00", "BTC", "BUY", "100"),
    trade("01T09:00", "BTC", "SELL", "105.5", "3.5"),
    trade("01T08:00", "ETH", "BUY", "100"),
    trade("01T07:00", "BTC", "BUY", "100"),
]


@pytest.mark.parametrize("words", [["chart", "BTC"], ["chart", "BTC", "--height", "30"], ["pnl"]])
@pytest.mark.parametrize("width", [80, 120])
def test_a_picture_fits_the_terminal(
    words: list[str], width: int, ptctl: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 80 and at 120 columns, without colour codes where there is no terminal."""
    monkeypatch.setenv("COLUMNS", str(width))
    result = ptctl(*words)
    assert result.exit_code == 0, result.output
    assert max(len(line) for line in result.stdout.splitlines()) <= width
    assert "\x1b" not in result.stdout
    assert "█" in result.stdout or "┤" in result.stdout


def test_a_line_has_no_background_of_its_own() -> None:
    """On a dark terminal it would be a white bar."""
    on = Paper(80, colour=True)
    figure = picture.blank(on, 12)
    picture.across(figure, 3.0, "blue")
    shown = "\n".join(picture.drawn(figure, on))
    assert "\x1b[38;5;4m" in shown
    assert "\x1b[48" not in shown


def test_every_line_of_the_coin_is_drawn_or_listed(ptctl: Callable[..., Result]) -> None:
    """Lows, highs, ask and those of the position."""
    shown = ptctl("chart", "btc").stdout
    levels = json.loads((RECORDED / "levels.json").read_text())
    for row in levels["levels"]:
        for side in ("low", "high"):
            assert (f"{side} {row['timeframe']} " in shown) == (row[side] is not None)
    for name in ("ask", "average cost", "next DCA", "trail"):
        assert re.search(rf"(^|  ){name} ", shown, re.MULTILINE)
    assert max(map(len, shown.splitlines())) <= 80


def test_a_line_far_from_the_candles_is_listed_and_does_not_flatten_the_picture(
    ptctl: Callable[..., Result], replies: dict[str, Replies]
) -> None:
    """A DCA line at half the price would leave the candles a single row."""
    positions = json.loads((RECORDED / "positions.json").read_text())
    positions["positions"][0]["next_dca_price"] = "1"
    replies["positions"] = good(positions)
    shown = ptctl("chart", "BTC", "--height", "20").stdout
    assert re.search(r"next DCA +1\.000 +-100\.00% ↓$", shown, re.MULTILINE)
    assert shown.count("↓") == 1
    assert sum("█" in line for line in shown.splitlines()) > 8


def test_without_levels_and_positions_the_candles_are_shown(
    ptctl: Callable[..., Result], replies: dict[str, Replies]
) -> None:
    """What is not known yet is left out."""
    replies["levels"] = refused("not_ready", "no levels yet")
    replies["positions"] = refused("not_ready", "no ledger yet")
    result = ptctl("chart", "BTC")
    assert result.exit_code == 0
    assert "close" in result.stdout
    assert "LINE" not in result.stdout


def test_a_coin_without_candles_is_said(
    ptctl: Callable[..., Result], replies: dict[str, Replies]
) -> None:
    """Empty, or refused with the daemon's own words and code 4."""
    replies["candles"] = good({"coin": "BTC", "timeframe": "1week", "candles": []})
    assert "no candles of 1week yet" in ptctl("chart", "BTC", "-t", "1week").stdout
    replies["candles"] = refused("not_ready", "NOSUCH: no candles are stored yet")
    result = ptctl("chart", "NOSUCH")
    assert result.exit_code == 4
    assert "no candles are stored" in result.stderr


def test_the_chart_asks_for_as_many_candles_as_there_are_columns(
    ptctl: Callable[..., Result], daemon: RecordedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the timeframe that was named."""
    monkeypatch.setenv("COLUMNS", "120")
    ptctl("chart", "BTC", "-t", "4hour")
    assert daemon.asked("candles")[0]["args"] == {"coin": "BTC", "timeframe": "4hour", "limit": 108}


def test_the_chart_as_json_has_candles_and_lines(ptctl: Callable[..., Result]) -> None:
    """For other tools to draw."""
    answer = json.loads(ptctl("chart", "BTC", "--json").stdout)
    assert len(answer["candles"]) == 68
    assert {"name": "next DCA", "price": 56074.766} in answer["lines"]


def test_lines_of_another_coin_are_not_shown() -> None:
    """A position's lines are those of its own coin."""
    positions: Mapping[str, Any] = json.loads((RECORDED / "positions.json").read_text())
    assert list(lines_of("ETH", {}, positions)) == []


def test_profit_is_summed_by_day_after_all_fees(ptctl: Callable[..., Result]) -> None:
    """In order, with the sum so far."""
    sums = json.loads(ptctl("pnl", "--json").stdout)["sums"]
    assert [(s["key"], s["trades"], s["fees"], s["realised"], s["total"]) for s in sums] == [
        ("2024-03-01", 3, "3", "3.5", "3.5"),
        ("2024-03-02", 3, "3", "6", "9.5"),
    ]


def test_profit_is_summed_by_coin_and_by_tag() -> None:
    """The best first; bought and sold apart."""
    coins = summed(TRADES, By.COIN)
    assert [(each.key, each.realised, each.total) for each in coins] == [
        ("BTC", Decimal("21.5"), Decimal("21.5")), ("ETH", Decimal(-12), Decimal("9.5")),
    ]  # fmt: skip
    tags = {each.key: each for each in summed(TRADES, By.TAG)}
    assert (tags["ENTRY"].bought, tags["ENTRY"].sold) == (Decimal(300), Decimal(0))
    assert tags["TRAIL_SELL"].sold == Decimal("315.5")


def test_without_trades_there_is_nothing_to_sum(
    ptctl: Callable[..., Result], replies: dict[str, Replies]
) -> None:
    """One sale alone makes no picture."""
    replies["trades"] = good({"trades": []})
    assert ptctl("pnl").stdout == "no trades yet\n"
    replies["trades"] = good({"trades": TRADES[3:]})
    shown = ptctl("pnl").stdout
    assert "+3.50" in shown
    assert "┤" not in shown


def test_imported_trades_are_asked_for_by_name(
    ptctl: Callable[..., Result], replies: dict[str, Replies], daemon: RecordedDaemon
) -> None:
    """They are kept apart from our own."""
    old = trade("01T09:00", "ETH", "BUY", "100") | {"quantity": "0.05", "average_price": "2000"}
    replies["imported_trades"] = good({"imported_trades": [old]})
    assert "2,000.00" in ptctl("trades", "--imported").stdout
    assert daemon.asked("trades") == []
