"""The page about a run."""

import re
from collections.abc import Callable
from decimal import Decimal
from xml.etree import ElementTree as ET

import numpy as np

from powertraderd.backtest.control import random_entries
from powertraderd.backtest.engine import Simulation
from powertraderd.backtest.figures import figures
from powertraderd.backtest.plan import Plan
from powertraderd.backtest.report import Control, page
from powertraderd.backtest.track import Track
from powertraderd.model.order import Tag
from powertraderd.model.rules import StrategyRules

MakeTracks = Callable[..., list[Track]]
MakePlan = Callable[..., Plan]


def test_the_page_stands_alone_and_shows_the_figures(
    make_tracks: MakeTracks, make_plan: MakePlan
) -> None:
    """Nothing is fetched from anywhere; every picture is well-formed; the numbers are the run's."""
    tracks = make_tracks(3, 60)
    outcome = Simulation(tracks, make_plan(60)).run()
    text = page(outcome, tracks, Control([9_000.0, 10_000.0]))
    assert not re.findall(r"""(?:src|href)=["'](?!#)""", text)
    assert "<script" not in text
    pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(pictures) == 2 + 2 * len(tracks)
    for picture in pictures:
        ET.fromstring(picture)  # noqa: S314 - made by ourselves a moment ago
    found = figures(outcome, tracks)
    assert f"{found.value:,.2f} USD" in text
    assert f"{found.drawdown_pct:.1f} %" in text
    assert "better than of 2 random runs" in text


def test_a_run_without_trades_has_a_page_too(make_tracks: MakeTracks, make_plan: MakePlan) -> None:
    """And says that it stayed as it was."""
    tracks = make_tracks(3, 30, coins=1)
    outcome = Simulation(tracks, make_plan(30, cash=Decimal("0.5"))).run()
    text = page(outcome, tracks, None)
    assert "0.50 USD (+0.0 %)" in text
    assert "random" not in text


def test_random_entries_keep_rate_and_machinery(
    make_tracks: MakeTracks, make_plan: MakePlan
) -> None:
    """About as many entries as the run had, the same for the same seed, never a neural buy."""
    tracks = make_tracks(5, 90, hourly_pct=1.2)
    outcome = Simulation(tracks, make_plan(90)).run()
    ends = random_entries(tracks, outcome, runs=3, seed=1)
    assert ends == random_entries(tracks, outcome, runs=3, seed=1)
    assert len(set(ends)) == 3
    assert ends != random_entries(tracks, outcome, runs=3, seed=2)
    assert np.std(ends) < 5_000


def test_random_entries_happen_at_the_rate_of_the_run(
    make_tracks: MakeTracks, make_plan: MakePlan
) -> None:
    """Counted, not assumed."""
    from powertraderd.backtest import control  # noqa: PLC0415 - its parts are looked at here alone

    tracks = make_tracks(5, 90, hourly_pct=1.2)
    plan = make_plan(90, rules=StrategyRules())
    outcome = Simulation(tracks, plan).run()
    source = np.random.default_rng(4)
    blind = [control._blind(track, control._rate(track, outcome), plan, source) for track in tracks]
    found = Simulation(blind, plan).run()
    wanted = sum(trade.tag is Tag.ENTRY for trade in outcome.trades)
    entries = sum(trade.tag is Tag.ENTRY for trade in found.trades)
    assert 0.5 * wanted < entries < 1.6 * wanted
    assert {trade.reason_code for trade in found.trades if trade.tag is Tag.DCA} == {"dca_hard"}
