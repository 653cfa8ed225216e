"""`ptctl risk` on a terminal of 80 columns and as JSON."""

import json
from collections.abc import Callable
from decimal import Decimal

from typer.testing import Result

from powertraderd.model.rules import RiskLimits, StrategyRules
from powertraderd.supervision.protocol import jsonable
from powertraderd.testing.coin_views import BTC, ETH, a_books, a_position, a_quote
from powertraderd.testing.control_server import RecordedDaemon, Reply, good, refused
from powertraderd.workers.risk_query import risk_table


def answer() -> Reply:
    """As the exporter makes it: BTC held, ETH not, one account of 1,000."""
    rules = StrategyRules(risk=RiskLimits(max_position_usd=Decimal(700), max_position_pct=None))
    books = a_books(a_position(stage=1), cash="1000")
    quotes = {BTC: a_quote("98"), ETH: a_quote("10")}
    return good(jsonable(risk_table(books, quotes, Decimal("0.006"), (BTC, ETH), rules)))


def test_the_ladder_is_shown_rung_by_rung_with_what_stops_it(
    ptctl: Callable[..., Result], daemon: RecordedDaemon
) -> None:
    """Within 80 columns."""
    daemon.replies["risk"] = answer()
    shown = ptctl("risk").stdout
    assert "BTC  stage 1, spent 201.20, average 100.00, ask 98.00" in shown
    assert "ETH  no position, ask 10.00" in shown
    assert ["2", "95.00", "-3.06%", "380.00", "581.20"] in [
        line.split()[:5] for line in shown.splitlines()
    ]
    assert "position_usd_limit (" in shown
    assert "worst case: all coins fall to the end of their ladders" in shown
    assert "risk.max_position_usd 700" in shown
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_the_json_has_every_rung_and_one_coin_may_be_asked_for(
    ptctl: Callable[..., Result], daemon: RecordedDaemon
) -> None:
    """Figures as text, exact."""
    daemon.replies["risk"] = answer()
    data = json.loads(ptctl("risk", "btc", "--json").stdout)
    assert daemon.asked("risk")[-1]["args"] == {"coin": "BTC"}
    rung = data["coins"]["BTC"]["rungs"][0]
    assert (rung["stage"], rung["price"], rung["size"]) == (2, "95", "380")
    assert rung["stopped_by"] is None
    assert data["affordable"] == {"single": 4, "spread": 4}


def test_unknown_figures_are_dashes(ptctl: Callable[..., Result], daemon: RecordedDaemon) -> None:
    """A daemon that has just started."""
    daemon.replies["risk"] = good({})
    shown = ptctl("risk").stdout
    assert "asked for -, cash -, short of -" in shown
    assert "affordable levels: -" in shown


def test_ladders_that_are_too_long_for_one_answer_lead_to_a_single_coin(
    ptctl: Callable[..., Result], daemon: RecordedDaemon
) -> None:
    """With fifty coins and wide limits; fewer rows cannot be asked for here."""
    daemon.replies["risk"] = refused("too_large", "the answer has 70000 bytes; ask for fewer rows")
    result = ptctl("risk")
    assert result.exit_code == 1
    assert "name a coin, as in `ptctl risk BTC`" in result.stderr
