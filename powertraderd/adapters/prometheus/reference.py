"""docs/metrics.md, made of the catalog; ``make generate`` writes it."""

import sys
from collections.abc import Iterator

from powertraderd.adapters.prometheus.catalog import SECTIONS, Entry

_HEAD = """\
# Metrics

Made by `make generate` from `powertraderd/adapters/prometheus/catalog.py`; a test holds it to be
current.

Served as text on `[exporter] listen` (`curl -s http://127.0.0.1:9464/metrics`). Base units, ages in
seconds, `_total` on counters. *Market time* is the time of candles and orders (on paper it may be
accelerated), *machine time* is real. What is unknown has no sample: unknown is never zero. A part
of the page that cannot be read leaves its metrics out and sets `powertraderd_scrape_error`.

Counters of workers and of log lines begin again with each incarnation, which `rate()` and
`increase()` understand; those of orders, fills and decisions are read from the ledger and do not.
"""


def text() -> str:
    """The whole page."""
    return _HEAD + "".join(
        f"\n## {title}\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n"
        + "".join(_rows(entries))
        for title, entries in SECTIONS.items()
    )


def _rows(entries: tuple[Entry, ...]) -> Iterator[str]:
    for entry in entries:
        labels = ", ".join(f"`{label}`" for label in entry.labels)
        yield f"| `{entry.scraped_name}` | {entry.kind} | {labels} | {entry.text} |\n"


if __name__ == "__main__":
    sys.stdout.write(text())
