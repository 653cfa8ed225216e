"""The catalog of metrics and the page that is made of it."""

import re
from pathlib import Path

import pytest

from powertraderd.adapters.prometheus import reference
from powertraderd.adapters.prometheus.catalog import CATALOG, SECTIONS, Kind
from powertraderd.adapters.prometheus.sheet import Sheet

DOCS = Path(__file__).parents[4] / "docs"


def test_the_reference_page_is_current() -> None:
    """`make generate` writes it."""
    assert (DOCS / "metrics.md").read_text(encoding="utf-8") == reference.text()


def test_no_metric_is_defined_twice() -> None:
    """The second would silently win."""
    names = [entry.name for section in SECTIONS.values() for entry in section]
    assert len(names) == len(set(names)) == len(CATALOG)


def test_labels_hold_neither_process_ids_nor_order_ids() -> None:
    """Each of their values would be a new series for ever."""
    labels = {label for entry in CATALOG.values() for label in entry.labels}
    assert not {label for label in labels if re.search(r"(^|_)(pid|id|order|incarnation)", label)}


@pytest.mark.parametrize("name", CATALOG)
def test_a_name_follows_the_conventions(name: str) -> None:
    """Small letters, and no ending that the exposition format adds by itself."""
    entry = CATALOG[name]
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
    assert not name.endswith(("_total", "_count", "_sum", "_bucket"))
    assert entry.text.endswith(".")
    assert "_total" not in entry.scraped_name or entry.kind is Kind.COUNTER


@pytest.mark.parametrize("name", [n for n in CATALOG if n.endswith("_age_seconds")])
def test_an_age_says_whose_time_it_is_in(name: str) -> None:
    """Market time may run thousands of times faster than machine time."""
    assert re.search(r"(Market|Machine|Wall) time", CATALOG[name].text) or "market time" in (
        CATALOG[name].text
    )


def test_a_figure_that_is_not_in_the_catalog_is_refused() -> None:
    """A slip of the pen must not become a metric."""
    with pytest.raises(KeyError):
        Sheet().put("account_cahs_usd", 1)


def test_other_labels_than_the_catalogs_are_refused() -> None:
    """Else two series of one metric would have different labels."""
    with pytest.raises(ValueError, match="worker_ready has the labels"):
        Sheet().put("worker_ready", 1, role="trader")


def test_unknown_leaves_no_sample_and_zero_does() -> None:
    """Unknown is never zero."""
    sheet = Sheet()
    sheet.put("clock_skew_seconds", None)
    sheet.put("ledger_residual_usd", 0)
    assert [family.name for family in sheet.families()] == ["powertraderd_ledger_residual_usd"]
