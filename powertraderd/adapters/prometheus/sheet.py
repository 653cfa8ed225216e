"""A scrape as it is being written: families by name, one line for each sample."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

PREFIX = "powertraderd_"

Number = int | float | Decimal


class Sheet:
    """Samples in families; a value of None is unknown and leaves no sample, never a zero."""

    def __init__(self) -> None:
        """Empty."""
        self._families: dict[str, Metric] = {}

    def gauge(self, name: str, text: str, value: Number | None, **labels: str) -> None:
        """One sample of what goes up and down."""
        if value is None:
            return
        family = self._families.setdefault(
            name, GaugeMetricFamily(PREFIX + name, text, labels=tuple(labels))
        )
        family.add_metric(tuple(labels.values()), float(value))  # type: ignore[attr-defined]

    def counter(self, name: str, text: str, value: Number | None, **labels: str) -> None:
        """One sample of what only rises; ``name`` is without its ending ``_total``."""
        if value is None:
            return
        family = self._families.setdefault(
            name, CounterMetricFamily(PREFIX + name, text, labels=tuple(labels))
        )
        family.add_metric(tuple(labels.values()), float(value))  # type: ignore[attr-defined]

    def histogram(
        self, name: str, text: str, buckets: Sequence[tuple[str, int]], total: float
    ) -> None:
        """Cumulative ``buckets`` (upper bound as text, count; the last is +Inf) and their sum."""
        self._families[name] = HistogramMetricFamily(
            PREFIX + name, text, buckets=list(buckets), sum_value=total
        )

    def families(self) -> Iterable[Metric]:
        """What was written."""
        return self._families.values()
