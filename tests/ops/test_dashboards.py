"""Dashboards and rules against a real Prometheus that scrapes the real demo daemon.

No Grafana server takes part: what is held here is that the files are current, that every expression
is PromQL and has series, and that metric names agree everywhere.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from powertraderd.adapters.prometheus.catalog import CATALOG, Kind
from powertraderd.testing.rig import until

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "ops" / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
BOARDS: dict[str, Any] = {path.stem: json.loads(path.read_text()) for path in FILES}
Prometheus = Any  # see conftest.py
PATIENCE_S = 150.0
pytestmark = pytest.mark.timeout(300)  # the demo has to trade for a while
VARIABLES = {
    "$instance": ".*",
    "$coin": "BTC",
    "$__rate_interval": "30s",
    "$__interval": "30s",
}
NOT_OURS = {"up", "ALERTS"}
COMPARISONS = {"==", "!=", ">", "<", ">=", "<="}
SETS = {"and", "or", "unless"}


def panels(board: Any) -> Iterator[Any]:  # noqa: ANN401 - JSON
    """All panels, those within rows too."""
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", ())


def of_boards() -> Iterator[tuple[str, str]]:
    """(where, expression) of all panels and annotations, variables filled in."""
    for name, board in BOARDS.items():
        for panel in panels(board):
            for target in panel.get("targets", ()):
                yield f"{name}/{panel['title']}/{target['refId']}", filled(target["expr"])
        for note in board.get("annotations", {}).get("list", ()):
            yield f"{name}/annotation {note['name']}", filled(note["expr"])


def of_rules() -> Iterator[tuple[str, str]]:
    """(name, expression) of all rules."""
    for path in sorted((ROOT / "ops" / "prometheus" / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                yield rule.get("alert") or rule["record"], rule["expr"]


def filled(expr: str) -> str:
    """With values in the place of Grafana's variables."""
    for name, value in VARIABLES.items():
        expr = expr.replace(name, value)
    assert "$" not in expr, f"unknown variable in {expr}"
    return expr


EXPRESSIONS = [*of_boards(), *of_rules()]


def has_default(expr: promql.BinaryExpr) -> bool:
    """``... or vector(0)``: what may be empty on purpose."""
    return str(expr.op) == "or" and expr.rhs.prettify().startswith("vector(")


def compared(expr: promql.Expr) -> Iterator[promql.Expr]:
    """What must have series: a comparison that is false has none, but its two sides do."""
    if isinstance(expr, promql.ParenExpr):
        yield from compared(expr.expr)
    elif isinstance(expr, promql.BinaryExpr) and has_default(expr):
        yield expr
    elif isinstance(expr, promql.BinaryExpr) and str(expr.op) in COMPARISONS | SETS:
        yield from compared(expr.lhs)
        yield from compared(expr.rhs)
    elif not isinstance(expr, promql.NumberLiteral):
        yield expr


def selected(expr: str) -> set[str]:
    """Names of all metrics that an expression selects."""
    names = re.findall(r"\b(?:powertraderd[a-z0-9_:]*|up|ALERTS)\b(?=[{\s)\[]|$)", expr)
    return set(names)


def exported_names() -> set[str]:
    """All names under which the catalog's metrics are scraped."""
    names: set[str] = set()
    for entry in CATALOG.values():
        endings = ("_bucket", "_count", "_sum") if entry.kind is Kind.HISTOGRAM else ("",)
        names.update(entry.scraped_name + ending for ending in endings)
    return names


def recorded_names() -> set[str]:
    """Names that our own rules record."""
    return {name for name, _ in of_rules() if ":" in name}


def test_the_dashboards_are_what_their_code_makes(tmp_path: Path) -> None:
    """`make generate` writes them."""
    command = (sys.executable, "-m", "ops.grafana.source", str(tmp_path))
    subprocess.run(command, cwd=ROOT, check=True)
    made = {path.name: path.read_text() for path in tmp_path.glob("*.json")}
    assert made == {path.name: path.read_text() for path in FILES}


def test_every_expression_selects_only_metrics_that_exist() -> None:
    """In the catalog, recorded by our rules, or Prometheus's own."""
    known = exported_names() | recorded_names() | NOT_OURS
    for where, expr in EXPRESSIONS:
        assert selected(expr) or expr == "vector(1)", where
        assert selected(expr) - known == set(), where


