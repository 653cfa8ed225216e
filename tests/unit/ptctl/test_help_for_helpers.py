"""`ptctl events`, `config diff` and `support-bundle`: to find out what is going on."""

import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from powertraderd import settings_file
from powertraderd.settings import Settings
from powertraderd.supervision.status import settings_document
from powertraderd.testing.control_server import RecordedDaemon, good

PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBcDhidden\n-----END EC PRIVATE KEY-----"
KEY_NAME = "organizations/0b7c9a2e-1111-4111-8111-000000000001/apiKeys/7f1d2c3b-2222-4222-8222-02"


def line(event: str, *, level: str = "info", age_s: float = 0, **more: Any) -> str:  # noqa: ANN401
    """One log line."""
    at = (datetime.now(UTC) - timedelta(seconds=age_s)).isoformat().replace("+00:00", "Z")
    return json.dumps({"ts": at, "level": level, "event": event, "worker": "trader", **more})


@pytest.fixture
def log(tmp_path: Path, daemon: RecordedDaemon) -> Path:
    """The log file of a daemon, which names it."""
    path = tmp_path / "powertraderd.log"
    path.write_text(
        "\n".join(
            [
                line("supervisor_started", age_s=7200),
                line("decision", age_s=3600, coin="BTC"),
                line("worker_life", age_s=3600, life="RUNNING"),
                line("cycle_failed", level="warning", age_s=60),
                line("metrics_served", age_s=30),
                line("order_found", age_s=10, note=f"{PEM} {KEY_NAME} https://me:hidden@host/x"),
                "Traceback: not JSON",
            ]
        )
        + "\n"
    )
    daemon.replies["status"] = good({"supervisor": {"log_file": str(path)}})
    return path


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["events"], ["supervisor_started", "worker_life", "cycle_failed", "order_found"]),
        (["events", "--since", "90m"], ["worker_life", "cycle_failed", "order_found"]),
        (["events", "-n", "1"], ["order_found"]),
        (["events", "--since", "40s"], ["order_found"]),
        (["logs", "--since", "40s"], ["metrics_served", "order_found"]),
        (["logs", "--since", "2h", "--grep", "decision"], ["decision"]),
        (["logs", "--since", "1d", "-n", "1", "--worker", "nobody"], []),
    ],
)
def test_events_and_logs_are_told_from_a_moment_on(
    words: list[str], told: list[str], ptctl: Callable[..., Result]
) -> None:
    """Chatter is left out of events; a warning never is."""
    result = ptctl(*words, "--json")
    assert result.exit_code == 0, result.output
    assert [json.loads(each)["event"] for each in result.stdout.splitlines()] == told


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("when", ["yesterday", "15", "m", "2024-13-01"])
def test_a_moment_that_is_none_is_refused(when: str, ptctl: Callable[..., Result]) -> None:
    """With what may be written."""
    result = ptctl("logs", "--since", when)
    assert result.exit_code == 2
    assert "15m, 2h, 3d" in " ".join(result.stderr.split())


def test_a_moment_may_be_a_time_in_utc(log: Path, ptctl: Callable[..., Result]) -> None:
    """With or without its zone."""
    when = f"{datetime.now(UTC) - timedelta(seconds=20):%Y-%m-%dT%H:%M:%S}"
    for text in (when, f"{when}Z"):
        result = ptctl("events", "--since", text, "--file", str(log), "--json")
        assert len(result.stdout.splitlines()) == 1


