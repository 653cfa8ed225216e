"""What all dashboards have in common: variables, links, refresh, time."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableRefresh,
)

from ops.grafana.source.panels import RUNBOOK
from ops.grafana.source.queries import DATASOURCE

TAG = "powertraderd"


def choice(name: str, label: str, query: str) -> dashboard.QueryVariable:
    """A variable whose values Prometheus knows."""
    variable = dashboard.QueryVariable(name).label(label).query(query).datasource(DATASOURCE)
    return variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)


def board(name: str, text: str, *, since: str = "now-6h") -> dashboard.Dashboard:
    """An empty dashboard called ``name``; its file and its uid are made of the name."""
    made = dashboard.Dashboard(f"powertraderd: {name}").uid(f"{TAG}-{name.lower()}")
    made.description(text).tags([TAG]).refresh("30s").time(since, "now").timezone("browser")
    made.tooltip(DashboardCursorSync.CROSSHAIR).editable()
    made.with_variable(
        dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    )
    instances = choice("instance", "Daemon", "label_values(powertraderd_build_info, instance)")
    made.with_variable(instances.include_all(True).all_value(".*").multi(False))
    made.with_variable(dashboard.ConstantVariable("runbook").value(RUNBOOK))
    others = dashboard.DashboardLink("powertraderd").type(DashboardLinkType.DASHBOARDS)
    made.link(others.tags([TAG]).include_vars(True).keep_time(True))
    made.link(dashboard.DashboardLink("Runbook").url("${runbook}").target_blank(True))
    return made
