"""Exit codes: 0 done, 1 refused, 2 usage, 3 not reachable, 4 not ready, 5 timed out."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from powertraderd.testing.control_server import RecordedDaemon, good, refused

STEERING = {
    "pause": ["pause", "--reason", "tax day"],
    "resume": ["resume"],
    "halt": ["halt"],
    "start": ["start", "trader"],
    "stop": ["stop", "trader"],
    "restart": ["restart", "trader"],
    "unpark": ["unpark", "trader"],
    "reload": ["reload"],
    "train": ["train", "btc", "eth"],
    "reconcile": ["reconcile"],
}


@pytest.mark.parametrize(
    ("code", "leaves"),
    [
        ("not_enough_cash", 1),
        ("forbidden", 1),
        ("bad_arguments", 2),
        ("not_ready", 4),
        ("timed_out", 5),
    ],
)
def test_the_exit_code_follows_the_answer(
    code: str, leaves: int, daemon: RecordedDaemon, ptctl: Callable[..., Result]
) -> None:
    """And the reason code is said."""
    daemon.replies["pause"] = refused(code, "for a reason")
    result = ptctl("pause")
    assert result.exit_code == leaves
    assert result.stderr == f"ptctl: refused ({code}): for a reason\n"


@pytest.mark.parametrize(("verb", "words"), STEERING.items(), ids=STEERING)
def test_what_was_done_is_said(
    verb: str, words: list[str], daemon: RecordedDaemon, ptctl: Callable[..., Result]
) -> None:
    """In the daemon's own words, on standard output."""
    daemon.replies[verb] = good(message=f"{verb} it is")
    result = ptctl(*words)
    assert (result.exit_code, result.stdout) == (0, f"{verb} it is\n")


@pytest.mark.parametrize(("verb", "words"), STEERING.items(), ids=STEERING)
def test_json_has_the_whole_answer_also_of_a_refusal(
    verb: str, words: list[str], daemon: RecordedDaemon, ptctl: Callable[..., Result]
) -> None:
    """So that a script needs no words."""
    daemon.replies[verb] = refused("forbidden", "no")
    result = ptctl(*words, "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer.pop("id")
    assert answer == {"ok": False, "code": "forbidden", "message": "no", "data": {}}


def test_arguments_reach_the_daemon(daemon: RecordedDaemon, ptctl: Callable[..., Result]) -> None:
    """Reasons, workers and coins."""
    for verb, words in STEERING.items():
        daemon.replies[verb] = good()
        ptctl(*words)
    assert daemon.asked("pause")[0]["args"] == {"reason": "tax day"}
    assert daemon.asked("stop")[0]["args"] == {"worker": "trader"}
    assert daemon.asked("train")[0]["args"] == {"coins": ["BTC", "ETH"]}


@pytest.mark.parametrize(
    "words", [["status"], ["pause"], ["buy", "BTC", "5", "--yes"], ["top"], ["wait", "-t", "0"]]
)
def test_without_a_daemon_it_says_what_to_do(
    words: list[str], ptctl: Callable[..., Result], tmp_path: Path
) -> None:
    """Code 3 and a sentence with the place and the remedy."""
    path = tmp_path / "nobody.sock"
    result = ptctl(*words, "--socket", str(path))
    assert result.exit_code == 3
    assert str(path) in result.stderr
    assert "powertraderd run" in result.stderr


def test_without_a_daemon_json_says_so_too(ptctl: Callable[..., Result], tmp_path: Path) -> None:
    """The code is the word that scripts look at."""
    result = ptctl("status", "--json", "--socket", str(tmp_path / "nobody.sock"))
    assert result.exit_code == 3
    assert json.loads(result.stdout)["code"] == "unreachable"


@pytest.mark.parametrize(
    "words",
    [
        ["bogus"],
        ["buy", "BTC"],
        ["buy", "BTC", "-5", "--yes"],
        ["buy", "BTC", "nan", "--yes"],
        ["buy", "B-TC", "5", "--yes"],
        ["sell", "BTC", "--yes"],
        ["sell", "BTC", "--all", "--pct", "5", "--yes"],
        ["decisions", "--limit", "0"],
        ["logs", "--grep", "("],
        ["restart"],
    ],
)
def test_wrong_usage_leaves_with_two_and_asks_nothing(
    words: list[str], daemon: RecordedDaemon, ptctl: Callable[..., Result]
) -> None:
    """The daemon hears of none of it."""
    assert ptctl(*words).exit_code == 2
    assert not daemon.requests


def test_the_socket_may_stand_before_the_verb(
    daemon: RecordedDaemon, ptctl: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with any tool of this kind."""
    monkeypatch.delenv("POWERTRADERD_SOCKET")
    daemon.replies["resume"] = good()
    assert ptctl("--socket", str(daemon.path), "resume").exit_code == 0


@pytest.mark.parametrize(
    "verb", ["status", "buy", "sell", "wait", "logs", "decisions", "train", "chart", "pnl"]
)
def test_help_has_an_example(verb: str, ptctl: Callable[..., Result]) -> None:
    """Of every verb that has something to choose."""
    assert f"ptctl {verb}" in ptctl(verb, "--help").stdout.split("Example")[1]


def test_help_lists_the_exit_codes(ptctl: Callable[..., Result]) -> None:
    """Where a script's author looks first."""
    shown = " ".join(ptctl("--help").stdout.split())
    assert "3 daemon not reachable, 4 not ready, 5 timed out" in shown
