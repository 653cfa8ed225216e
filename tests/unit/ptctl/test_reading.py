"""Verbs that only look: every table fits, every figure is there, JSON is the answer as it came."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from powertraderd.testing.control_server import RecordedDaemon, Replies, good

RECORDED = Path(__file__).parent / "recorded"
VERBS = {
    "status": ["status"],
    "positions": ["positions"],
    "account": ["account"],
    "signals": ["signals"],
    "levels": ["levels", "btc"],
    "decisions": ["decisions"],
    "trades": ["trades"],
    "orders": ["orders"],
    "training": ["train", "--status"],
}


@pytest.fixture(autouse=True)
def recorded(daemon: RecordedDaemon) -> dict[str, Replies]:
    """Answers as a real daemon gave them, by verb."""
    for file in RECORDED.glob("*.json"):
        daemon.replies[file.stem] = good(json.loads(file.read_text()))
    return daemon.replies


def content(recorded: dict[str, Replies], verb: str) -> Any:  # noqa: ANN401 - any JSON
    """The data of a recorded answer."""
    reply = recorded[verb]
    assert isinstance(reply, Mapping)
    return reply["data"]


@pytest.mark.parametrize("words", [*VERBS.values(), ["top"]], ids=[*VERBS, "top"])
@pytest.mark.parametrize("width", [80, 100, 120])
def test_every_table_fits_the_terminal(
    words: list[str], width: int, ptctl: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 80, where more is shown, and where everything is."""
    monkeypatch.setenv("COLUMNS", str(width))
    result = ptctl(*words)
    assert result.exit_code == 0, result.output
    assert max(len(line) for line in result.stdout.splitlines()) <= width


@pytest.mark.parametrize(("verb", "words"), VERBS.items(), ids=VERBS)
def test_json_is_the_answer_as_it_came(
    verb: str, words: list[str], ptctl: Callable[..., Result], recorded: dict[str, Replies]
) -> None:
    """Nothing is rounded, renamed or left out for machines."""
    assert json.loads(ptctl(*words, "--json").stdout) == content(recorded, verb)


@pytest.mark.parametrize(("verb", "words"), VERBS.items(), ids=VERBS)
def test_an_empty_answer_is_no_error(
    verb: str, words: list[str], ptctl: Callable[..., Result], recorded: dict[str, Replies]
) -> None:
    """A daemon that has just started knows little; unknown is a dash and never 0."""
    recorded[verb] = good()
    result = ptctl(*words)
    assert result.exit_code == 0, result.output
    assert "0.00" not in result.stdout


@pytest.mark.parametrize("words", [*VERBS.values(), ["top"]], ids=[*VERBS, "top"])
def test_a_refusal_says_its_reason_and_its_code(
    words: list[str], ptctl: Callable[..., Result], recorded: dict[str, Replies]
) -> None:
    """On standard error; standard output stays empty."""
    recorded.clear()
    result = ptctl(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "refused (unprepared)" in result.stderr


def test_status_shows_workers_money_coins_and_what_to_mend(ptctl: Callable[..., Result]) -> None:
    """The remedy stands beside the trouble."""
    shown = ptctl("status").stdout
    assert "REDUCING (exits only) since 2024-03-01 11:00:00, paused: tax day" in shown
    assert "ptctl unpark trader" in shown
    assert "restart in 3.2 s" in shown
    assert "learn DOGE 12hour" in shown
    assert "10,123.46" in shown
    assert "books balanced" in shown
    assert "DCA_SKIP dca_cooldown" in shown


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("HALTED", "HALTED (nothing is bought or sold)"),
        ("REDUCING", "REDUCING (exits only)"),
        ("ACTIVE", "ACTIVE"),
    ],
)
def test_status_says_what_trading_may_do_and_every_reason(
    state: str, words: str, ptctl: Callable[..., Result], recorded: dict[str, Replies]
) -> None:
    """One reason beside it, several below it."""
    trading: dict[str, object] = {"mode": "paper", "state": state, "causes": []}
    content(recorded, "status")["trading"] = trading
    assert f"trading paper, {words}\n" in ptctl("status").stdout
    causes = [{"code": "paused", "why": "tax day"}, {"code": "clock_skew", "why": "9 s off"}]
    trading["causes"] = causes[:1]
    assert f"trading paper, {words}, paused: tax day\n" in ptctl("status").stdout
    trading["causes"] = causes
    assert f"{words}\n  paused: tax day\n  clock_skew: 9 s off\n" in ptctl("status").stdout


