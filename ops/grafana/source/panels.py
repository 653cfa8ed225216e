"""Panels in the house style: a title, a sentence that explains it, a unit, colours that mean."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.builders import dashboard, prometheus, stat, statetimeline, table
from grafana_foundation_sdk.builders import timeseries as graph
from grafana_foundation_sdk.models import common as words
from grafana_foundation_sdk.models import dashboard as model

from ops.grafana.source.queries import DATASOURCE, rows

GREEN, YELLOW, ORANGE, RED = "green", "yellow", "orange", "red"
BLUE, PURPLE, GREY = "blue", "purple", "#8e8e8e"
RUNBOOK = "https://git.example.org/powertraderd/docs/runbook.md"
"""The one address that an installation puts in the place of its own."""

USD, SECONDS, RATIO, COUNT = "prefix:$", "s", "percentunit", "none"
PER_SECOND = "cps"

Steps = Sequence[tuple[float | None, str]]
Words = Mapping[int, tuple[str, str]]
Panel = TypeVar("Panel", stat.Panel, graph.Panel, table.Panel, statetimeline.Panel)


def runbook(section: str) -> dashboard.DashboardLink:
    """A panel's link to what to do about it."""
    link = dashboard.DashboardLink(f"Runbook: {section}").url(f"${{runbook}}#{section.lower()}")
    return link.target_blank(True)


def _dress(panel: Panel, title: str, text: str, size: tuple[int, int], alert: str) -> Panel:
    panel.title(title).description(text).datasource(DATASOURCE).span(size[0]).height(size[1])
    if alert:
        panel.links([runbook(alert)])
    return panel


def thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    """Colours from a value upwards; the first step has no value."""
    built = [model.Threshold(value=value, color=color) for value, color in steps]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(built)


def meanings(names: Words) -> list[Any]:
    """Words and colours in the place of numbers."""
    results = {
        str(value): model.ValueMappingResult(text=text, color=color, index=index)
        for index, (value, (text, color)) in enumerate(names.items())
    }
    return [model.ValueMap(options=results)]


def figure(
    title: str,
    text: str,
    query: prometheus.Dataquery,
    *,
    unit: str = COUNT,
    steps: Steps = ((None, GREEN),),
    names: Words | None = None,
    width: int = 4,
    decimals: int | None = None,
    alert: str = "",
    name_only: bool = False,
) -> stat.Panel:
    """One number, or one word, that says by its colour whether all is well."""
    panel = _dress(stat.Panel(), title, text, (width, 4), alert).with_target(query.ref_id("A"))
    panel.unit(unit).thresholds(thresholds(steps)).mappings(meanings(names) if names else [])
    panel.reduce_options(build.ReduceDataOptions().calcs(["lastNotNull"]))
    panel.graph_mode(words.BigValueGraphMode.NONE).color_mode(
        words.BigValueColorMode.VALUE
    ).no_value("unknown")
    panel.text_mode(words.BigValueTextMode.NAME if name_only else words.BigValueTextMode.VALUE)
    return panel if decimals is None else panel.decimals(decimals)


def curves(
    title: str,
    text: str,
    queries: Iterable[prometheus.Dataquery],
    *,
    unit: str = COUNT,
    size: tuple[int, int] = (12, 8),
    alert: str = "",
    calcs: Sequence[str] = ("lastNotNull",),
    least: float | None = None,
    legend_right: bool = False,
) -> graph.Panel:
    """Curves over time, with their last values beside their names."""
    panel = _dress(graph.Panel(), title, text, size, alert).unit(unit).line_width(1)
    for number, query in enumerate(queries):
        panel.with_target(query.ref_id(_letter(number)))
    panel.show_points(words.VisibilityMode.NEVER).fill_opacity(0)
    panel.tooltip(
        build.VizTooltipOptions()
        .mode(words.TooltipDisplayMode.MULTI)
        .sort(words.SortOrder.DESCENDING)
    )
    place = words.LegendPlacement.RIGHT if legend_right else words.LegendPlacement.BOTTOM
    legend = build.VizLegendOptions().show_legend(True).placement(place).calcs(list(calcs))
    panel.legend(
        legend.display_mode(
            words.LegendDisplayMode.TABLE if legend_right else (words.LegendDisplayMode.LIST)
        )
    )
    return panel if least is None else panel.min(least)