@pytest.fixture
def config(tmp_path: Path, daemon: RecordedDaemon, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file, and a daemon that runs with it as it is now."""
    monkeypatch.delenv(settings_file.CONFIG_VARIABLE, raising=False)
    path = tmp_path / "powertraderd.toml"
    path.write_text("[dca]\nmultiplier = 1.5\n")
    document = settings_document(settings_file.load(path), path)
    daemon.replies["settings"] = good(document)
    return path


def test_a_file_that_is_as_it_was_changes_nothing(
    config: Path, ptctl: Callable[..., Result]
) -> None:
    """The daemon says which file it read."""
    assert ptctl("config", "diff").stdout == "the file changes nothing\n"
    assert json.loads(ptctl("config", "diff", "--json").stdout)["file"] == str(config)


def test_every_setting_that_differs_is_shown_with_both_values(
    config: Path, ptctl: Callable[..., Result]
) -> None:
    """Also those of one coin, which one side may not have."""
    config.write_text(
        "[dca]\nmultiplier = 2.5\ncooldown_minutes = 0\n[coins.BTC.dca]\nmultiplier=1\n"
    )
    changes = json.loads(ptctl("config", "diff", "--json").stdout)["changes"]
    assert {(each["setting"], each["running"], each["file"]) for each in changes} >= {
        ("dca.multiplier", "1.5", "2.5"),
        ("dca.cooldown_minutes", "60", "0"),
    }
    assert any(each["setting"].startswith("coins.BTC") for each in changes)
    shown = ptctl("config", "diff").stdout
    assert "dca.multiplier" in shown
    assert "2.5" in shown


def test_a_file_that_risks_more_is_warned_of_before_it_counts(
    config: Path, ptctl: Callable[..., Result]
) -> None:
    """And one that risks less is not."""
    config.write_text("[dca]\nmultiplier = 2\n")
    assert "WARNING: more risk: the ladders ask for" in ptctl("config", "diff").stdout
    assert "of the account" in json.loads(ptctl("config", "diff", "--json").stdout)["more_risk"]
    config.write_text("[dca]\nmultiplier = 1\n")
    assert "WARNING" not in ptctl("config", "diff").stdout
    assert json.loads(ptctl("config", "diff", "--json").stdout)["more_risk"] == ""


def test_a_wrong_file_is_said_and_nothing_is_compared(
    config: Path, ptctl: Callable[..., Result]
) -> None:
    """With the line and the range, as everywhere."""
    config.write_text("[dca]\nmultiplier = 99\n")
    result = ptctl("config", "diff")
    assert result.exit_code == 1
    assert "line 2: [dca] multiplier = 99" in result.stderr
    assert result.stdout == ""


def test_settings_that_are_told_hold_no_address_to_notify() -> None:
    """Those hold passwords."""
    assert "notify" not in settings_document(Settings(), None)["settings"]
    assert settings_document(Settings(), None)["config"] is None


def unpacked(path: Path) -> dict[str, str]:
    """The files of a bundle."""
    with tarfile.open(path) as bundle:
        members = [member for member in bundle.getmembers() if member.isfile()]
        files = {each.name: bundle.extractfile(each) for each in members}
        return {name: file.read().decode() for name, file in files.items() if file}


@pytest.mark.usefixtures("log", "config")
def test_a_bundle_has_what_a_helper_needs_and_no_secret(
    tmp_path: Path, ptctl: Callable[..., Result]
) -> None:
    """What the daemon does not answer says why; the file is its owner's alone."""
    path = tmp_path / "bundle.tar.gz"
    result = ptctl("support-bundle", str(path))
    assert result.exit_code == 0, result.output
    files = unpacked(path)
    assert {"powertraderd/machine.json", "powertraderd/status.json", "powertraderd/settings.json",
            "powertraderd/log.jsonl", "powertraderd/orders.json"} <= set(files)  # fmt: skip
    assert "unprepared" in files["powertraderd/orders.json"]
    assert "supervisor_started" in files["powertraderd/log.jsonl"]
    everything = "\n".join(files.values())
    for secret in ("hidden", "BEGIN EC", "organizations/0b7c"):
        assert secret not in everything
    assert everything.count("[redacted]") >= 3
    assert path.stat().st_mode & 0o777 == 0o600
    again = ptctl("support-bundle", str(path))
    assert again.exit_code == 1
    assert "name another file" in again.stderr


def test_a_bundle_can_be_made_without_a_daemon(
    tmp_path: Path, ptctl: Callable[..., Result]
) -> None:
    """Which is when it is needed most."""
    path = tmp_path / "bundle.tar.gz"
    result = ptctl("support-bundle", str(path), "--socket", str(tmp_path / "nobody"))
    assert result.exit_code == 0, result.output
    assert "No daemon" in unpacked(path)["powertraderd/status.txt"]