def test_every_metric_is_used_by_a_panel_or_a_rule() -> None:
    """What nobody looks at need not be exported."""
    used = set().union(*(selected(expr) for _, expr in EXPRESSIONS))
    unused = {
        name
        for name, entry in CATALOG.items()
        if not any(found.startswith(entry.scraped_name) for found in used)
    }
    assert unused == set()


def test_panels_explain_themselves_and_name_their_unit() -> None:
    """A title, a sentence, a unit; a link to the runbook leads to a section that is there."""
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    for name, board in BOARDS.items():
        for panel in panels(board):
            if panel["type"] == "row":
                continue
            where = f"{name}/{panel['title']}"
            assert panel["description"].endswith("."), where
            assert (
                panel["type"] in {"statetimeline", "state-timeline", "table"}
                or (panel["fieldConfig"]["defaults"]["unit"])
            ), where
            for link in panel.get("links", ()):
                section = link["title"].removeprefix("Runbook: ")
                assert f"\n### {section}\n" in runbook, where
                assert link["url"] == f"${{runbook}}#{section.lower()}", where


def test_no_two_panels_of_a_dashboard_overlap() -> None:
    """On the grid of 24 columns, with ids of their own."""
    for name, board in BOARDS.items():
        cells = [
            (x, y)
            for panel in panels(board)
            for place in [panel["gridPos"]]
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        assert len(cells) == len(set(cells)), name
        assert max(x for x, _ in cells) == 23, name
        ids = [panel["id"] for panel in panels(board)]
        assert len(ids) == len(set(ids)), name


@pytest.mark.parametrize(("where", "expr"), EXPRESSIONS, ids=[where for where, _ in EXPRESSIONS])
def test_an_expression_has_series(prometheus: Prometheus, where: str, expr: str) -> None:
    """Executed by Prometheus as it stands, and every part of it that must have series has some."""
    prometheus.series(expr)
    for part in compared(promql.parse(expr)):
        ask = partial(prometheus.series, part.prettify())
        until(ask, f"{where}: {part.prettify()}", PATIENCE_S)


@pytest.mark.parametrize("name", BOARDS)
def test_every_variable_has_values(prometheus: Prometheus, name: str) -> None:
    """Those that Prometheus is asked for."""
    for variable in BOARDS[name]["templating"]["list"]:
        if variable["type"] != "query":
            continue
        found = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"])
        assert found, variable
        metric, label = found.groups()
        answer = prometheus.ask(f"label/{label}/values", **{"match[]": metric})
        assert answer, variable["name"]


def test_all_metrics_of_the_catalog_are_exported_and_no_others(prometheus: Prometheus) -> None:
    """Within the time that the demo takes for its first trades."""
    known = {f"powertraderd_{name}" for name in CATALOG}
    seen: set[str] = set()

    def all_seen() -> bool:
        families = text_string_to_metric_families(prometheus.exported())
        seen.update(family.name for family in families)
        return known <= seen

    until(all_seen, f"{sorted(known - seen)} to be exported", PATIENCE_S)
    assert seen == known


def test_no_part_of_the_page_fails(prometheus: Prometheus) -> None:
    """Nor is any rule in error."""
    until(
        lambda: prometheus.ask("query", query="sum(powertraderd_scrape_error) == 0")["result"],
        "all parts to be read",
        PATIENCE_S,
    )
    groups = prometheus.ask("rules")["groups"]
    states = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
    assert states
    assert {name for name, health in states.items() if health == "err"} == set()


def test_the_provisioning_files_are_of_the_kind_that_grafana_reads() -> None:
    """A data source that is a Prometheus, and a provider of dashboard files."""
    folder = GRAFANA / "provisioning"
    sources = yaml.safe_load((folder / "datasources" / "powertraderd.yml").read_text())
    assert sources["apiVersion"] == 1
    assert [source["type"] for source in sources["datasources"]] == ["prometheus"]
    interval = yaml.safe_load((ROOT / "ops/prometheus/prometheus.yml").read_text())["global"]
    assert sources["datasources"][0]["jsonData"]["timeInterval"] == interval["scrape_interval"]
    providers = yaml.safe_load((folder / "dashboards" / "powertraderd.yml").read_text())
    assert [provider["type"] for provider in providers["providers"]] == ["file"]