def test_status_tells_of_books_that_do_not_add_up(
    ptctl: Callable[..., Result], recorded: dict[str, Replies]
) -> None:
    """To the last digit."""
    content(recorded, "status")["account"]["residual"] = "-0.00000001"
    shown = ptctl("status").stdout
    assert "off by -0.00000001" in shown
    assert "the books do not add up" in shown


def test_positions_show_the_next_averaging_down_and_the_trail(ptctl: Callable[..., Result]) -> None:
    """As the original's window did; a star where the line follows the price."""
    shown = ptctl("positions").stdout
    assert "-10.00% / HARD" in shown
    assert "0.08505*" in shown


def test_limit_and_coin_reach_the_daemon(
    ptctl: Callable[..., Result], daemon: RecordedDaemon
) -> None:
    """In capitals, whatever was typed."""
    ptctl("decisions", "--coin", "doge", "-n", "7")
    assert daemon.asked("decisions")[0]["args"] == {"coin": "DOGE", "limit": 7, "skip": 0}


@pytest.mark.parametrize("verb", ["decisions", "orders", "trades"])
def test_many_rows_are_asked_for_in_portions(
    verb: str, ptctl: Callable[..., Result], daemon: RecordedDaemon
) -> None:
    """One answer holds 64 KiB; a row that is told twice, because others came, is shown once."""
    told = iter([range(60), range(59, 119), range(119, 125)])
    daemon.replies[verb] = lambda: good({verb: [{"coin": f"C{n}"} for n in next(told)]})
    rows = json.loads(ptctl(verb, "-n", "500", "--json").stdout)[verb]
    assert [row["coin"] for row in rows] == [f"C{n}" for n in range(125)]
    asked = [request["args"] for request in daemon.asked(verb)]
    assert [(args["skip"], args["limit"]) for args in asked] == [(0, 60), (60, 60), (120, 60)]


def test_top_without_a_terminal_prints_one_look(ptctl: Callable[..., Result]) -> None:
    """With training bars while a coin is not trained."""
    shown = ptctl("top").stdout
    assert "DOGE  RUNNING   42%  ████  ████  ██▎░  ░░░░  ░░░░  ░░░░  ░░░░" in shown
    assert "BTC   READY" not in shown
    assert "long_below_minimum" in shown
    assert "\x1b" not in shown


def test_top_goes_on_without_the_exporter(
    ptctl: Callable[..., Result], recorded: dict[str, Replies]
) -> None:
    """The decisions are missing then, and it says why."""
    del recorded["decisions"]
    result = ptctl("top")
    assert result.exit_code == 0
    assert "the exporter does not answer" in result.stdout


@pytest.mark.parametrize(
    "words",
    [
        *(["status"], ["positions"], ["orders"], ["pnl"], ["chart", "BTC"]),
        ["train", "--status"],
    ],
    ids=" ".join,
)
def test_watch_looks_again_until_ctrl_c(
    words: list[str],
    daemon: RecordedDaemon,
    terminal: Callable[[list[str], str, str], tuple[int, str]],
) -> None:
    """Each look on a clean screen; leaving it is no error."""
    second_look = "\r\n\x1b[H\x1b[2J"
    code, seen = terminal([*words, "--watch", "0.1"], second_look, "\x03")
    assert code == 0
    assert "Traceback" not in seen
    assert seen.count(second_look[2:]) >= 2
    assert daemon.requests