def bars(panel: graph.Panel) -> graph.Panel:
    """The same as stacked bars: for what happened within each step, of a minute at least."""
    panel.draw_style(words.GraphDrawStyle.BARS).fill_opacity(70).line_width(0).interval("1m")
    panel.min(0).axis_soft_max(1)
    panel.no_value("nothing happened")
    return panel.stacking(build.StackingConfig().mode(words.StackingMode.NORMAL).group("A"))


def stairs(panel: graph.Panel) -> graph.Panel:
    """The same as steps: for values that hold until they change."""
    return panel.line_interpolation(words.LineInterpolation.STEP_AFTER)


def colour(panel: graph.Panel, pattern: str, color: str, **style: object) -> graph.Panel:
    """Give the series whose names match ``pattern`` a fixed colour, and more of ``custom``."""
    fixed = {"mode": "fixed", "fixedColor": color}
    properties = [model.DynamicConfigValue(id_val="color", value=fixed)]
    properties += [
        model.DynamicConfigValue(id_val=f"custom.{name}", value=value)
        for name, value in style.items()
    ]
    return panel.override_by_regexp(f"/{pattern}/", properties)


DASHED = {"fill": "dash", "dash": [6, 6]}


def states(
    title: str,
    text: str,
    query: prometheus.Dataquery,
    names: Words,
    *,
    size: tuple[int, int] = (24, 6),
    alert: str = "",
) -> statetimeline.Panel:
    """A band for each series that shows in words and colours what it was when."""
    panel = _dress(statetimeline.Panel(), title, text, size, alert)
    panel.with_target(query.ref_id("A")).mappings(meanings(names)).show_value(
        words.VisibilityMode.AUTO
    ).row_height(0.8)
    panel.thresholds(thresholds(((None, GREY),))).fill_opacity(80).line_width(0)
    return panel.legend(
        build.VizLegendOptions()
        .show_legend(True)
        .placement(words.LegendPlacement.BOTTOM)
        .display_mode(words.LegendDisplayMode.LIST)
    )


Column = tuple[str, str, str]
"""(title, unit, expression)"""


def columns(
    title: str,
    text: str,
    key: str,
    wanted: Sequence[Column],
    *,
    size: tuple[int, int] = (24, 8),
    alert: str = "",
) -> table.Panel:
    """A row for each value of label ``key`` and a column for each expression."""
    panel = _dress(table.Panel(), title, text, size, alert)
    for number, (_, _, expr) in enumerate(wanted):
        panel.with_target(rows(expr).ref_id(_letter(number)))
    panel.with_transformation(_transform("joinByField", {"byField": key, "mode": "outer"}))
    renamed = {_value(number): name for number, (name, _, _) in enumerate(wanted)}
    order = {key: 0} | {_value(number): number + 1 for number in range(len(wanted))}
    organized = {"includeByName": dict.fromkeys(order, True), "indexByName": order}
    organized |= {"renameByName": renamed | {key: key.capitalize()}, "excludeByName": {}}
    panel.with_transformation(_transform("organize", organized))
    narrow = model.DynamicConfigValue(id_val="custom.minWidth", value=80)
    panel.override_by_regexp("/.*/", [narrow])
    for name, unit, _ in wanted:
        panel.override_by_name(name, [model.DynamicConfigValue(id_val="unit", value=unit)])
    return panel


def _letter(number: int) -> str:
    return chr(ord("A") + number)


def _value(number: int) -> str:
    return f"Value #{_letter(number)}"


def _transform(name: str, options: Mapping[str, object]) -> model.DataTransformerConfig:
    return model.DataTransformerConfig(id_val=name, options=options)
