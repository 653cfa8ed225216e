"""A scrape as it is being written: families by name, one line for each sample."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from powertraderd.adapters.prometheus.catalog import CATALOG, PREFIX, Kind

Number = int | float | Decimal

_FAMILIES = {Kind.GAUGE: GaugeMetricFamily, Kind.COUNTER: CounterMetricFamily}


class Sheet:
    """Samples in families; a value of None is unknown and leaves no sample, never a zero."""

    def __init__(self) -> None:
        """Empty."""
        self._families: dict[str, Metric] = {}

    def put(self, name: str, value: Number | None, **labels: str) -> None:
        """One sample of the gauge or counter that the catalog calls ``name``.

        Raises LookupError for a name that is not in the catalog, ValueError for other labels.
        """
        entry = CATALOG[name]
        if set(labels) != set(entry.labels):
            msg = f"{name} has the labels {entry.labels}, not {tuple(labels)}"
            raise ValueError(msg)
        if value is None:
            return
        family = self._families.setdefault(
            name, _FAMILIES[entry.kind](PREFIX + name, entry.text, labels=entry.labels)
        )
        cells = [labels[label] for label in entry.labels]
        family.add_metric(cells, float(value))  # type: ignore[attr-defined]

    def histogram(self, name: str, buckets: Sequence[tuple[str, int]], total: float) -> None:
        """Cumulative ``buckets`` (upper bound as text, count; the last is +Inf) and their sum."""
        text = CATALOG[name].text
        self._families[name] = HistogramMetricFamily(
            PREFIX + name, text, buckets=list(buckets), sum_value=total
        )

    def families(self) -> Iterable[Metric]:
        """What was written."""
        return self._families.values()