@pytest.mark.parametrize("words", [["--status"], ["status"]], ids=" ".join)
def test_the_status_of_training_is_a_bar_for_each_coin_and_timeframe_and_trains_nothing(
    words: list[str], ptctl: Callable[..., Result], daemon: RecordedDaemon
) -> None:
    """READY, RUNNING or REQUIRED, and what the trainer does."""
    shown = ptctl("train", *words).stdout.splitlines()
    assert shown[0].split() == [
        "COIN", "STATE", "DONE", "1h", "2h", "4h", "8h", "12h", "1d", "1w", "TRAINED",
    ]  # fmt: skip
    assert shown[1].split() == [
        *("BTC", "READY", "100%", *["████"] * 7, "03-01", "11:00"),
    ]
    assert shown[2].split()[:10] == [
        *("DOGE", "RUNNING", "42%", "████", "████", "██▎░", "░░░░", "░░░░", "░░░░", "░░░░"),
    ]
    assert shown[3:] == ["trainer: learn DOGE 4hour, 3,012 of 5,100 candles"]
    assert not daemon.asked("train") + daemon.asked("train_stop")


def test_the_figures_that_explain_a_decision_come_first(
    ptctl: Callable[..., Result], recorded: dict[str, Replies]
) -> None:
    """On 80 columns the others are cut."""
    numbers = {"cash": "100", "bid": "9", "long": "3", "quantity": "1", "limit": "2", "peak": "9"}
    row = {"coin": "BTC", "action": "DCA_SKIP", "reason_code": "dca_cap", "numbers": numbers}
    recorded["decisions"] = good({"decisions": [row]})
    assert "dca_cap  limit=2 peak=9 long=3 cash=100 bid=9" in ptctl("decisions").stdout


def test_amounts_of_the_account_have_their_unit(
    ptctl: Callable[..., Result], recorded: dict[str, Replies]
) -> None:
    """The currency that is paid with, or percent."""
    recorded["account"] = good({**content(recorded, "account"), "quote": "EUR"})
    units = {line.split()[-1] for line in ptctl("account").stdout.splitlines()[:-1]}
    assert units == {"EUR", "%"}


def test_figures_of_a_silent_trader_are_called_old(
    ptctl: Callable[..., Result], recorded: dict[str, Replies]
) -> None:
    """The exchange may be down for an hour while every worker runs; the words fit 80 columns."""
    status = content(recorded, "status")
    status["age_s"]["trader"] = 29
    assert "told nothing" not in ptctl("status").stdout
    status["age_s"]["trader"] = 91.2
    shown = ptctl("status").stdout
    assert "! the trader has told nothing for 1 m 31 s" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_position_with_long_figures_fits_into_eighty_columns(
    ptctl: Callable[..., Result], recorded: dict[str, Replies]
) -> None:
    """What draws the next line is short there, and cut before any figure is."""
    row = content(recorded, "positions")["positions"][0]
    row |= {"quantity": "0.00642433", "value": "101070.48", "average_cost": "64285.66"}
    row |= {"pnl_bid_pct": "-10.01", "next_dca_pct": "-20", "next_dca_source": "neural N6"}
    row |= {"trail_line": "65892.80", "trail_armed": True}
    recorded["positions"] = good({"positions": [row]})
    _, line = ptctl("positions").stdout.splitlines()
    assert len(line) <= 80
    assert all(
        figure in line for figure in ("101,070.48", "64,285.66", "-20.00% / N6", "65,892.80*")
    )
    row["value"] = "123456101.48"
    _, line = ptctl("positions").stdout.splitlines()
    assert len(line) <= 80
    assert all(figure in line for figure in ("123,456,101.48", "…", "65,892.80*"))


def test_the_averaging_down_of_a_day_is_shown_with_its_cap(
    ptctl: Callable[..., Result], recorded: dict[str, Replies], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the original's table; without a cap only how often it was."""
    monkeypatch.setenv("COLUMNS", "120")
    row = content(recorded, "positions")["positions"][0] | {"dca_24h": 1}
    recorded["positions"] = good({"positions": [row | {"dca_max_24h": 2}, row]})
    capped, free = (line.split() for line in ptctl("positions").stdout.splitlines()[1:])
    assert "1/2" in capped
    assert "1" in free
