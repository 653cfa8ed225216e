"""Rules and routes, held by Prometheus's own tools, and the runbook that belongs to them."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from powertraderd.ptctl.app import app

ROOT = Path(__file__).parents[2]
OPS = ROOT / "ops" / "prometheus"
RULES = sorted((OPS / "rules").glob("*.yml"))
ALERTMANAGER = OPS / "alertmanager.yml"
PARTS = ("Meaning", "First look:", "Likely causes:", "Do:", "Wake up:")


def tool(*command: str | Path) -> str:
    """What one of Prometheus's tools says; skips where it is not installed."""
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"needs {command[0]}: packages prometheus and prometheus-alertmanager")
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def alerts() -> dict[str, Any]:
    """Every alert by name."""
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    rules = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    return {rule["alert"]: rule for rule in rules}


def cases() -> Iterator[tuple[str, bool]]:
    """(alert, whether it is expected to fire) of every case of the unit tests."""
    for path in (OPS / "rules_test").glob("*.yml"):
        for test in yaml.safe_load(path.read_text())["tests"]:
            for case in test.get("alert_rule_test", ()):
                yield case["alertname"], bool(case["exp_alerts"])


def runbook() -> dict[str, str]:
    """Sections of the chapter on alerts, on one line each."""
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    chapter = re.split(r"^## ", text.partition("\n## Alerts\n")[2], flags=re.MULTILINE)[0]
    _, *sections = re.split(r"^### ", chapter, flags=re.MULTILINE)
    titles_and_bodies = (section.partition("\n") for section in sections)
    return {title: " ".join(body.split()) for title, _, body in titles_and_bodies}


def test_the_rules_are_well_formed() -> None:
    """All of them together, with the example configuration that loads them."""
    tool("promtool", "check", "rules", *RULES)
    said = tool("promtool", "check", "config", OPS / "prometheus.yml")
    assert f"{len(RULES)} rule files found" in said


@pytest.mark.parametrize("path", sorted((OPS / "rules_test").glob("*.yml")), ids=lambda p: p.stem)
def test_alerts_fire_when_they_should_and_only_then(path: Path) -> None:
    """Prometheus's own unit tests: labels, words and times."""
    tool("promtool", "test", "rules", path)


def test_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_silent() -> None:
    """The watchdog is the one that is never silent."""
    tested = set(cases())
    assert {name for name, fires in tested if fires} == set(alerts())
    assert {name for name, fires in tested if not fires} == set(alerts()) - {"Watchdog"}


def test_each_alert_says_how_bad_it_is_and_where_to_read_on() -> None:
    """Severity decides who is woken up."""
    for name, rule in alerts().items():
        assert rule["labels"]["severity"] in {"critical", "warning", "none"}, name
        assert set(rule["annotations"]) == {"summary", "description", "runbook"}, name
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{name.lower()}"


def test_each_alert_has_its_section_in_the_runbook_and_no_other_is_there() -> None:
    """With all five parts, and the severity that the rule has."""
    sections = runbook()
    assert list(sections) == list(alerts())
    for name, rule in alerts().items():
        assert [part for part in PARTS if f"**{part}" not in sections[name]] == []
        assert f"**Meaning** ({rule['labels']['severity']})" in sections[name]


def test_the_runbook_names_only_commands_that_exist() -> None:
    """A command that is wrong at three in the morning is worse than none."""
    known = set(typer.main.get_group(app).commands)
    named = set(re.findall(r"`ptctl ([a-z]+)", " ".join(runbook().values())))
    assert named
    assert named <= known


def test_the_example_of_alertmanager_is_well_formed() -> None:
    """As amtool sees it."""
    assert "3 receivers" in tool("amtool", "check-config", ALERTMANAGER)


def route(**labels: str) -> str:
    """The receiver of an alert with these labels."""
    pairs = [f"{name}={value}" for name, value in labels.items()]
    command = ("amtool", "config", "routes", "test", f"--config.file={ALERTMANAGER}", *pairs)
    return tool(*command).strip()


@pytest.mark.parametrize(
    ("severity", "receiver"),
    [("critical", "phone"), ("warning", "mail"), ("none", "dead-mans-switch")],
)
def test_an_alert_goes_where_its_severity_says(severity: str, receiver: str) -> None:
    """Critical ones wake up, warnings wait, the watchdog goes to the dead man's switch."""
    names = [name for name, rule in alerts().items() if rule["labels"]["severity"] == severity]
    assert route(alertname=names[-1], severity=severity, instance="a") == receiver


def test_an_alert_without_a_severity_is_not_lost() -> None:
    """It goes to the default receiver."""
    assert route(alertname="SomethingNew") == "mail"
