"""Buying and selling by hand."""

import json
from collections.abc import Callable

import pytest
from typer.testing import Result

from powertraderd.testing.control_server import RecordedDaemon, Replies, good, refused

Terminal = Callable[[list[str], str, str], tuple[int, str]]

BOUGHT = {
    "state": "FILLED",
    "client_order_id": "c-1",
    "coin": "BTC",
    "product_id": "BTC-USD",
    "side": "BUY",
    "quantity": "0.0004",
    "average_price": "62042.1",
    "value": "24.81684",
    "fees": "0.14890104",
    "realised": None,
    "refusal": None,
}
SOLD = {**BOUGHT, "side": "SELL", "realised": "-1.5"}
STATUS = {"coins": {"BTC": {"bid": "62011.23", "ask": "62042.1"}}}


@pytest.fixture(autouse=True)
def replies(daemon: RecordedDaemon) -> dict[str, Replies]:
    """A trader that fills."""
    daemon.replies |= {"buy": good(BOUGHT), "sell": good(SOLD), "status": good(STATUS)}
    return daemon.replies


def test_a_buy_says_what_was_filled_at_what_price_and_fee(ptctl: Callable[..., Result]) -> None:
    """And the id by which it can be asked for again."""
    result = ptctl("buy", "btc", "25", "--yes", "--request-id", "mine-1")
    assert result.exit_code == 0
    assert result.stdout == (
        "bought 0.0004 BTC at 62,042.10 for 24.82 USD, fee 0.15\nrequest id mine-1\n"
    )


def test_a_sell_says_what_was_gained(ptctl: Callable[..., Result]) -> None:
    """After all fees."""
    shown = ptctl("sell", "BTC", "--all", "-y").stdout
    assert "sold 0.0004 BTC at 62,042.10 for 24.82 USD, fee 0.15, realised -1.50" in shown


@pytest.mark.parametrize(
    ("words", "amount"),
    [
        (["--qty", "0.5"], {"qty": "0.5", "all": False}),
        (["--pct", "25%"], {"pct": "25", "all": False}),
        (["--all"], {"all": True}),
    ],
)
def test_a_sell_asks_for_what_was_typed(
    words: list[str],
    amount: dict[str, object],
    daemon: RecordedDaemon,
    ptctl: Callable[..., Result],
) -> None:
    """To the last digit."""
    assert ptctl("sell", "BTC", *words, "-y").exit_code == 0
    assert daemon.asked("sell")[0]["args"] == {"coin": "BTC", **amount}


def test_the_request_id_reaches_the_daemon(
    daemon: RecordedDaemon, ptctl: Callable[..., Result]
) -> None:
    """Repeating it repeats the answer; without it every call has a new one."""
    for words in (["--request-id", "mine-1"], ["--request-id", "mine-1"], [], []):
        ptctl("buy", "BTC", "25", "-y", *words)
    ids = [request["id"] for request in daemon.asked("buy")]
    assert ids[:2] == ["mine-1", "mine-1"]
    assert len({*ids}) == 3


@pytest.mark.parametrize("words", [["buy", "BTC", "25"], ["sell", "BTC", "--all"]])
def test_nothing_is_ordered_where_nobody_can_be_asked(
    words: list[str], daemon: RecordedDaemon, ptctl: Callable[..., Result]
) -> None:
    """Without --yes; the daemon hears of no order."""
    result = ptctl(*words)
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert not daemon.asked(words[0])


def test_a_refused_order_says_why_not(
    replies: dict[str, Replies], ptctl: Callable[..., Result]
) -> None:
    """With the reason code, and the id for asking again."""
    replies["buy"] = refused("not_enough_cash", "cash is 3.20")
    result = ptctl("buy", "BTC", "25", "-y", "--request-id", "mine-1")
    assert result.exit_code == 1
    assert "refused (not_enough_cash): cash is 3.20" in result.stderr
    assert "mine-1" in result.stderr


def test_a_silent_daemon_leaves_with_five_and_the_way_to_find_out(
    replies: dict[str, Replies], ptctl: Callable[..., Result]
) -> None:
    """The order may have been placed: the id is said, so that it is not placed again."""
    replies["buy"] = None
    words = ["buy", "BTC", "25", "-y", "--timeout", "0.2", "--request-id", "mine-1"]
    result = ptctl(*words)
    assert result.exit_code == 5
    assert "--request-id mine-1" in result.stderr


def test_json_has_the_whole_answer(ptctl: Callable[..., Result]) -> None:
    """With its id."""
    answer = json.loads(ptctl("buy", "BTC", "25", "-y", "--json", "--request-id", "m").stdout)
    assert (answer["id"], answer["ok"], answer["data"]) == ("m", True, BOUGHT)


def test_a_person_is_asked_and_may_say_yes(daemon: RecordedDaemon, terminal: Terminal) -> None:
    """The question names the price."""
    code, seen = terminal(["buy", "BTC", "25"], "[y/N]:", "y\n")
    assert "Buy BTC for 25.00 at the market (ask 62,042.10)?" in seen
    assert (code, len(daemon.asked("buy"))) == (0, 1)


@pytest.mark.parametrize("typed", ["n\n", "\n", "\x03", "\x04"])
def test_anything_but_yes_orders_nothing(
    typed: str, daemon: RecordedDaemon, terminal: Terminal
) -> None:
    """No, nothing, Ctrl-C and end of input."""
    code, _ = terminal(["sell", "BTC", "--pct", "50"], "[y/N]:", typed)
    assert code != 0
    assert not daemon.asked("sell")
