"""PromQL in the dialect of these dashboards: one prefix, and always the chosen instance."""

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
INSTANCE = 'instance=~"$instance"'
OUTSIDE = 'phase=~"broker[.].+|quotes|candles"'


def metric(name: str, *matchers: str, **labels: str) -> str:
    """A selector of ours; a recorded one has a colon before its name."""
    prefix = "powertraderd" if name.startswith(":") else "powertraderd_"
    equal = (f'{label}="{value}"' for label, value in labels.items())
    return f"{prefix}{name}{{{', '.join((INSTANCE, *equal, *matchers))}}}"


def increase(name: str, *matchers: str, **labels: str) -> str:
    """What a counter gained in each step of the graph; for panels made by ``bars``."""
    return f"increase({metric(name, *matchers, **labels)}[$__interval])"


def over_time(expr: str, legend: str = "") -> prometheus.Dataquery:
    """A curve for each series."""
    query = prometheus.Dataquery().datasource(DATASOURCE).expr(expr).range()
    return query.legend_format(legend or "__auto")


def now(expr: str, legend: str = "") -> prometheus.Dataquery:
    """The newest value only."""
    query = prometheus.Dataquery().datasource(DATASOURCE).expr(expr).instant()
    return query.legend_format(legend or "__auto")


def rows(expr: str) -> prometheus.Dataquery:
    """The newest values as rows of a table, a column for each label."""
    return now(expr).format(PromQueryFormat.TABLE)
